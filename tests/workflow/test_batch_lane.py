"""Whole runs in the batch lane: scores as online, each request paid once, however a run ends."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from support import Simulator
from support.build import planned
from support.runs import Run, wait_until

KEYS = ("sim_key1",)
SETTINGS: dict[str, Any] = {"keys": {"sim_key1": {"slots": 5}}, "models": {"echo": {}}}
LONG_S = 3600.0
"""Batches of such a simulator run until a test ends them."""


def run_of(folder: Path, simulator: Simulator, lane: str = "batch", **config: Any) -> Run:
    entry = {"provider": "sim", "deployment": "echo", "lane": lane}
    return Run(folder, simulator, {"model_catalog": {"echo": entry}, **config}, keys=KEYS)


def paid(simulator: Simulator) -> tuple[int, int]:
    """Return how many answers were paid for, and how many of them again."""
    total = simulator.stats()["total"]
    return total["answered"], total["paid_again"]


def all_right(run: Run) -> bool:
    """Return whether every question has a record, and each is a success."""
    found = sorted(record["index"] for record in run.records() if record["success"])
    return found == list(range(run.questions))


def test_a_run_in_batches_scores_as_online_and_asks_nothing_again(tmp_path: Path) -> None:
    """An episode of several turns goes one turn further with each wave."""
    models = {"model": {"plays": "sim-85-95"}}
    matrix: dict[str, Any] = {
        "models": ["model"],
        "tasks": ["simple_task"],
        "difficulties": ["easy"],
    }
    matrix |= {"instances": 4, "shard_size": 2, "prompts": ["baseline"]}
    records: dict[str, Any] = {}
    for lane in ("batch", "online"):
        with Simulator(**{**SETTINGS, "models": models}, tasks=["simple_task"]) as simulator:
            entry = {"provider": "sim", "deployment": "model", "lane": lane}
            run = Run(
                tmp_path / lane, simulator, {**matrix, "model_catalog": {"model": entry}}, keys=KEYS
            )
            first = run.snakemake(*run.targets())
            assert first.returncode == 0, first.stdout
            records[lane] = run.records()
            tiers = simulator.stats()["tiers"]
            assert (set(tiers) == {"batch"}) == (lane == "batch"), tiers
            assert ("batches" in planned(first.stdout)) == (lane == "batch")
            answered = paid(simulator)
            assert answered[1] == 0
            assert planned(run.snakemake(*run.targets()).stdout) == {}
            for file in (run.folder / "results/shards").rglob("*.gz"):
                file.unlink()
            again = run.snakemake(*run.targets())
            assert again.returncode == 0, again.stdout
            assert paid(simulator) == answered
    scored = ("episode", "status", "success", "progress", "end_reason", "turns", "answer")
    batch, online = ([[one[n] for n in scored] for one in records[lane]] for lane in records)
    assert batch == online
    assert max(one["turns"] for one in records["batch"]) > 1


def test_a_run_that_does_not_wait_ends_with_75_and_the_next_one_collects(tmp_path: Path) -> None:
    with Simulator(**SETTINGS, batches={"batch_s": LONG_S}) as simulator:
        run = run_of(tmp_path, simulator, batch_wait=0)
        done = run.snakemake()
        assert done.returncode == os.EX_TEMPFAIL, done.stdout
        assert "1 batch is out, run again after " in done.stdout
        assert "30 requests to echo, 0 answered so far" in done.stdout
        for words in ("Error", "error:", "Traceback", "Exiting because"):
            assert words not in done.stdout
        assert "30 OutInBatch: out in a batch since " in run.text()
        assert "batches of  wave  out" in run.pilotbench("status").stdout

        waiting = run.snakemake(*run.targets())
        assert waiting.returncode == os.EX_TEMPFAIL, waiting.stdout
        simulator.end_batches()
        run.again(*run.targets())
        assert paid(simulator) == (30, 0)
    assert all_right(run)


def test_a_lane_that_is_changed_makes_no_finished_shard_again_and_pays_nothing_twice(
    tmp_path: Path,
) -> None:
    with Simulator(**SETTINGS, batches={"batch_s": LONG_S}) as simulator:
        run = run_of(tmp_path, simulator, batch_wait=0)
        assert run.snakemake(*run.targets()).returncode == os.EX_TEMPFAIL
        online = run_of_again(run, lane="online")
        out = online.snakemake(*run.targets())
        assert out.returncode == os.EX_TEMPFAIL, out.stdout
        assert "echo: wave" not in out.stdout
        simulator.end_batches()
        online.again(*run.targets())
        assert paid(simulator) == (30, 0)
        for lane in ("batch", "online"):
            assert planned(run_of_again(run, lane=lane).snakemake(*run.targets()).stdout) == {}
    assert all_right(run)


def run_of_again(run: Run, *, lane: str) -> Run:
    """Return the run with another lane."""
    entry = {"provider": "sim", "deployment": "echo", "lane": lane}
    run.change(model_catalog={"echo": entry})
    return run


def test_what_takes_too_long_is_cancelled_and_asked_online(tmp_path: Path) -> None:
    with Simulator(**SETTINGS, batches={"batch_s": LONG_S, "cancel_part": 0.4}) as simulator:
        run = run_of(tmp_path, simulator, batch_deadline="1s")
        done = run.snakemake(*run.targets())
        assert done.returncode == 0, done.stdout
        assert "is out for longer than batch_deadline: it is cancelled" in done.stdout
        tiers = simulator.stats()["tiers"]
        assert paid(simulator) == (30, 0)
    assert set(tiers) == {"batch", "standard"}
    assert all_right(run)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_while_it_waits_is_continued_by_the_next(
    tmp_path: Path, how: signal.Signals
) -> None:
    with Simulator(**SETTINGS, batches={"batch_s": LONG_S}) as simulator:
        run = run_of(tmp_path, simulator)
        with run.running(*run.targets()) as going:
            wait_until(lambda: "wave 1: 30 requests submitted in 1 batch" in going.output)
            if how == signal.SIGINT:
                os.killpg(going.process.pid, how)
                going.process.wait(600)
            else:
                going.kill(how)
            wait_until(lambda: not going.processes())
            output, code = going.output, going.process.returncode
        if how != signal.SIGKILL:
            assert "1 batch is out, run again after " in output
            assert code == (1 if how == signal.SIGINT else os.EX_TEMPFAIL), output
        simulator.end_batches()
        run.again(*run.targets())
        assert paid(simulator) == (30, 0)
    assert all_right(run)


def test_both_lanes_in_one_matrix_wait_for_each_other_at_no_point(tmp_path: Path) -> None:
    with Simulator(**{**SETTINGS, "models": {}}, batches={"batch_s": LONG_S}) as simulator:
        run = run_of(tmp_path, simulator, models=["echo", "fast"], batch_wait=0)
        fast = {"provider": "sim", "deployment": "fast"}
        run.change(model_catalog={**run.experiment["model_catalog"], "fast": fast})
        out = run.snakemake(*run.targets(), "--jobs", "1")
        assert out.returncode == os.EX_TEMPFAIL, out.stdout
        assert {shard.split("/")[0] for shard in run.shards()} == {"fast"}
        simulator.end_batches()
        run.again(*run.targets())
        assert simulator.stats()["tiers"] == {"batch": 30, "standard": 30}
        assert paid(simulator) == (60, 0)
    assert len(run.records()) == 60


def test_the_budget_holds_for_batches_and_what_fits_is_asked(tmp_path: Path) -> None:
    """A request reserves 0.01 USD at the batch price, and costs less."""
    priced = {"price": {"input": 0, "output": 1000}, "parameters": {"max_tokens": 20}}
    with Simulator(**SETTINGS) as simulator:
        run = run_of(tmp_path, simulator, budget_usd=0.1)
        entry = {**run.experiment["model_catalog"]["echo"], **priced}
        run.change(model_catalog={"echo": entry})
        done = run.snakemake(*run.targets())
        assert paid(simulator)[1] == 0
        assert "echo: wave 1: 10 requests submitted in 1 batch" in done.stdout
        assert "echo: wave 2: " in done.stdout
        answered = paid(simulator)[0]
    if done.returncode:
        assert "budget_usd: " in done.stdout
    assert 10 < answered <= 30
    status = run.pilotbench("status", "--json").stdout
    (model,) = json.loads(status)["models"]
    assert 0 < model["usd"] <= 0.1


def test_nothing_is_submitted_where_nothing_may_be_asked(tmp_path: Path) -> None:
    with Simulator(**SETTINGS, batches={"batch_s": LONG_S}) as simulator:
        run = run_of(tmp_path, simulator, batch_wait=0)
        assert "batches" not in run.planned("rescore")
        assert run.planned(*run.targets())["batches"] == 1
        assert not (run.folder / "journal").exists()


def test_a_lane_without_shards_to_evaluate_has_nothing_to_do(tmp_path: Path) -> None:
    with Simulator(**SETTINGS) as simulator:
        run = run_of(tmp_path, simulator)
        run.again("--until", "batches")
        assert paid(simulator) == (0, 0)

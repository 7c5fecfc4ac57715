"""Whole runs under limits, and changes of the config that must not cost a request."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support import Simulator
from support.runs import KEYS, Run, wait_until

ONE = KEYS[:1]


def _has_segments(journal: Path) -> bool:
    return any(journal.rglob("*.jsonl"))


@pytest.fixture(scope="module")
def free() -> Iterator[Simulator]:
    """A simulator that allows anything, so that only our own limits hold."""
    with Simulator(keys={key: {} for key in KEYS}, latency_s=0.1) as simulator:
        yield simulator


def in_flight(simulator: Simulator) -> dict[str, int]:
    return {name: key["in_flight"] for name, key in simulator.stats()["keys"].items()}


def test_two_runs_in_two_folders_share_the_slots_of_a_key(tmp_path: Path, free: Simulator) -> None:
    free.reset()
    free.hold()
    with ExitStack() as stack:
        runs = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            run = Run(tmp_path / name, free, keys=ONE, questions=40, limits=tmp_path / "limits")
            runs.append((run, stack.enter_context(run.running(*run.targets()))))
        wait_until(lambda: in_flight(free)["sim_key1"] == 5)
        for run, _ in runs:  # both want slots: each has shards that are open
            wait_until(partial(_has_segments, run.folder / "journal"))
        assert in_flight(free)["sim_key1"] == 5
        free.release()
        assert [going.process.wait(600) for _, going in runs] == [0, 0]
    stats = free.stats()["keys"]["sim_key1"]
    assert stats["in_flight_max"] == 5
    assert stats["answered"] == 80
    assert [len(run.records()) for run, _ in runs] == [40, 40]


def test_resources_on_the_command_line_override_the_slots_in_the_config(
    tmp_path: Path, free: Simulator
) -> None:
    free.reset()
    free.hold()
    run = Run(tmp_path, free, questions=40)
    allowed = {"sim_key1": 2, "sim_key2": 1, "sim_key3": 5}
    with run.running(*run.targets(), "--resources", "sim_key1=2", "sim_key2=1") as going:
        wait_until(lambda: in_flight(free) == allowed)
        free.release()
        assert going.process.wait(600) == 0
    assert {name: key["in_flight_max"] for name, key in free.stats()["keys"].items()} == allowed


@pytest.mark.parametrize(
    ("limit", "allowed"), [({"rpm": 20}, 20), ({"tpm": 2000}, 30)], ids=["rpm", "tpm"]
)
def test_a_limit_per_minute_holds_across_processes(
    tmp_path: Path, free: Simulator, limit: dict[str, int], allowed: int
) -> None:
    free.reset()
    run = Run(tmp_path, free, keys=ONE, questions=90)
    run.experiment["providers"]["sim"]["keys"]["sim_key1"].update(limit)
    run.change()
    began = time.time()
    with run.running(*run.targets()) as going:
        reached = allowed if "rpm" in limit else allowed // 2
        wait_until(lambda: free.stats()["total"]["requests"] >= reached)
        wait_until(lambda: len(going.jobs()) > 1)
        time.sleep(1.5)  # more would come now, were there no limit
        stats = free.stats()
    minutes = 1 + int((stats["now"] - began) // 60)
    assert stats["total"]["requests"] <= allowed * minutes
    assert stats["total"]["tokens"] <= limit.get("tpm", 10**9) * minutes


def test_a_run_uses_the_keys_that_are_set_and_reports_the_others(
    tmp_path: Path, free: Simulator
) -> None:
    free.reset()
    run = Run(tmp_path, free)
    del run.secrets["SIM_KEY2_SECRET"]
    done = run.snakemake(*run.targets())
    assert done.returncode == 0, done.stdout
    notes = [line for line in done.stdout.splitlines() if line.startswith("note: ")]
    assert notes == [
        "note: provider sim continues with sim_key1, sim_key3 only: key sim_key2 (provider sim): "
        "no secret: set the environment variable SIM_KEY2_SECRET, or write it in .env"
    ]
    answered = {name: key["answered"] for name, key in free.stats()["keys"].items()}
    assert answered["sim_key2"] == 0
    assert sum(answered.values()) == 30
    run.secrets["SIM_KEY2_SECRET"] = free.secret("sim_key2")
    assert "Nothing to be done" in run.snakemake(*run.targets()).stdout


@pytest.mark.parametrize(
    ("routing", "unset"), [("by_prompt", KEYS[:1]), ("balanced", KEYS)], ids=["by_prompt", "none"]
)
def test_a_run_without_a_usable_key_stops_before_any_job(
    tmp_path: Path, free: Simulator, routing: str, unset: tuple[str, ...]
) -> None:
    free.reset()
    run = Run(tmp_path, free, config={"routing": routing})
    for alias in unset:
        del run.secrets[f"{alias.upper()}_SECRET"]
    assert run.snakemake("-n").returncode == 0
    done = run.snakemake()
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: overlay.yaml: no key for provider sim (model echo): set ")
    assert all(f"{alias.upper()}_SECRET" in line for alias in unset)
    assert free.stats()["total"]["requests"] == 0


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, free: Simulator) -> Run:
    """A run of 30 questions, twice each, whose answers all stand in the journal."""
    run = Run(tmp_path_factory.mktemp("finished"), free, config={"repeats": 2})
    run.experiment["model_catalog"]["echo"]["parameters"] = {"temperature": 0.5}
    run.change()
    assert run.snakemake(*run.targets()).returncode == 0
    return run


OTHER_KEYS = {"another_key": {"env": "SIM_KEY3_SECRET", "slots": 2}}
PRICE = {"input": 1, "output": 2}


@pytest.mark.parametrize(
    ("change", "new"),
    [
        ({"shard_size": 15, "questions": 20, "repeats": 1}, 0),
        ({"keys": OTHER_KEYS, "price": PRICE, "max_turns": 3, "scorer": "contained_text"}, 0),
        ({"routing": "by_prompt"}, 0),
        ({"repeats": 3}, 30),
        ({"temperature": 0.7}, 60),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else str(value),
)
def test_only_changed_requests_are_paid_for(
    finished: Run, free: Simulator, change: dict[str, Any], new: int
) -> None:
    """A pack's questions are never told a number of turns, so it pays for no change of max_turns.

    Tasks with turns tell the model, so there it is part of the identity (docs/benchmark.md); the
    test below holds that.
    """
    run = again(finished, change)
    free.reset()
    done = run.snakemake(*run.targets())
    assert done.returncode == 0, done.stdout
    assert free.stats()["total"]["requests"] == new
    assert all(record["success"] for record in run.records())


def again(finished: Run, change: dict[str, Any]) -> Run:
    """Return a run beside `finished` that has its answers, a `change` and no results."""
    experiment, rest = finished.experiment, dict(change)
    model, provider = (
        dict(experiment["model_catalog"]["echo"]),
        dict(experiment["providers"]["sim"]),
    )
    questions, scorer = rest.pop("questions", 30), rest.pop("scorer", "exact")
    if "keys" in rest:
        provider["keys"] = rest.pop("keys")
    if "price" in rest:
        model["price"] = rest.pop("price")
    if "temperature" in rest:
        model["parameters"] = {"temperature": rest.pop("temperature")}
    folder = Path(tempfile.mkdtemp(dir=finished.folder.parent))
    catalog, providers = {"echo": model}, {"sim": provider}
    rest |= {"model_catalog": catalog, "providers": providers, "instances": questions}
    run = Run(folder, finished.simulator, {"repeats": 2, **rest}, questions=questions)
    shutil.copytree(finished.folder / "journal", folder / "journal")
    task = folder / "packs/echo/task.yaml"
    task.write_text(task.read_text().replace("exact", scorer))
    return run


def test_max_turns_is_part_of_the_request_and_is_paid_for(tmp_path: Path, free: Simulator) -> None:
    config = {
        "tasks": ["simple_task"],
        "instances": 2,
        "model_catalog": {"echo": {"provider": "sim", "deployment": "turns-2"}},
    }
    run = Run(tmp_path, free, config)
    target = "results/shards/echo/baseline/simple_task/easy/0.8/00000-00001.jsonl.gz"
    asked = []
    for turns in ("auto", 5, "auto", 5):
        free.reset()
        run.change(max_turns=turns)
        assert run.snakemake(target).returncode == 0
        asked.append(free.stats()["total"]["requests"])
    assert asked == [4, 4, 0, 0]

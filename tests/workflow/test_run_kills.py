"""Whole runs that are killed: what was answered is never asked again, and nobody asks on."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Simulator
from support.runs import Going, Run, wait_until, with_pid

SURE_S = 0.2
"""An answer that was sent so long before a kill must be in the journal."""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    keys = {f"sim_key{n}": {"slots": 5} for n in (1, 2, 3)}
    with Simulator(keys=keys, latency_s=0.3, sigma=0.3) as simulator:
        yield simulator


def wait_for_answers(simulator: Simulator, count: int) -> None:
    wait_until(lambda: simulator.stats()["total"]["answered"] >= count)


def paid_again(simulator: Simulator, killed: float) -> list[dict]:
    """Return the answers that were paid twice though the journal had time to keep the first."""
    stats = simulator.stats()
    return [one for one in stats["paid_again"] if one["first_answered"] < killed - SURE_S]


def check_all_is_right(run: Run, simulator: Simulator, killed: float) -> None:
    assert [record["index"] for record in run.records()] == list(range(run.questions))
    assert all(record["success"] for record in run.records())
    assert paid_again(simulator, killed) == []


def test_a_killed_shard_job_is_finished_by_the_next_run(
    tmp_path: Path, simulator: Simulator
) -> None:
    run = Run(tmp_path, simulator, questions=90, config={"shard_size": 30})
    with run.running(*run.targets()) as going:
        wait_for_answers(simulator, 65)  # so that each job that is alive has five at least
        killed = time.time()
        with_pid(going.jobs()[0], signal.SIGKILL)
        assert going.process.wait(60) != 0
    assert len(run.shards()) == 2  # the others went on
    requests = simulator.stats()["total"]["requests"]
    run.again(*run.targets())
    check_all_is_right(run, simulator, killed)
    assert simulator.stats()["total"]["requests"] - requests < 30


def test_orphans_stop_asking_and_the_next_run_pays_nothing_again(
    tmp_path: Path, simulator: Simulator
) -> None:
    run = Run(tmp_path, simulator, questions=150, config={"shard_size": 50})
    with run.running(*run.targets()) as going:
        wait_for_answers(simulator, 20)
        assert going.jobs()
        killed = time.time()
        going.kill()
        wait_until(lambda: not going.jobs(), 20)
        assert [one for one in arrivals(simulator) if one > killed + 1] == []
    assert simulator.stats()["total"]["answered"] < 150
    assert run.shards() == {}
    run.again(*run.targets())
    check_all_is_right(run, simulator, killed)


def test_killing_everything_at_once_loses_what_was_in_flight_alone(
    tmp_path: Path, simulator: Simulator
) -> None:
    run = Run(tmp_path, simulator, questions=90, config={"shard_size": 30})
    with run.running(*run.targets()) as going:
        wait_for_answers(simulator, 30)
        killed = time.time()
        going.kill_all()
    run.again(*run.targets())
    check_all_is_right(run, simulator, killed)
    assert simulator.stats()["total"]["paid_again"] <= 15


def test_an_episode_killed_in_the_middle_goes_on_at_the_turn_it_had_reached(tmp_path: Path) -> None:
    played = {"tasks": ["multi_stage_pipeline"], "difficulties": ["easy"], "instances": 3}
    matrix = {**played, "model_catalog": {"echo": {"provider": "sim", "deployment": "oracle"}}}
    with Simulator(keys={"sim_key1": {}}, latency_s=0.3, **played) as simulator:
        run = Run(tmp_path, simulator, matrix, questions=3, keys=("sim_key1",))
        with run.running(*run.targets()) as going:
            wait_for_answers(simulator, 15)
            killed = time.time()
            going.kill_all()
        reached = Counter(line["index"] for line in run.journal())
        assert len(reached) == 3
        assert min(reached.values()) >= 3  # each in the middle of its episode
        run.again(*run.targets())
        records = run.records()
        assert [record["success"] for record in records] == [True] * 3
        assert all(record["turns"] > reached[record["index"]] for record in records)
        assert paid_again(simulator, killed) == []
        answered = simulator.stats()["total"]["answered"]
        assert answered - sum(record["turns"] for record in records) <= 3  # what was in flight


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_run_keeps_what_is_in_flight_and_resumes(
    tmp_path: Path, simulator: Simulator, how: signal.Signals
) -> None:
    run = Run(tmp_path, simulator, questions=90, config={"shard_size": 30})
    with run.running(*run.targets()) as going:
        wait_for_answers(simulator, 20)
        interrupt(going, how)
        wait_until(lambda: not going.jobs(), 20)
        stats = simulator.stats()["total"]
        assert stats["abandoned"] == 0
        assert stats["answered"] == len(run.journal()) < 90
    run.again(*run.targets())
    check_all_is_right(run, simulator, time.time())


def interrupt(going: Going, how: signal.Signals) -> None:
    """Send what a terminal sends on Ctrl-C, and a machine that shuts down: it goes to all."""
    for pid in (*going.jobs(), going.process.pid):
        with_pid(pid, how)
    going.process.wait(60)


def arrivals(simulator: Simulator) -> list[float]:
    return [one["arrived"] for one in simulator.stats(series=True)["series"]]

"""Whole runs that are killed: no answer is requested again, and no process keeps asking."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilotbench.ground.job_context import alive
from support import Simulator
from support.chaos import servers
from support.runs import Going, Run, wait_until, wait_until_kept, with_pid

IN_FLIGHT = 15
"""Slots of the three keys: so many episodes of a shard at most are being asked for at a time."""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    keys = {f"sim_key{n}": {"slots": 5} for n in (1, 2, 3)}
    with Simulator(keys=keys, latency_s=0.3, sigma=0.3) as simulator:
        yield simulator


def answer(run: Run, simulator: Simulator, count: int) -> None:
    """Give answers, one at a time, until the journal holds so many; others stay in flight."""
    wait_until(lambda: simulator.release(1) or len(run.journal()) >= count)


def wait_for_the_end_of_jobs(going: Going) -> None:
    wait_until(lambda: not going.jobs())


def finish(run: Run) -> int:
    """Run again after a kill; return how many answers the kill has lost.

    All must be right in the end, and nothing that the journal holds is asked for again.
    """
    run.again(*run.targets())
    assert [record["index"] for record in run.records()] == list(range(run.questions))
    assert all(record["success"] for record in run.records())
    assert len(run.journal()) == run.questions
    return run.lost()


def test_a_killed_shard_job_is_finished_by_the_next_run(
    tmp_path: Path, simulator: Simulator
) -> None:
    run = Run(tmp_path, simulator, questions=150, config={"shard_size": 50})
    simulator.hold()
    with run.running(*run.targets()) as going:
        # Far fewer answers than any of the shards needs, whatever is in flight.
        answer(run, simulator, IN_FLIGHT)
        with_pid(going.jobs()[0], signal.SIGKILL)
        simulator.release()
        assert going.process.wait(600) != 0
    assert len(run.shards()) == 2  # the others went on
    assert 100 < len(run.journal()) < 150  # of the killed one too
    assert finish(run) <= IN_FLIGHT


def test_orphans_stop_asking_and_the_next_run_pays_nothing_again(
    tmp_path: Path, simulator: Simulator
) -> None:
    run = Run(tmp_path, simulator, questions=150, config={"shard_size": 50})
    simulator.hold()
    with run.running(*run.targets()) as going:
        answer(run, simulator, 20)
        assert going.jobs()
        (server,) = servers(going)
        going.kill()
        wait_until(lambda: not alive(server))  # from now on each job can see that its run is gone
        asked = simulator.stats()["total"]["requests"]
        simulator.release()
        wait_for_the_end_of_jobs(going)
        more = simulator.stats()["total"]["requests"] - asked
        assert more <= 3 * IN_FLIGHT  # each had looked for its run before the kill
    assert run.shards() == {}
    assert finish(run) == 0  # what was in flight was kept


def test_killing_everything_at_once_loses_only_what_was_in_flight(
    tmp_path: Path, simulator: Simulator
) -> None:
    run = Run(tmp_path, simulator, questions=90, config={"shard_size": 30})
    with run.running(*run.targets()) as going:
        wait_until_kept(run.folder, 30)
        going.kill_all()
    assert finish(run) <= 3 * IN_FLIGHT


def test_an_episode_that_was_killed_continues_at_the_turn_it_had_reached(tmp_path: Path) -> None:
    played: dict[str, Any] = {
        "tasks": ["multi_stage_pipeline"],
        "difficulties": ["easy"],
        "instances": 3,
    }
    experiment = {**played, "model_catalog": {"echo": {"provider": "sim", "deployment": "oracle"}}}
    with Simulator(keys={"sim_key1": {}}, latency_s=0.3, **played) as simulator:
        run = Run(tmp_path, simulator, experiment, questions=3, keys=("sim_key1",))
        with run.running(*run.targets()) as going:
            wait_until(lambda: len(reached(run)) == 3 and min(reached(run).values()) >= 3)
            going.kill_all()  # each in the middle of its episode
        before = reached(run)
        run.again(*run.targets())
        records = run.records()
        assert [record["success"] for record in records] == [True] * 3
        assert all(record["turns"] > before[record["index"]] for record in records)
        assert len(run.journal()) == sum(record["turns"] for record in records)
        assert run.lost() <= 3  # what was in flight


def reached(run: Run) -> Counter[int]:
    """Return the answers that the journal holds by index of the episode."""
    return Counter(line["index"] for line in run.journal())


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Sent to one run after the other; each has answers to lose."""


def runs_to_end(run: Run) -> Iterator[tuple[Going, signal.Signals]]:
    """Yield for each signal a run that has received ten answers, and is to be ended by it."""
    for how in ENDING:
        before = len(run.journal())
        with run.running(*run.targets()) as going:
            wait_until_kept(run.folder, before + 10)
            yield going, how


def test_interrupted_runs_keep_what_is_in_flight_and_resume(
    tmp_path: Path, simulator: Simulator
) -> None:
    run = Run(tmp_path, simulator, questions=240, config={"shard_size": 80})
    for going, how in runs_to_end(run):
        interrupt(going, how)
        wait_for_the_end_of_jobs(going)
        stats = simulator.stats()["total"]
        assert stats["abandoned"] == 0, how.name
        assert stats["answered"] == len(run.journal()) < run.questions, how.name
    assert finish(run) == 0


def test_a_signal_to_snakemake_alone_stops_its_jobs(tmp_path: Path, simulator: Simulator) -> None:
    run = Run(tmp_path, simulator, questions=240, config={"shard_size": 80})
    for going, how in runs_to_end(run):
        going.process.send_signal(how)
        going.process.wait(600)
        wait_for_the_end_of_jobs(going)
        answered = simulator.stats()["total"]["answered"]
        assert answered == len(run.journal()) < run.questions, how.name
    assert finish(run) == 0


def interrupt(going: Going, how: signal.Signals) -> None:
    """Send what a terminal sends on Ctrl-C or when it is closed, and a machine that shuts down.

    It goes to every process. (A script passes it on to the child that does its work.)
    """
    for pid in going.processes() if how == signal.SIGHUP else (*going.jobs(), going.process.pid):
        with_pid(pid, how)
    going.process.wait(600)

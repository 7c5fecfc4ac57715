"""The rows of `make bench only=providers`: slots kept busy, nothing lost, nothing paid twice.

First figure of a job: utilisation = in-flight integral / (slots x time), from the start of the
command with the shards as targets to its end. Second: the list schedule (the shortest time that a
client without any loss needs for the same draws in its own order on the same slots) / the time from
the first request to the last response.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from pilotbench.bench import ladder
from pilotbench.bench.job import Job, Measured, command, measure, prepared
from pilotbench.bench.row import Row, at_least, at_most, told

SURE_S = 0.2
SLOW = {"latency_s": 1.0, "sigma": 0.6}
POISON = (17, 42, 88, 101, 150, 199)


def rows(scale: float = 1.0, only: str = "") -> Iterator[Row]:
    """Yield the rows, sizes times `scale`; of those jobs alone whose name begins with `only`."""
    for name, job in JOBS.items():
        if name.startswith(only):
            yield from job(scale)


def one_key(scale: float) -> Iterator[Row]:
    """One key of 5 slots, lognormal 1 s, 200 single-turn episodes."""
    job = Job(slots=5, questions=_some(200, scale), simulator=SLOW)
    found = measure(job, _all_right(job.questions))
    yield from _two(f"one key of 5, {job.questions} single-turn", found, job, 0.91, 0.98)


def default_size(scale: float) -> Iterator[Row]:
    """The job of `one_key` at the default shard size."""
    job = Job(slots=5, questions=_some(200, scale), simulator=SLOW, config={"shard_size": "auto"})
    found = measure(job)
    name = f"one key of 5, {job.questions} single-turn, default shard size"
    yield told(f"{name}: utilisation with start-up", found.utilisation, "", shard_size="auto")
    yield told(f"{name}: of the list schedule", found.of_list, "", shard_size="auto")


def fifty(scale: float) -> Iterator[Row]:
    """50 slots, 1.0 s, 1,500 episodes."""
    job = Job(slots=50, questions=_some(1500, scale), simulator={"latency_s": 1.0})
    found = measure(job, _all_right(job.questions))
    yield from _two(f"50 slots, 1.0 s, {job.questions} episodes", found, job, 0.85, 0.97)


def many(scale: float) -> Iterator[Row]:
    """150 slots, lognormal 2 s, 9,000 episodes, memory too."""
    job = Job(slots=150, questions=_some(9000, scale), simulator={"latency_s": 2.0, "sigma": 0.6})
    found = measure(job, _all_right(job.questions))
    name = f"150 slots, 2 s, {job.questions} episodes"
    yield from _two(name, found, job, 0.90, 0.96)
    yield at_most(f"{name}: memory of all processes", found.mib / 1024, "GiB", 6.0)


def too_wide(scale: float) -> Iterator[Row]:
    """The key allows 5, configured are 20, 200 episodes."""
    job = Job(slots=20, allowed=5, questions=_some(200, scale), simulator=SLOW)
    found = measure(job, _all_right(job.questions))
    name = f"key allows 5, configured 20, {job.questions} episodes"
    yield from _two(name, found, job, 0.87, 0.93)
    refused = found.stats["keys"]["sim_key1"]["429"]
    yield at_most(f"{name}: answers of 429", refused, "", 39)


def faults(scale: float) -> Iterator[Row]:
    """5 % of 500 and 2 % resets, 2,000 episodes."""
    simulator = {"latency_s": 0.1, "faults": {"error_500": 0.05, "reset": 0.02}}
    job = Job(slots=50, questions=_some(2000, scale), simulator=simulator)
    right: list[int] = []
    found = measure(job, lambda run: right.append(_right(run)))
    name = f"5 % of 500 and 2 % resets, {job.questions} episodes"
    yield at_least(f"{name}: right", right[0], "", job.questions)
    yield at_most(f"{name}: paid twice", found.stats["total"]["paid_again"], "", 0)


def poison(scale: float) -> Iterator[Row]:
    """6 of 200 prompts fail for ever."""
    job = Job(slots=5, questions=200, simulator={"reject_containing": ["poison"]})
    with prepared(job) as run:
        run.write_pack(dict.fromkeys(POISON, " of poison"))
        found = command(run, job)
        rows_there, text = len(run.episodes()), run.text()
    name = "6 of 200 fail for ever"
    yield at_least(f"{name}: results in the database", rows_there, "", 194)
    yield at_least(f"{name}: exit code is not 0", int(found.returncode != 0), "", 1)
    yield at_least(
        f"{name}: the summary says 6 are owed", int("6 episodes are owed" in text), "", 1
    )
    yield at_most(f"{name}: whole command", found.seconds, "s", 60)


def killed(scale: float) -> Iterator[Row]:
    """kill -9 of all processes at half of 800, run again."""
    questions = _some(800, scale)
    job = Job(slots=50, questions=questions, simulator={"latency_s": 0.5, "sigma": 0.6})
    with prepared(job) as run:
        with run.running(*run.targets()) as going:
            while run.simulator.stats()["total"]["answered"] < questions // 2:
                if going.process.poll() is not None:
                    raise SystemExit(f"bench: the run ended too early\n{run.output()}")
                time.sleep(0.05)
            at = time.time()
            going.kill_all()
        run.again(*run.targets())
        again = run.simulator.stats()["paid_again"]
        right = _right(run)
    name = f"kill -9 at half of {questions}, run again"
    sure = sum(one["first_answered"] < at - SURE_S for one in again)
    yield at_most(f"{name}: paid again of those answered {SURE_S} s before", sure, "", 0)
    yield told(f"{name}: paid again in all", len(again), "")
    yield at_least(f"{name}: right", right, "", questions)


def no_latency(scale: float) -> Iterator[Row]:
    """Latency 0, 50 slots, 2,000 single-turn episodes, start-up included."""
    job = Job(slots=50, questions=_some(2000, scale))
    found = measure(job, _all_right(job.questions))
    name = f"latency 0, {job.questions} episodes"
    size = job.shard_size
    yield at_least(f"{name}: episodes", job.questions / found.seconds, "1/s", 200, shard_size=size)
    yield at_most(f"{name}: CPU each", 1000 * found.cpu_s / job.questions, "ms", 7, shard_size=size)


def single(scale: float) -> Iterator[Row]:
    """One single-turn episode, from nothing."""
    job = Job(slots=5, questions=1)
    with prepared(job) as run:
        file = run.folder / run.targets()[0]
        started = time.monotonic()
        with run.running(*run.targets()) as going:
            while not file.exists() and going.process.poll() is None:
                time.sleep(0.005)
            visible = time.monotonic() - started
            going.process.wait()
    with prepared(job) as run:
        whole = command(run, job)
    yield at_most("one episode from nothing: result file visible after", visible, "s", 1.9)
    yield at_most("one episode from nothing: database, tables and page", whole.seconds, "s", 8)


def _two(name: str, found: Measured, job: Job, whole: float, window: float) -> Iterator[Row]:
    size = {"shard_size": job.shard_size, "seconds": round(found.seconds, 2)}
    yield at_least(f"{name}: utilisation with start-up", found.utilisation, "", whole, **size)
    yield at_least(f"{name}: of the list schedule", found.of_list, "", window, **size)


def _some(count: int, scale: float) -> int:
    return max(1, round(count * scale))


def _right(run: Any) -> int:
    return sum(record["success"] is True for record in run.records())


def _all_right(count: int) -> Callable[[Any], None]:
    """Return what stops the bench where a run has lost something: its time would mean nothing."""

    def look(run: Any) -> None:
        if _right(run) != count:
            raise SystemExit(f"bench: {_right(run)} of {count} episodes are right")

    return look


JOBS: dict[str, Callable[[float], Iterator[Row]]] = {
    "one_key": one_key,
    "default_size": default_size,
    "ladder": ladder.rows,
    "fifty": fifty,
    "many": many,
    "too_wide": too_wide,
    "faults": faults,
    "poison": poison,
    "killed": killed,
    "no_latency": no_latency,
    "single": single,
}

"""The rows of `make bench only=providers`: slots kept busy, nothing lost, nothing paid twice.

First figure of a job: utilisation = in-flight integral / (slots x time), from the start of the
command with the shards as targets to its end. Second: the list schedule (the shortest time that a
client without any loss needs for the same draws in its own order on the same slots) / the time from
the first request to the last response.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from dev.bench import formats, ladder
from dev.bench.job import SEEDS, BenchJob, command, draws, measure, prepared
from dev.bench.row import Row, at_least, at_most, utilised, without_bar

SURE_S = 0.2
ROUNDS = 3
SLOW = {"latency_s": 1.0, "sigma": 0.6}
POISON = (17, 42, 88, 101, 150, 199)


def rows(scale: float = 1.0, job: str = "") -> Iterator[Row]:
    """Yield the rows, sizes times `scale`; of those jobs alone whose name begins with `job`."""
    for name, figures in JOBS.items():
        if name.startswith(job):
            yield from figures(scale)


def one_key(scale: float) -> Iterator[Row]:
    """One key of 5 slots, lognormal 1 s, 200 single-turn episodes."""
    job = BenchJob(slots=5, questions=_some(200, scale), simulator=SLOW)
    found = [measure(one, _all_right(job.questions)) for one in draws(job)]
    yield from utilised(f"one key of 5, {job.questions} single-turn", found, job, 0.91, 0.98)


def default_size(scale: float) -> Iterator[Row]:
    """The job of `one_key` at the default shard size."""
    job = BenchJob(
        slots=5, questions=_some(200, scale), simulator=SLOW, config={"shard_size": "auto"}
    )
    found = [measure(one) for one in draws(job)]
    name = f"one key of 5, {job.questions} single-turn, default shard size"
    whole, window = (median(one.utilisation for one in found), median(one.of_list for one in found))
    yield without_bar(f"{name}: utilisation with start-up", whole, "", shard_size="auto")
    yield without_bar(f"{name}: of the list schedule", window, "", shard_size="auto")


def fifty(scale: float) -> Iterator[Row]:
    """50 slots, 1.0 s, 1,500 episodes."""
    job = BenchJob(slots=50, questions=_some(1500, scale), simulator={"latency_s": 1.0})
    found = [measure(job, _all_right(job.questions)) for _ in SEEDS]
    yield from utilised(f"50 slots, 1.0 s, {job.questions} episodes", found, job, 0.85, 0.97)


def many(scale: float) -> Iterator[Row]:
    """150 slots, lognormal 2 s, 9,000 episodes, memory too."""
    job = BenchJob(
        slots=150, questions=_some(9000, scale), simulator={"latency_s": 2.0, "sigma": 0.6}
    )
    found = [measure(one, _all_right(job.questions)) for one in draws(job)]
    name = f"150 slots, 2 s, {job.questions} episodes"
    yield from utilised(name, found, job, 0.90, 0.96)
    most = max(one.mib for one in found) / 1024
    yield at_most(f"{name}: memory of all processes", most, "GiB", 6.0, shard_size=job.shard_size)


def too_wide(scale: float) -> Iterator[Row]:
    """The key allows 5, configured are 20, 200 episodes."""
    job = BenchJob(slots=20, allowed=5, questions=_some(200, scale), simulator=SLOW)
    found = [measure(one, _all_right(job.questions)) for one in draws(job)]
    name = f"key allows 5, configured 20, {job.questions} episodes"
    yield from utilised(name, found, job, 0.87, 0.93)
    refused = max(one.stats["keys"]["sim_key1"]["429"] for one in found)
    yield at_most(f"{name}: 429 responses, the most", refused, "", 39, shard_size=job.shard_size)


def unstated(scale: float) -> Iterator[Row]:
    """The key allows 120 requests per minute, the config says nothing, 192 episodes."""
    for name, simulator in {
        "with headers": {},
        "without headers": {"rate_headers": False, "retry_after": False},
    }.items():
        key = {"sim_key1": {"rpm": 120}}
        settings = {"latency_s": 0.5, "sigma": 0.3, "keys": key, **simulator}
        job = BenchJob(slots=20, questions=_some(192, scale), simulator=settings)
        found = measure(job, _all_right(job.questions))
        words, size = f"120 a minute, unstated, {job.questions} episodes, {name}", job.shard_size
        sent = found.stats["total"]["requests"]
        yield at_most(f"{words}: requests", sent, "", round(205 * scale), shard_size=size)
        yield at_most(f"{words}: first request to last response", found.window_s, "s", 70)


def faults(scale: float) -> Iterator[Row]:
    """5 % of 500 and 2 % resets, 2,000 episodes."""
    simulator = {"latency_s": 0.1, "faults": {"error_500": 0.05, "reset": 0.02}}
    job = BenchJob(slots=50, questions=_some(2000, scale), simulator=simulator)
    right: list[int] = []
    found = measure(job, lambda run: right.append(_right(run)))
    name = f"5 % of 500 and 2 % resets, {job.questions} episodes"
    twice, size = found.stats["total"]["paid_again"], job.shard_size
    yield at_least(f"{name}: right", right[0], "", job.questions, shard_size=size)
    yield at_most(f"{name}: paid twice", twice, "", 0, shard_size=size)


def poison(scale: float) -> Iterator[Row]:
    """6 of 200 prompts fail permanently."""
    job = BenchJob(slots=5, questions=200, simulator={"reject_containing": ["poison"]})
    with prepared(job) as run:
        run.write_pack(dict.fromkeys(POISON, " of poison"))
        found = command(run, job)
        rows_there, text = len(run.episodes()), run.text()
    name, size = "6 of 200 fail permanently", job.shard_size
    failed, said = found.returncode != 0, "6 episodes are owed" in text
    yield at_least(f"{name}: results in the database", rows_there, "", 194, shard_size=size)
    yield at_least(f"{name}: exit code is not 0", int(failed), "", 1, shard_size=size)
    yield at_least(f"{name}: the summary says 6 are owed", int(said), "", 1, shard_size=size)
    yield at_most(f"{name}: whole command", found.seconds, "s", 60, shard_size=size)


def killed(scale: float) -> Iterator[Row]:
    """kill -9 of all processes at half of 800, run again."""
    questions = _some(800, scale)
    job = BenchJob(slots=50, questions=questions, simulator={"latency_s": 0.5, "sigma": 0.6})
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
    name, size = f"kill -9 at half of {questions}, run again", job.shard_size
    sure = sum(one["first_answered"] < at - SURE_S for one in again)
    early = f"{name}: paid again although answered {SURE_S} s before the kill"
    yield at_most(early, sure, "", 0, shard_size=size)
    yield without_bar(f"{name}: paid again in all", len(again), "", shard_size=size)
    yield at_least(f"{name}: right", right, "", questions, shard_size=size)


def no_latency(scale: float) -> Iterator[Row]:
    """Latency 0, 50 slots, 2,000 single-turn episodes, start-up included."""
    job = BenchJob(slots=50, questions=_some(2000, scale))
    found = measure(job, _all_right(job.questions))
    name = f"latency 0, {job.questions} episodes"
    size = job.shard_size
    yield at_least(f"{name}: episodes", job.questions / found.seconds, "1/s", 200, shard_size=size)
    yield at_most(f"{name}: CPU each", 1000 * found.cpu_s / job.questions, "ms", 7, shard_size=size)


def single(scale: float) -> Iterator[Row]:
    """One single-turn episode, from scratch, compared with a file that Snakemake makes alone."""
    rounds = [(_visible(), _whole(), _alone()) for _ in range(ROUNDS)]
    visible, whole, alone = (median(times) for times in zip(*rounds, strict=True))
    yield at_most("one episode from scratch: result file visible after", visible, "s", 1.9)
    yield without_bar("Snakemake alone: the file of a script is visible after", alone, "s")
    yield at_most("one episode from scratch: database, tables and page", whole, "s", 8)


def _visible() -> float:
    with prepared(BenchJob(slots=5, questions=1)) as run:
        file = run.folder / run.targets()[0]
        with run.running(*run.targets()) as going:
            seconds = _seconds_until(file, going.process)
            going.process.wait()
        return seconds


def _whole() -> float:
    job = BenchJob(slots=5, questions=1)
    with prepared(job) as run:
        return command(run, job).seconds


def _alone() -> float:
    with TemporaryDirectory() as folder:
        Path(folder, "Snakefile").write_text(
            'rule one:\n    output:\n        "one.txt",\n    params:\n        versions={"a": 1},\n'
            '    script:\n        "one.py"\n'
        )
        Path(folder, "one.py").write_text('open(snakemake.output[0], "w").close()\n')
        words = [sys.executable, "-m", "snakemake", "--cores", "1", "--quiet", "all"]
        with subprocess.Popen(words, cwd=folder, stderr=subprocess.DEVNULL) as process:
            return _seconds_until(Path(folder, "one.txt"), process)


def _seconds_until(file: Path, process: subprocess.Popen[bytes]) -> float:
    """Return after how many s `file` is there, counted from here."""
    started = time.monotonic()
    while not file.exists() and process.poll() is None:
        time.sleep(0.005)
    return time.monotonic() - started


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
    "unstated": unstated,
    "faults": faults,
    "poison": poison,
    "killed": killed,
    "no_latency": no_latency,
    "single": single,
    "formats": formats.rows,
}

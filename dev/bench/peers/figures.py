"""The jobs that every runner does, and the figures of each.

A time is reported only where every answer is right: the time of a run that has lost something would
mean nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from dev.bench.job import BenchJob, Measured, command
from dev.bench.peers.peer import Player, Sitting, Tally
from dev.bench.providers import POISON, ROUNDS, SLOW, SURE_S
from dev.bench.row import Row, without_bar

PATIENT_S = 300.0
NO_MARKS: Mapping[int, str] = {}


def one_sample(player: Player, scale: float) -> Iterator[Row]:
    """One sample from scratch; a first round, which fills the programs' caches, is not counted."""
    found = [_one_sample(player) for _ in range(ROUNDS + 1)][1:]
    result, whole = (median(times) for times in zip(*found, strict=True))
    yield less(player, "one sample from scratch: result written after", result, "s")
    yield less(player, "one sample from scratch: whole command", whole, "s")


def one_key(player: Player, scale: float) -> Iterator[Row]:
    """One key of 5 slots, lognormal 1 s, 200 episodes."""
    job = BenchJob(slots=5, questions=_some(200, scale), simulator=SLOW)
    yield from _utilised(player, f"one key of 5, 1 s, {job.questions} episodes", job)


def fifty(player: Player, scale: float) -> Iterator[Row]:
    """50 slots, 1.0 s, 1,500 episodes."""
    job = BenchJob(slots=50, questions=_some(1500, scale), simulator={"latency_s": 1.0})
    yield from _utilised(player, f"50 slots, 1.0 s, {job.questions} episodes", job)


def too_wide(player: Player, scale: float) -> Iterator[Row]:
    """The key allows 5, configured are 20, 200 episodes."""
    job = BenchJob(slots=20, allowed=5, questions=_some(200, scale), simulator=SLOW)
    name = f"key allows 5, configured 20, {job.questions} episodes"
    with player.sit(job, NO_MARKS) as sitting:
        found = _run(sitting, job)
        yield from _counted(player, name, job, sitting.tally())
    yield less(player, f"{name}: answers of 429", found.stats["total"]["429"], "")
    yield more(player, f"{name}: utilisation with start-up", found.utilisation, "")


def no_latency(player: Player, scale: float) -> Iterator[Row]:
    """Latency 0, 50 slots, 2,000 episodes, start-up included."""
    job = BenchJob(slots=50, questions=_some(2000, scale))
    name = f"latency 0, 50 slots, {job.questions} episodes"
    with player.sit(job, NO_MARKS) as sitting:
        found = _run(sitting, job)
        if (yield from _all_right(player, name, job, sitting)):
            yield less(player, f"{name}: whole command", found.seconds, "s")
            yield more(player, f"{name}: episodes", job.questions / found.seconds, "1/s")
            yield less(player, f"{name}: CPU each", 1000 * found.cpu_s / job.questions, "ms")


def again(player: Player, scale: float) -> Iterator[Row]:
    """A finished job of 1,000, run again."""
    job = BenchJob(slots=50, questions=_some(1000, scale))
    name = f"finished job of {job.questions}, run again"
    with player.sit(job, NO_MARKS) as sitting:
        _run(sitting, job)
        sitting.run.simulator.reset()
        found = _run(sitting, job, sitting.again)
        if (yield from _all_right(player, name, job, sitting)):
            yield less(player, f"{name}: whole command", found.seconds, "s")
            yield less(player, f"{name}: requests repeated", found.stats["total"]["requests"], "")


def faults(player: Player, scale: float) -> Iterator[Row]:
    """5 % of 500 and 2 % resets, 2,000 episodes."""
    simulator = {"latency_s": 0.1, "faults": {"error_500": 0.05, "reset": 0.02}}
    job = BenchJob(slots=50, questions=_some(2000, scale), simulator=simulator)
    name = f"5 % of 500 and 2 % resets, {job.questions} episodes"
    with player.sit(job, NO_MARKS) as sitting:
        found = _run(sitting, job)
        yield from _counted(player, name, job, sitting.tally())
    yield less(player, f"{name}: whole command", found.seconds, "s")


def poison(player: Player, scale: float) -> Iterator[Row]:
    """6 of 200 prompts fail permanently."""
    job = BenchJob(slots=5, questions=200, simulator={"reject_containing": ["poison"]})
    name = "6 of 200 prompts fail permanently"
    with player.sit(job, dict.fromkeys(POISON, " of poison")) as sitting:
        found = _run(sitting, job)
        tally = sitting.tally()
    yield more(player, f"{name}: ends within {PATIENT_S:.0f} s", found.returncode != -9, "yes/no")
    yield more(player, f"{name}: exit code is not 0", found.returncode > 0, "yes/no")
    yield more(player, f"{name}: results of the other {200 - len(POISON)}", tally.right, "")
    yield less(player, f"{name}: failures scored as wrong answers", tally.wrong, "")


def killed(player: Player, scale: float) -> Iterator[Row]:
    """kill -9 of all processes at half of 800, run again."""
    job = BenchJob(
        slots=50, questions=_some(800, scale), simulator={"latency_s": 0.5, "sigma": 0.6}
    )
    name = f"kill -9 at half of {job.questions}, run again"
    with player.sit(job, NO_MARKS) as sitting:
        at = _kill_at_half(sitting, job)
        _run(sitting, job, sitting.resume)
        paid = sitting.run.simulator.stats()["paid_again"]
        sure = sum(one["first_answered"] < at - SURE_S for one in paid)
        yield from _counted(player, name, job, sitting.tally())
    yield less(player, f"{name}: paid again", len(paid), "")
    yield less(player, f"{name}: paid again although answered {SURE_S} s before the kill", sure, "")


def more(player: Player, name: str, value: float, unit: str) -> Row:
    """Return a figure of which more is better."""
    return _row(player, name, value, unit, "at least")


def less(player: Player, name: str, value: float, unit: str) -> Row:
    """Return a figure of which less is better."""
    return _row(player, name, value, unit, "at most")


def _row(player: Player, name: str, value: float, unit: str, sense: str) -> Row:
    load = round(os.getloadavg()[0], 1)
    return without_bar(name, value, unit, peer=player.name, sense=sense, load=load)


def _one_sample(player: Player) -> tuple[float, float]:
    """Return after how many s the result was last written, and the command ended."""
    job = BenchJob(slots=5, questions=1)
    with player.sit(job, NO_MARKS) as sitting:
        started = time.time()
        found = _run(sitting, job)
        if sitting.tally() != Tally(right=1):
            raise SystemExit(f"bench: {player.name}: one sample fails\n{sitting.run.output()}")
        return newest(sitting.run.folder, sitting.result) - started, found.seconds


def newest(folder: Path, pattern: str) -> float:
    """Return when the newest of the files was last written."""
    return max(file.stat().st_mtime for file in folder.glob(pattern))


def _utilised(player: Player, name: str, job: BenchJob) -> Iterator[Row]:
    with player.sit(job, NO_MARKS) as sitting:
        found = _run(sitting, job)
        if (yield from _all_right(player, name, job, sitting)):
            yield less(player, f"{name}: whole command", found.seconds, "s")
            yield more(player, f"{name}: utilisation with start-up", found.utilisation, "")
            yield more(player, f"{name}: utilisation in the window", found.in_window, "")
            yield more(player, f"{name}: of the list schedule", found.of_list, "")


def _run(sitting: Sitting, job: BenchJob, words: Sequence[str] | None = None) -> Measured:
    return command(sitting.run, job, *(words or sitting.words), patient_s=PATIENT_S)


def _kill_at_half(sitting: Sitting, job: BenchJob) -> float:
    """Kill a run when half is answered; return when."""
    with sitting.run.running(*sitting.words) as going:
        while sitting.run.simulator.stats()["total"]["answered"] < job.questions // 2:
            if going.process.poll() is not None:
                raise SystemExit(f"bench: the run ended too early\n{sitting.run.output()}")
            time.sleep(0.05)
        at = time.time()
        going.kill_all()
    return at


def _all_right(player: Player, name: str, job: BenchJob, sitting: Sitting) -> Any:
    """Yield the number of right answers; return whether it is all of them."""
    right = sitting.tally().right
    yield more(player, f"{name}: right", right, "")
    return right == job.questions


def _counted(player: Player, name: str, job: BenchJob, tally: Tally) -> Iterator[Row]:
    yield more(player, f"{name}: right", tally.right, "")
    yield less(player, f"{name}: wrong", tally.wrong, "")
    yield less(player, f"{name}: lost", job.questions - tally.right - tally.wrong, "")


def _some(count: int, scale: float) -> int:
    return max(1, round(count * scale))


JOBS: dict[str, Callable[[Player, float], Iterator[Row]]] = {
    "one_sample": one_sample,
    "one_key": one_key,
    "fifty": fifty,
    "no_latency": no_latency,
    "again": again,
    "faults": faults,
    "poison": poison,
    "too_wide": too_wide,
    "killed": killed,
}

"""One measured run of the build, against the simulator in a process of its own.

The simulator and the checkout that is run lie with the tests; a bench needs a checkout.
"""

from __future__ import annotations

import importlib
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Json = dict[str, Any]
TESTS = Path(__file__).resolve().parents[2] / "tests"
_PAGE = os.sysconf("SC_PAGE_SIZE")
SEEDS = (1, 2, 3)
PATIENT = {"read_timeout_s": 60, "attempt_deadline_s": 120, "retry_for_s": 600}


@dataclass(frozen=True)
class BenchJob:
    """A job to measure: how many slots each key has, the simulator's settings, the matrix.

    `slots` is what config says of each of `keys` keys, `allowed` what the provider allows (None:
    the same).
    """

    slots: int
    keys: int = 1
    allowed: int | None = None
    questions: int = 0
    shard_size: int = 400
    simulator: Json = field(default_factory=dict)
    config: Json = field(default_factory=dict)
    provider: Json = field(default_factory=dict)
    words: tuple[str, ...] = ()

    @property
    def aliases(self) -> tuple[str, ...]:
        """The keys."""
        return tuple(f"sim_key{number + 1}" for number in range(self.keys))

    @property
    def width(self) -> int:
        """The slots of all keys that the provider allows."""
        return self.keys * (self.allowed or self.slots)


@dataclass(frozen=True)
class Measured:
    """What a run took: wall and CPU s from the command to its end, peak MiB of its processes."""

    seconds: float
    cpu_s: float
    mib: float
    returncode: int
    stats: Json
    slots: int

    @property
    def utilisation(self) -> float:
        """In-flight integral / (slots x time), from the command to its end."""
        return float(self.stats["total"]["slot_seconds"]) / (self.slots * self.seconds)

    @property
    def window_s(self) -> float:
        """Seconds from the first request to the last response."""
        total = self.stats["total"]
        return float(total["last_response"] - total["first_request"])

    @property
    def of_list(self) -> float:
        """List schedule / time from the first request to the last response."""
        return float(self.stats["schedule"]["list_s"]) / self.window_s

    @property
    def in_window(self) -> float:
        """In-flight integral / (slots x time), from the first request to the last response."""
        return float(self.stats["total"]["slot_seconds"]) / (self.slots * self.window_s)

    @property
    def ceiling(self) -> float:
        """The utilisation of the list schedule: what is left to slots that end at unlike times."""
        list_s = float(self.stats["schedule"]["list_s"])
        return float(self.stats["total"]["slot_seconds"]) / (self.slots * list_s)


@contextmanager
def served(job: BenchJob) -> Iterator[Any]:
    """Yield the simulator of `job`, in a process of its own."""
    keys = {alias: {"slots": job.allowed or job.slots} for alias in job.aliases}
    settings = {"keys": keys, **job.simulator}
    with support().Simulator(lifetime_s=3600, **settings) as simulator:
        yield simulator


@contextmanager
def prepared(job: BenchJob) -> Iterator[Any]:
    """Yield a checkout set up for `job`, with its simulator, in a folder that goes away."""
    with TemporaryDirectory() as folder, served(job) as simulator:
        yield support("runs").Run(
            Path(folder),
            simulator,
            {"shard_size": job.shard_size, **job.config},
            provider={**PATIENT, **job.provider},
            questions=job.questions,
            keys=job.aliases,
            slots=job.slots,
        )


def draws(job: BenchJob) -> list[BenchJob]:
    """Return `job` under other draws of latency: one draw has a long request at its end or not."""
    return [replace(job, simulator={**job.simulator, "seed": seed}) for seed in SEEDS]


def measure(job: BenchJob, look: Callable[[Any], None] = lambda _: None) -> Measured:
    """Run a job once, shards as targets; `look` sees the folder of results afterwards."""
    with prepared(job) as run:
        found = command(run, job, *run.targets())
        look(run)
        return found


def command(run: Any, job: BenchJob, *words: str, patient_s: float = math.inf) -> Measured:
    """Run one command in a prepared folder and measure it; after `patient_s` it is killed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    with run.running(*words, *job.words) as going:
        mib = _watch(going, started + patient_s)
        seconds = time.monotonic() - started
        code = going.process.returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(seconds, cpu_s, mib, code, run.simulator.stats(slots=job.width), job.width)


def _watch(going: Any, end: float) -> float:
    """Wait for the end of a run; return the peak of the memory of all its processes, MiB."""
    peak = 0.0
    while True:
        try:
            going.process.wait(0.5)
            return peak
        except subprocess.TimeoutExpired:
            peak = max(peak, sum(map(_private_mib, going.processes())))
        if time.monotonic() > end:
            going.kill_all()


def _private_mib(pid: int) -> float:
    """Return the memory that a process shares with no file, MiB; 0 when it is gone."""
    try:
        resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
    except OSError:
        return 0.0
    return (int(resident) - int(shared)) * _PAGE / 2**20


def support(module: str = "") -> Any:
    """Return tests/support, or a module of it."""
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    return importlib.import_module(f"support.{module}" if module else "support")

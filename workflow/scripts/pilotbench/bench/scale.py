"""The rows of `make bench only=scale`: what planning costs with many shards.

One model, two prompts, five tasks, one instance a shard. For the run that has nothing to do every
file is there and recorded as built.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pilotbench.bench.job import Job, Measured, command, prepared
from pilotbench.bench.ladder import TASKS
from pilotbench.bench.row import Row, at_least, at_most

CELLS = 2 * len(TASKS)
OTHERS = (
    "master.duckdb",
    "master_database.json",
    "exports/episodes.parquet",
    "exports/episodes.csv",
    "summary/index.html",
    "summary/summary.md",
    "summary/summary.json",
)


def rows(shards: int = 10_000) -> Iterator[Row]:
    """Yield the rows for about so many shards."""
    config = {"tasks": list(TASKS), "prompts": ["baseline", "cot"], "instances": shards // CELLS}
    job = Job(slots=5, keys=3, shard_size=1, config=config)
    with prepared(job) as run:
        dry = _checked(run, job, "-n", "-q")
        listed = _checked(run, job, "-n")
        for target in (*run.targets(), *(f"results/{name}" for name in OTHERS)):
            _fill(run.folder / target)
        _checked(run, job, "all", "--touch", "-q")
        nothing = _checked(run, job)
        seen = "Nothing to be done" in run.output()
    name = f"{CELLS * (shards // CELLS):,} shards"
    yield at_most(f"{name}: dry run, -n -q", dry.seconds, "s", 15)
    yield at_most(f"{name}: dry run, -n", listed.seconds, "s", 25)
    yield at_most(f"{name}: nothing to do", nothing.seconds, "s", 15)
    yield at_most(f"{name}: memory of a dry run", max(dry.mib, listed.mib), "MiB", 1024)
    yield at_least(f"{name}: says that there is nothing to be done", int(seen), "", 1)


def _checked(run: Any, job: Job, *words: str) -> Measured:
    found = command(run, job, *words)
    if found.returncode:
        raise SystemExit(f"bench: {' '.join(words)} failed\n{run.output()[-2000:]}")
    return found


def _fill(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(b"", mtime=0))

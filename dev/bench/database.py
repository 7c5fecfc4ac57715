"""The rows of `make bench only=database`: how long updates of the master database take.

Every update runs in a process of its own and is timed with its start, from the command to its
end; memory is the sum of the peaks of that process and of those that read for it. Shards are
generated: 20 episodes of about 24 kB each, for the larger set with short transcripts, which the
database does not hold.
"""

from __future__ import annotations

import gzip
import importlib
import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Row = dict[str, Any]
TESTS = Path(__file__).resolve().parents[2] / "tests"
ROUNDS = 5
_PROGRAM = """
import json, resource, sys
from pathlib import Path
from dev.bench.database import settings
from pilotbench.results.database import reading, update
from support.make_shards import make_plan
plan = make_plan(int(sys.argv[2]))
update(Path(sys.argv[1]), plan, settings())
own, child = (resource.getrusage(who).ru_maxrss / 1024 for who in (
    resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps(own + reading.processes() * child))
"""


@dataclass(frozen=True)
class UpdateCost:
    """Wall time in s and peak memory in MiB of one update."""

    seconds: float
    mib: float


def rows(small: int = 2000, large: int = 10_000) -> list[Row]:
    """Return the rows for `small` shards of real size and `large` ones with short transcripts."""
    with TemporaryDirectory() as folder:
        found = _rows_of_small(Path(folder, "small"), small)
        return found + _rows_of_large(Path(folder, "large"), large)


def _rows_of_small(results: Path, shards: int) -> list[Row]:
    _generate(results, shards, 1.0)
    first = _update(results, shards)
    changed = _changed(results, shards, 1.0)
    nothing = statistics.median(_update(results, shards).seconds for _ in range(ROUNDS))
    share = (results / "master.duckdb").stat().st_size / _uncompressed(results)
    peak = max(first.mib, *(one.mib for one in changed))
    median = statistics.median(one.seconds for one in changed)
    return [
        _row(f"database: first build of {shards} shards", first.seconds, "s", 60),
        _row(f"database: one changed shard of {shards}", median, "s", 2),
        _row("database: one changed shard / first build", 100 * median / first.seconds, "%", 5),
        _row(f"database: nothing new in {shards} shards", nothing, "s", 2),
        _row(f"database: peak memory with {shards} shards", peak, "MiB", 1024),
        _row("database: size / uncompressed shards", 100 * share, "%", 25),
    ]


def _rows_of_large(results: Path, shards: int) -> list[Row]:
    _generate(results, shards, 0.1)
    _update(results, shards)
    changed = _changed(results, shards, 0.1)
    median = statistics.median(one.seconds for one in changed)
    peak = max(one.mib for one in changed)
    return [
        _row(f"database: one changed shard of {shards}", median, "s", 4),
        _row(f"database: peak memory, one changed of {shards}", peak, "MiB", 1024),
    ]


def _row(name: str, value: float, unit: str, bar: float) -> Row:
    holds = bool(value < bar)
    return {"name": name, "value": round(value, 3), "unit": unit, "bar": bar, "holds": holds}


def _generate(results: Path, shards: int, text: float) -> None:
    make = _generator()
    with ProcessPoolExecutor(2) as workers:
        list(
            workers.map(
                write, repeat(results), make.make_plan(shards).shards, repeat(text), chunksize=20
            )
        )


def write(results: Path, shard: Any, text: float) -> None:
    """Write one generated shard; `text` scales its transcripts."""
    _generator().write(results, shard, text=text)


def _changed(results: Path, shards: int, text: float) -> list[UpdateCost]:
    make, found = _generator(), []
    plan = make.make_plan(shards).shards
    for number in range(ROUNDS):
        make.write(results, plan[number * shards // ROUNDS], salt=f"changed {number}", text=text)
        found.append(_update(results, shards))
    return found


def _update(results: Path, shards: int) -> UpdateCost:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(results), str(shards)],
        env={"PYTHONPATH": f"{TESTS.parent / 'workflow/scripts'}:{TESTS}"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return UpdateCost(time.perf_counter() - started, json.loads(done.stdout))


def _uncompressed(results: Path) -> int:
    total = 0
    for path in results.rglob("*.jsonl.gz"):
        with gzip.open(path) as file:
            total += file.seek(0, 2)
    return total


def _generator() -> Any:
    """Return the generator of shards, which lies with the tests."""
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    return importlib.import_module("support.make_shards")


def settings() -> Any:
    """Return settings as far as an update looks at them."""
    from pilotbench.matrix.config import Settings

    return Settings(
        models={},
        prompts=(),
        tasks=(),
        difficulties=(),
        tool_success_rates=(),
        instances=20,
        repeats=1,
        shard_size=20,
        max_turns=None,
        providers={},
        catalog={},
    )

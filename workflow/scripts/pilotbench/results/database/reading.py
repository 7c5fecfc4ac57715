"""Read shard files into rows: in this process if they are few, in several if they are many.

Reading takes 0.7 ms per episode, most of it JSON and its validation, which one process cannot do on
two cores. The processes are started by command, not by multiprocessing, which would run the
caller's main script again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from pilotbench.ground.errors import PilotbenchError, Quarantined, RecordError
from pilotbench.matrix.cells import shard_of
from pilotbench.matrix.fingerprint import INSTANCES, Present
from pilotbench.results.database import shardfiles
from pilotbench.results.database.rows import Rows, cell_columns, shard_row
from pilotbench.results.database.schema import SHARDS

Json = dict[str, Any]
BATCH_ROWS = 50_000
MANY = 200
PROCESSES = 4
QUARANTINED = "quarantined: "
"""How the damage of a file begins if the others are loaded nevertheless."""


@dataclass(frozen=True)
class File:
    """A shard file to read; `state` are columns of its row that are already known.

    `present` is what its episodes must match, as fields of `fingerprint.Present`; None: anything.
    """

    name: str
    path: str
    state: Json
    present: Json | None = None


@dataclass
class Batch:
    """The content of some files: a file of JSON lines per table, and damaged files with reasons."""

    files: int = 0
    tables: dict[str, str] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    outdated: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, list[str]] = field(default_factory=dict)


def batches(files: list[File], prefix: str) -> Iterator[Batch]:
    """Read files and yield their rows, in files of JSON lines whose paths begin with `prefix`."""
    if len(files) < MANY or processes() == 1:
        yield from read(files, prefix)
    else:
        yield from _in_processes(files, prefix, processes())


def processes() -> int:
    """Return how many processes read many files: one per core, at most PROCESSES."""
    return min(PROCESSES, os.cpu_count() or 1)


def read(files: list[File], prefix: str) -> Iterator[Batch]:
    """Read files in this process, one batch per BATCH_ROWS rows."""
    rows, batch = Rows(), Batch()
    for number, file in enumerate(files):
        _read(file, rows, batch)
        if len(rows) > BATCH_ROWS:
            batch.tables, batch.unknown = rows.write(f"{prefix}.{number}"), rows.unknown
            yield batch
            rows, batch = Rows(), Batch()
    batch.tables, batch.unknown = rows.write(prefix), rows.unknown
    yield batch


def _read(file: File, rows: Rows, batch: Batch) -> None:
    batch.files += 1
    try:
        shard, header, episodes = shardfiles.read(Path(file.path), file.name)
    except RecordError as error:
        damage = str(error).replace(file.path, file.name)
        batch.damaged[file.name] = damage
        rows.add("shards", [_damaged_row(file, damage)])
    except Exception as error:  # of this file only: the others are read
        batch.quarantined[file.name] = str(Quarantined.by(error))
        rows.add("shards", [_damaged_row(file, f"{QUARANTINED}{Quarantined.by(error)}")])
    else:
        kept, differs = _fitting(file, header, episodes)
        outdated = len(episodes) - len(kept)
        if outdated:
            batch.outdated[file.name] = outdated
        row = shard_row(shard, header, state="file", **file.state)
        rows.add_shard(row | {"outdated": outdated, "differs": differs or None}, kept)


def _fitting(file: File, header: Json, episodes: list[Json]) -> tuple[list[Json], str]:
    """Return the episodes that the present config requests alike, and what differs for others."""
    if file.present is None:
        return episodes, ""
    present = Present(**file.present)
    if differs := present.differences(header):
        return [], ", ".join(differs)
    kept = [episode for episode in episodes if present.fits(episode)]
    return kept, "" if len(kept) == len(episodes) else INSTANCES


def _damaged_row(file: File, damage: str) -> Json:
    try:
        words = cell_columns(shard_of(Path(file.name)))
    except RecordError:
        words = {}
    row = dict.fromkeys(column.name for column in SHARDS.columns) | words
    damaged = {"path": file.name, "state": "damaged", "damage": damage} | {
        "outdated": 0,
        "quarantined": 0,
    }
    return row | file.state | damaged


def _in_processes(files: list[File], prefix: str, count: int) -> Iterator[Batch]:
    lines: SimpleQueue[str | None] = SimpleQueue()
    with ExitStack() as stack:
        readers = [
            _Reader(files[number::count], f"{prefix}.{number}", lines) for number in range(count)
        ]
        for reader in readers:
            stack.callback(reader.stop)
        running = count
        while running:
            line = lines.get()
            if line is None:
                running -= 1
            else:
                yield Batch(**json.loads(line))
        if any(reader.wait() != 0 for reader in readers):
            raise PilotbenchError("a process that reads shard files failed; see its message above")


class _Reader:
    """A process that reads a share of the files; its lines, then None, go to a queue."""

    def __init__(self, files: list[File], prefix: str, lines: SimpleQueue[str | None]) -> None:
        package = Path(__file__).resolve().parents[3]
        paths = [str(package), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        self._lines = lines
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pilotbench.results.database.reading", prefix],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._share = json.dumps([asdict(file) for file in files])
        self._thread = Thread(target=self._forward, daemon=True)
        self._thread.start()

    def _forward(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            try:
                with self._process.stdin as questions:
                    questions.write(self._share)
            except BrokenPipeError:
                pass  # it has ended already; see its exit code
            for line in answers:
                self._lines.put(line)
        self._lines.put(None)

    def wait(self) -> int:
        return self._process.wait()

    def stop(self) -> None:
        """End the process if it is still running."""
        self._process.kill()
        self._process.wait()
        self._thread.join()


def main() -> None:
    """Read the files named on stdin, print one line of JSON per batch."""
    files = [File(**file) for file in json.load(sys.stdin)]
    for batch in read(files, sys.argv[1]):
        print(json.dumps(asdict(batch)), flush=True)


if __name__ == "__main__":
    main()

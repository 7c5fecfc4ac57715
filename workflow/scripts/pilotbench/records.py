"""Shard files: a header line, then one scored episode a line, as gzip-compressed JSON lines.

The header holds counts, tokens, USD and provenance, so that `status` never reads further; it also
holds each system message once (`system`: SHA-256 -> text), which its episodes name by hash.
An episode validates against `schemas/episode.schema.yaml`.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pilotbench import drafts
from pilotbench.canonical import digest
from pilotbench.errors import RecordError
from pilotbench.names import from_path, to_path

Json = dict[str, Any]
SHARD_FORMAT = 1
SUFFIX = ".jsonl.gz"


@dataclass(frozen=True, order=True)
class Cell:
    """What a table shows: one model under one condition."""

    model: str
    prompt: str
    task: str
    difficulty: str
    tool_success_rate: str

    @property
    def folder(self) -> Path:
        """Path of the cell below `results/shards` and below the journal."""
        return _folder(self.words)

    @property
    def words(self) -> tuple[str, str, str, str, str]:
        """The five words in path order."""
        return (self.model, self.prompt, self.task, self.difficulty, self.tool_success_rate)


@cache
def _folder(words: tuple[str, ...]) -> Path:
    return Path(*(to_path(part) for part in words))


@dataclass(frozen=True, order=True)
class Shard:
    """A fixed run of instance indices of one cell, `first` to `last` inclusive: one result file."""

    cell: Cell
    first: int
    last: int

    @property
    def name(self) -> str:
        """The `{shard}` wildcard: zero-padded, so that names sort."""
        return f"{self.first:05d}-{self.last:05d}"

    @property
    def path(self) -> Path:
        """Path of the result file below `results/shards`."""
        return self.cell.folder / f"{self.name}{SUFFIX}"

    @property
    def indices(self) -> range:
        """The instance indices."""
        return range(self.first, self.last + 1)


def shard_of(path: Path) -> Shard:
    """Return the shard that a result file's path (its last six components) stands for.

    Raises RecordError when the path has another form.
    """
    parts = path.parts[-6:]
    name = parts[-1].removesuffix(SUFFIX) if parts else ""
    first, _, last = name.partition("-")
    if len(parts) != 6 or not (first.isdigit() and last.isdigit()):
        raise RecordError(f"{path}: not the path of a shard file")
    return Shard(Cell(*(from_path(part) for part in parts[:5])), int(first), int(last))


def episode_id(cell: Cell, index: int, repeat: int) -> str:
    """Return the identity of an episode: SHA-256 of its cell, instance index and repeat."""
    return digest([*cell.words, index, repeat])


def write_shard(path: Path, header: Json, episodes: list[Json]) -> None:
    """Write a shard whole; the gzip header carries no time: the same content, the same bytes."""
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in (header, *episodes))
    text = "".join(lines).encode("utf-8", "replace")
    write_whole(path, gzip.compress(text, compresslevel=6, mtime=0))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole: to a name of its own beside it, flushed to disk, then renamed.

    Raises OSError, which names the file; nothing of it is left then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    drafts.write_bytes(path, content, sync=True)


def read_header(path: Path) -> Json:
    """Return the header of a shard file. Raises RecordError when there is none."""
    return next(_lines(path))


def read_shard(path: Path) -> tuple[Json, list[Json]]:
    """Return (header, episodes) of a shard file. Raises RecordError naming file and line."""
    header, *episodes = _lines(path)
    return header, episodes


def _lines(path: Path) -> Iterator[Json]:
    count = 0
    try:
        with gzip.open(path, "rb") as lines:
            for count, line in enumerate(lines, start=1):
                yield _record(json.loads(line), count)
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise RecordError(f"{path}: damaged after line {count}: {error}") from None
    if count == 0:
        raise RecordError(f"{path}: empty")


def _record(record: Any, line: int) -> Json:
    if not isinstance(record, dict) or (line == 1) != (record.get("kind") == "shard"):
        raise ValueError(f"line {line} is not {'a shard header' if line == 1 else 'an episode'}")
    return record

"""Shard files: a header line, then one scored episode a line, as gzip-compressed JSON lines.

The header holds counts, tokens, USD and provenance, so that `status` never reads further; it also
holds each system message once (`system`: SHA-256 -> text), which its episodes name by hash.
An episode validates against `schemas/episode.schema.yaml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import RecordError
from pilotbench.ground.path_names import from_path, to_path

Json = dict[str, Any]
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

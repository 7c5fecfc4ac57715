"""The cells of an experiment, the shards that they are divided into, and their paths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from pilotbench.benchmark.scenarios.levels import shared_place
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import RecordError
from pilotbench.ground.path_names import from_path, to_path
from pilotbench.matrix.axes import AXES, NAMES

Json = dict[str, Any]
SUFFIX = ".jsonl.gz"


@dataclass(frozen=True, order=True)
class Cell:
    """One model under one condition: a word on each of `axes.AXES`."""

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
    def shared(self) -> Cell:
        """The cell in whose folder of the journal its answers are: the first that asks the same."""
        task, level = shared_place(self.task, self.difficulty)
        return replace(self, task=task, difficulty=level)

    @property
    def words(self) -> tuple[str, ...]:
        """The word of each axis, in path order."""
        return _words(self)

    @property
    def named(self) -> dict[str, str]:
        """The word of each axis by the axis' name, as episodes and tables have them."""
        return dict(zip(NAMES, self.words, strict=True))


_words: Callable[[Cell], tuple[str, ...]] = attrgetter(*NAMES)


@cache
def _folder(words: tuple[str, ...]) -> Path:
    return Path(*(to_path(part) for part in words))


@dataclass(frozen=True, order=True)
class Shard:
    """The instances `first` to `last` (inclusive) of one cell: one result file."""

    cell: Cell
    first: int
    last: int

    @property
    def name(self) -> str:
        """The `{shard}` wildcard: zero-padded, so that names sort."""
        return f"{self.first:05d}-{self.last:05d}"

    @property
    def asked(self) -> str:
        """The model that is asked."""
        return self.cell.model

    @property
    def path(self) -> Path:
        """Path of the result file below `results/shards`."""
        return self.cell.folder / f"{self.name}{SUFFIX}"

    @property
    def shared(self) -> Shard:
        """The same instances of the cell that asks the same; see `Cell.shared`."""
        return replace(self, cell=self.cell.shared)

    @property
    def indices(self) -> range:
        """The instance indices."""
        return range(self.first, self.last + 1)


def shard_of(path: Path) -> Shard:
    """Return the shard of a result file, from the end of its path.

    Raises RecordError when the path has another form.
    """
    parts = path.parts[-len(AXES) - 1 :]
    name = parts[-1].removesuffix(SUFFIX) if parts else ""
    first, _, last = name.partition("-")
    if len(parts) != len(AXES) + 1 or not (first.isdigit() and last.isdigit()):
        raise RecordError(f"{path}: not the path of a shard file")
    return Shard(Cell(*(from_path(part) for part in parts[:-1])), int(first), int(last))


def episode_id(cell: Cell, index: int, repeat: int) -> str:
    """Return the identity of an episode: SHA-256 of its cell, instance index and repeat."""
    return digest([*cell.words, index, repeat])

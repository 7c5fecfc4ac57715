"""A results folder with generated shards, its plan and its database."""

from __future__ import annotations

import dataclasses
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb

from pilotbench.benchmark.packs.label_files import Label
from pilotbench.episodes.owed import Owed
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.config import Settings
from pilotbench.matrix.plan import Plan
from pilotbench.results.database import changes, provisional, store, updates
from pilotbench.results.database.schema import TABLES
from support import make_shards

SIZE = 3
CELLS = tuple(
    Cell(model, prompt, "simple_task", "easy", "0.8")
    for model in ("alpha", "beta")
    for prompt in ("baseline", "optimal")
)


@dataclasses.dataclass
class Lab:
    """A results folder; `plan` is what the last command selects."""

    results: Path
    plan: Plan
    keep_going: bool = False
    said: list[str] = dataclasses.field(default_factory=list)
    labels: list[Label] = dataclasses.field(default_factory=list)
    first: Path | None = None
    """The results of such a lab after its first update."""

    @property
    def database(self) -> Path:
        """The database file."""
        return self.results / store.NAME

    @property
    def settings(self) -> Settings:
        """Settings that match the plan, as far as the database reads them."""
        cells = self.plan.cells
        return Settings(
            models=dict.fromkeys(cell.model for cell in cells),
            prompts=tuple(dict.fromkeys(cell.prompt for cell in cells)),
            tasks=tuple(dict.fromkeys(cell.task for cell in cells)),
            difficulties=("easy",),
            tool_success_rates=("0.8",),
            instances=SIZE,
            repeats=self.plan.repeats,
            shard_size=SIZE,
            max_turns=None,
            providers={},
            catalog={},
            keep_going=self.keep_going,
        )

    def write(self, *shards: Shard, salt: str = "", repeats: int | None = None) -> None:
        """Write shard files; all planned ones if none is named."""
        for shard in shards or self.plan.shards:
            make_shards.write(
                self.results, shard, repeats or self.plan.repeats, salt=salt, text=0.05
            )

    def path(self, shard: Shard) -> Path:
        """The file of a shard."""
        return self.results / "shards" / shard.path

    def update(self, replay: provisional.Replay | None = None) -> changes.UpdateReport:
        """Update the database; its messages are kept in `said`."""
        self.said.clear()
        return updates.update(
            self.results,
            self.plan,
            self.settings,
            replay=replay,
            labels=self.labels,
            log=self.said.append,
        )

    def first_update(self) -> None:
        """Update a lab that nobody has changed: copy what the first update of such a lab gave."""
        assert self.first is not None
        shutil.copytree(self.first, self.results, dirs_exist_ok=True)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with store.reader(self.database) as connection:
            return connection.execute(query, list(values)).fetchall()

    def value(self, query: str, *values: Any) -> Any:
        """Return the one value of a query."""
        return self.rows(query, *values)[0][0]

    def content(self) -> str:
        """Return one hash of every row of every stored table."""
        return content_hash(self.database)


def content_hash(database: Path) -> str:
    """Return the SHA-256 of all rows of all tables in order of their keys."""
    found = sha256()
    with duckdb.connect(str(database), read_only=True) as connection:
        for table in TABLES.values():
            order = ", ".join(f'"{word}"' for word in table.key)
            rows = connection.execute(f"FROM store.{table.name} ORDER BY {order}").fetchall()
            found.update(repr((table.name, rows)).encode())
    return found.hexdigest()


def filled(results: Path) -> Lab:
    """Return a lab of four cells of one shard each, all planned and written."""
    lab = Lab(results, Plan(tuple(Shard(cell, 0, SIZE - 1) for cell in CELLS), 1))
    lab.write()
    return lab


@dataclasses.dataclass
class Replayed:
    """What a journal would return."""

    episodes: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    owed: list[Owed] = dataclasses.field(default_factory=list)
    unusable: dict[str, Any] = dataclasses.field(default_factory=dict)


def half(shard: Shard) -> Replayed:
    """Return a journal that holds all but the first episode of a shard."""
    owed = [Owed(shard.first, 0, "RateLimited", "still 429 after 900 s")]
    return Replayed(make_shards.make_episodes(shard, text=0.05)[1:], owed)


def pruned(lab: Lab) -> Lab:
    """Return the lab with one superseded, one outside and one damaged file."""
    parts = tuple(Shard(CELLS[0], i, i) for i in range(SIZE))
    lab.plan = Plan((*parts, Shard(CELLS[1], 0, SIZE - 1), Shard(CELLS[2], 0, SIZE - 1)), 1)
    lab.write(*parts)
    lab.path(Shard(CELLS[2], 0, SIZE - 1)).write_bytes(b"no gzip")
    lab.keep_going = True
    lab.update()
    return lab

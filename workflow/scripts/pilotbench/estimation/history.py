"""What earlier episodes used, turn by turn, from the database and the journal.

A cell is estimated from its own episodes as far as there are any, otherwise from a prior: the guess
for its first requests, corrected by the model's other cells if they have MODEL_EPISODES. Episodes
that have begun count as far as they went, so that an interrupted run, whose finished episodes are
the short ones, is not taken for a cheap one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from statistics import fmean
from typing import Any

from pilotbench.estimation.needs import Played
from pilotbench.estimation.ranges import MEASURES, Amounts
from pilotbench.matrix.axes import NAMES
from pilotbench.matrix.cells import Cell

MODEL_EPISODES = 10
KINDS_OF_INPUT = ("cached", "cache_writes")


@dataclass
class Turn:
    """The requests of one turn of a cell: how many, how many of them were the last, tokens.

    `known` counts those whose tokens were reported.
    """

    asked: int = 0
    ended: int = 0
    known: int = 0
    input: float = 0.0
    output: float = 0.0
    cached: float = 0.0
    cache_writes: float = 0.0

    def add(self, other: Turn) -> None:
        """Add the requests of another source."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def means(self) -> Amounts:
        """The means of a request; tokens are 0 where none are known."""
        tokens = (getattr(self, name) / max(1, self.known) for name in _TOKENS)
        return Amounts(1.0, *tokens)


@dataclass
class Past:
    """What the episodes of one cell used.

    `episodes` are the finished ones; `sums` and `squares` are those of their totals, by measure.
    `idle` finished without an answer: refused at once, or the prompt does not apply to them.
    """

    episodes: int = 0
    idle: int = 0
    turns: list[Turn] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    squares: dict[str, float] = field(default_factory=dict)
    latency_s: float = 0.0
    timed: int = 0

    @property
    def known(self) -> bool:
        """Whether the service reports tokens."""
        return any(turn.known for turn in self.turns)

    def turn(self, place: int) -> Turn:
        """Return the counts of a turn."""
        while len(self.turns) <= place:
            self.turns.append(Turn())
        return self.turns[place]

    def add(self, played: Played) -> None:
        """Add an episode, finished or not, from the journal."""
        for place, tokens in enumerate(played.tokens):
            last = played.finished and place == len(played.tokens) - 1
            parts = {} if tokens is None else {name: getattr(tokens, name) for name in _TOKENS}
            self.turn(place).add(Turn(1, int(last), int(tokens is not None), **parts))
        if played.finished:
            known = [one for one in played.tokens if one is not None]
            totals = {"requests": float(len(played.tokens))}
            if len(known) == len(played.tokens):
                totals |= {name: float(sum(getattr(t, name) for t in known)) for name in _SPLIT}
            self.add_totals(1, int(not played.tokens), totals, {k: v**2 for k, v in totals.items()})

    def add_totals(
        self, episodes: int, idle: int, sums: dict[str, float], squares: dict[str, float]
    ) -> None:
        """Add the totals of finished episodes."""
        self.episodes, self.idle = self.episodes + episodes, self.idle + idle
        for mine, more in ((self.sums, sums), (self.squares, squares)):
            for name, value in more.items():
                mine[name] = mine.get(name, 0.0) + value

    def ahead(self, turn: int, usual: float) -> Amounts | None:
        """Return what an episode is expected to use from `turn` on; None if none came so far.

        The product-limit estimate: at each turn, the share that ended among those that got there.
        Those that are further than any finished one are expected to take `usual` turns in all.
        Source: E. L. Kaplan, P. Meier, JASA 53 (1958) 457-481.
        """
        if turn >= len(self.turns) or not self.turns[turn].asked:
            return None
        there, found = 1.0, Amounts()
        if turn == 0:
            there = self.turns[0].asked / (self.turns[0].asked + self.idle)
        for place in self.turns[turn:]:
            found += place.means.times(there)
            there *= 1 - place.ended / place.asked
        return found + self.turns[-1].means.times(there * max(1.0, usual - len(self.turns)))

    def spread(self, measure: str, ends: tuple[float, float]) -> float:
        """Return the standard deviation of an episode's total, with two episodes at `ends` added.

        Few episodes that happen to be alike would otherwise seem certain.
        """
        n = self.episodes + len(ends)
        total = self.sums.get(measure, 0.0) + sum(ends)
        squares = self.squares.get(measure, 0.0) + sum(end**2 for end in ends)
        return sqrt(max(0.0, squares - total**2 / n) / (n - 1))


_TOKENS = ("input", "output", "cached", "cache_writes")
_SPLIT = MEASURES[1:]


@dataclass(frozen=True)
class History:
    """What is known of each cell, whatever the last selection was."""

    cells: dict[Cell, Past] = field(default_factory=dict)
    journaled: dict[str, int] = field(default_factory=dict)
    """Episodes of each model that are in the journal and in no file yet."""

    def of_model(self, model: str) -> dict[Cell, Past]:
        """Return the cells of a model."""
        return {cell: past for cell, past in self.cells.items() if cell.model == model}

    def add(self, cell: Cell, played: Iterable[Played]) -> None:
        """Add episodes from the journal."""
        some = list(played)
        if some:
            past = self.cells.setdefault(cell, Past())
            for one in some:
                past.add(one)
            self.journaled[cell.model] = self.journaled.get(cell.model, 0) + len(some)

    def latency_s(self, model: str) -> float | None:
        """Return the mean latency of a model's requests in s, None if there are none."""
        pasts = [past for past in self.of_model(model).values() if past.timed]
        timed = [past.timed for past in pasts]
        return fmean((p.latency_s / p.timed for p in pasts), timed) if timed else None

    def input_share(self, model: str, name: str) -> float:
        """Return the share of a model's input tokens that were `cached` or `cache_writes`."""
        turns = [turn for past in self.of_model(model).values() for turn in past.turns]
        sent = sum(turn.input for turn in turns)
        return float(sum(getattr(turn, name) for turn in turns) / sent) if sent else 0.0

    def episodes(self, model: str) -> int:
        """Return the finished episodes of a model."""
        return sum(past.episodes for past in self.of_model(model).values())

    def basis(self, model: str) -> str:
        """Return in words what the estimate of a model is based on."""
        count, kept = self.episodes(model), self.journaled.get(model, 0)
        if not count and not kept:
            return "no history: low and high are bounds"
        found = f"from {count} earlier episode{'s' * (count != 1)}"
        return f"{found}, {kept} of them in the journal only" if kept else found


def read(db: Path, without: Iterable[str] = ()) -> History:
    """Return the history in a master database; empty if there is no database.

    The shards `without`, by path, are left out. Raises UserError if it cannot be read.
    """
    if not db.exists():
        return History()
    from pilotbench.results.database import queries

    found = History()
    with queries.opened(db) as connection:
        names = [list(without)]
        for row in connection.execute(_EPISODES, names).fetchall():
            _add_episodes(found.cells.setdefault(Cell(*row[:_AXES]), Past()), row[_AXES:])
        for row in connection.execute(_TURNS, names).fetchall():
            number, *counts = row[_AXES:]
            found.cells[Cell(*row[:_AXES])].turn(number).add(Turn(*map(_count, counts)))
    return found


_AXES = len(NAMES)
_COLUMNS = ("requests", "tokens_input", "tokens_output")
_EPISODES = f"""
SELECT {", ".join(NAMES)}, count(*), count(*) FILTER (requests = 0), sum(latency_s), sum(requests),
       {", ".join(f"sum({name}), sum({name}::DOUBLE * {name})" for name in _COLUMNS)}
FROM episodes WHERE NOT list_contains(?, shard) GROUP BY ALL
"""
_TURNS = f"""
SELECT {", ".join(f"r.{name}" for name in NAMES)}, r.turn, count(*),
       count(*) FILTER (r.turn = e.requests - 1), count(r.tokens_input),
       {", ".join(f"sum(r.tokens_{name})" for name in _TOKENS)}
FROM requests r JOIN episodes e USING (shard, episode)
WHERE NOT list_contains(?, r.shard) GROUP BY ALL
"""


def _add_episodes(past: Past, row: tuple[Any, ...]) -> None:
    episodes, idle, latency, requests, *totals = row
    past.latency_s, past.timed = past.latency_s + float(latency or 0), past.timed + requests
    pairs = dict(zip(MEASURES, _pairs(totals), strict=True))
    known = {name: pair for name, pair in pairs.items() if pair[0] is not None}
    sums, squares = ({name: float(pair[at]) for name, pair in known.items()} for at in (0, 1))
    past.add_totals(episodes, idle, sums, squares)


def _pairs(values: list[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(values[::2], values[1::2], strict=True)


def _count(value: Any) -> Any:
    return value or 0

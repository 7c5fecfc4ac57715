"""Correction factors on the guess, from earlier episodes.

A cell with at least CELL_EPISODES episodes is estimated from their mean; the interval is three
standard errors of a mean of new episodes, plus SLACK. Another cell of a model with at least
MODEL_EPISODES uses the factors of that model's cells: their mean, from half of the smallest to
twice the largest. With fewer episodes the guess is used unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from statistics import fmean
from typing import Any

from pilotbench.estimation.ranges import Range, Workload
from pilotbench.matrix.axes import NAMES
from pilotbench.matrix.cells import Cell

CELL_EPISODES = 5
MODEL_EPISODES = 10
SLACK = 0.05
STANDARD_ERRORS = 3.0
MEASURES = ("requests", "input", "output")


@dataclass(frozen=True)
class Past:
    """Episodes of one cell: mean and standard deviation of each measure, latency in s per request.

    A measure that the provider does not report has neither.
    """

    episodes: int
    means: dict[str, float]
    deviations: dict[str, float]
    latency_s: float
    cached: float

    def factor(self, measure: str, guessed: Workload, episodes: float) -> Range | None:
        """Return the factor on a guess of one episode, for the sum over `episodes` new ones."""
        base = getattr(guessed, measure).middle
        if not base or measure not in self.means:
            return None
        mean = self.means[measure]
        error = self.deviations[measure] * sqrt(1 / self.episodes + 1 / max(1.0, episodes))
        reach = STANDARD_ERRORS * error + SLACK * mean
        return Range(max(0.0, mean - reach) / base, mean / base, (mean + reach) / base)


@dataclass(frozen=True)
class History:
    """What the database has for each cell, whatever the last selection was."""

    cells: dict[Cell, Past] = field(default_factory=dict)

    def of_model(self, model: str) -> dict[Cell, Past]:
        """Return the cells of a model."""
        return {cell: past for cell, past in self.cells.items() if cell.model == model}

    def factors(
        self, cell: Cell, guess_of: Callable[[Cell], Workload | None], episodes: float
    ) -> Mapping[str, Range | None] | None:
        """Return a factor for each measure of a cell, None if there are too few episodes."""
        own, guessed = self.cells.get(cell), guess_of(cell)
        if own is not None and guessed is not None and own.episodes >= CELL_EPISODES:
            return {measure: own.factor(measure, guessed, episodes) for measure in MEASURES}
        others = [
            (past, found)
            for other, past in self.of_model(cell.model).items()
            if (found := guess_of(other)) is not None
        ]
        if sum(past.episodes for past, _ in others) < MODEL_EPISODES:
            return None
        return {measure: _spread(measure, others) for measure in MEASURES}

    def latency_s(self, model: str) -> float | None:
        """Return the mean latency of a model's requests in s, None if there are none."""
        pasts = self.of_model(model).values()
        weights = [past.means["requests"] * past.episodes for past in pasts]
        return fmean((past.latency_s for past in pasts), weights) if weights else None

    def cached(self, model: str) -> float:
        """Return the share of a model's input tokens that was cached."""
        pasts = self.of_model(model).values()
        weights = [past.means.get("input", 0.0) * past.episodes for past in pasts]
        return fmean((past.cached for past in pasts), weights) if any(weights) else 0.0

    def basis(self, model: str) -> str:
        """Return in words what the estimate of a model is based on."""
        counts = [past.episodes for past in self.of_model(model).values()]
        count = sum(counts)
        if count < MODEL_EPISODES and max(counts, default=0) < CELL_EPISODES:
            return "no history: low and high are bounds"
        return f"from {count} earlier episodes"


def _spread(measure: str, others: list[tuple[Past, Workload]]) -> Range | None:
    found = [
        (past.means[measure], getattr(guessed, measure).middle, past.episodes)
        for past, guessed in others
        if getattr(guessed, measure).middle and measure in past.means
    ]
    if not found:
        return None
    ratios = [mean / base for mean, base, _ in found]
    pooled = sum(mean * n for mean, _, n in found) / sum(base * n for _, base, n in found)
    return Range(min(ratios) / 2, pooled, max(ratios) * 2)


def read(db: Path) -> History:
    """Return the history in a master database; empty if there is no database.

    Raises UserError if it cannot be read.
    """
    if not db.exists():
        return History()
    from pilotbench.results.database import queries

    with queries.opened(db) as connection:
        rows = connection.execute(_QUERY).fetchall()
    return History({Cell(*row[: len(NAMES)]): _past(*row[len(NAMES) :]) for row in rows})


_QUERY = f"""
SELECT {", ".join(NAMES)}, count(*),
       avg(requests), avg(tokens_input), avg(tokens_output),
       stddev_pop(requests), stddev_pop(tokens_input), stddev_pop(tokens_output),
       sum(latency_s) / sum(requests),
       coalesce(sum(tokens_cached) / greatest(sum(tokens_input), 1), 0)
FROM episodes WHERE requests > 0 GROUP BY ALL
"""


def _known(values: tuple[Any, ...]) -> dict[str, float]:
    named = zip(MEASURES, values, strict=True)
    return {measure: float(value) for measure, value in named if value is not None}


def _past(count: int, *values: Any) -> Past:
    means, deviations = values[:3], values[3:6]
    return Past(
        count,
        _known(means),
        _known(deviations),
        float(values[6]),
        float(values[7]),
    )

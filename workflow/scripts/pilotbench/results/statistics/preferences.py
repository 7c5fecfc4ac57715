"""Ratings of models from pairwise comparisons, ties allowed: Bradley and Terry's model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.distributions import t_quantile
from pilotbench.results.statistics.intervals import Floats, Interval

ADDED = 2.0  # comparisons of each pair that an interval adds, half of them won
STEP = 1e-3


@dataclass(frozen=True)
class Ratings:
    """The expected share of comparisons that each model wins against the others, ties half.

    `chances[i, j]` is the chance that i wins against j. `connected`: whether comparisons lead from
    every model to every other one; if not, nothing else is known.
    """

    ratings: tuple[Interval, ...]
    chances: Floats
    connected: bool


def ratings(wins: Any) -> Ratings:
    """Return the ratings from an array of questions x models x models.

    `wins[q, i, j]` is how much i has won against j on question q: 1, 0 or between, a tie being half
    for each. The unit is the question, since its comparisons are not independent. The limits are
    Student's t on the influence of each question, after two comparisons of each pair have been
    added, one won by either: a model that wins or loses everything has no rating otherwise.
    Sources: R. A. Bradley, M. E. Terry, Biometrika 39 (1952) 324-345, by evalica; the limits as
    those of `intervals.plus_two`. `python -m support.judge_coverage` shows their coverage.
    """
    each = np.asarray(wins, float)
    total, models = each.sum(0), each.shape[1]
    met = total + total.T
    if not _connected(met):
        none = tuple(Interval(None, None, None) for _ in range(models))
        return Ratings(none, np.full((models, models), np.nan), False)
    pairs = (met > 0).astype(float)
    chances = _chances(total + pairs * 1e-6)
    base = total + pairs * ADDED / 2
    slopes = _slopes(base, pairs)
    played = each.sum((1, 2)) > 0
    n = int(played.sum())
    quantile = float(t_quantile(1 - ALPHA / 2, max(n - 1, 1)))
    found = []
    for model, (value, centre) in enumerate(
        zip(_rating(chances), _rating(_chances(base)), strict=True)
    ):
        influence = np.tensordot(each, slopes[model], axes=2)
        extremes = [slopes[model][model] @ pairs[model], slopes[model][:, model] @ pairs[:, model]]
        half = quantile * np.sqrt(float((influence**2).sum()) + float(np.square(extremes).sum()))
        low, high = max(0.0, centre - half), min(1.0, centre + half)
        found.append(Interval(float(value), float(min(low, value)), float(max(high, value)), n))
    return Ratings(tuple(found), chances, True)


def _connected(met: Floats) -> bool:
    from scipy.sparse.csgraph import connected_components

    return bool(connected_components(met > 0, directed=False)[0] == 1)


def _slopes(base: Floats, pairs: Floats) -> Floats:
    """Return by how much each rating changes with a win of i against j: models x i x j."""
    size = len(base)
    slopes = np.zeros((size, size, size))
    for i, j in zip(*np.nonzero(pairs), strict=True):
        step = np.zeros_like(base)
        step[i, j] = STEP
        above, below = _rating(_chances(base + step)), _rating(_chances(base - step))
        slopes[:, i, j] = (above - below) / (2 * STEP)
    return slopes


def _rating(chances: Floats) -> Floats:
    size = len(chances)
    rating: Floats = (chances.sum(1) - np.diag(chances)) / (size - 1)
    return rating


def _chances(total: Floats) -> Floats:
    """Return the chance that i wins against j, from how often each has won against each."""
    import evalica

    first, second = np.nonzero(total)
    found = evalica.bradley_terry(
        first.tolist(),
        second.tolist(),
        [evalica.Winner.X] * len(first),
        index=_names(len(total)),
        weights=total[first, second],
        tolerance=1e-10,
        limit=10_000,
    )
    strength = found.scores.sort_index().to_numpy()
    chances: Floats = strength[:, None] / (strength[:, None] + strength[None, :])
    return chances


def _names(size: int) -> Any:
    import pandas as pd

    return pd.RangeIndex(size)

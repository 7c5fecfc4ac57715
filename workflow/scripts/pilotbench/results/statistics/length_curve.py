"""The curve of success against the length N of a task, and whether a supposed horizon fits it.

The curve is a logistic regression on log2 N and on N, neither of whose slopes may be positive:

    logit P(N) = -b (log2 N - log2 H) - c (N - H) / H,    b, c >= 0

H is the horizon, at which P is one half. On log2 N alone the curve would be symmetric. Where every
item succeeds with the same chance, P(N) = p^N and logit P is about -log2(N) ln 2 - N ln(2) / (2H):
the second slope describes it, and without it intervals of 100 cores cover the truth in as few as
8 % of draws (`python -m dev.horizon_coverage`).

Everything is an array: rates have the lengths as their last axis, any axes may precede them, and
supposed horizons, as log2, have those axes without the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from pilotbench.results.statistics.intervals import Floats

STEEPEST = 100.0
"""The largest slope, in logits: where success ends between two lengths there is no finite one."""
ALLOWANCE = 0.08
"""Share added to an error per doubling beyond the lengths asked, where no rate checks the curve."""
ROUNDS = 40
STIFFNESS = 1e-3
ADDED = 2
"""Cores with the variance of the curve itself that are added: few cores may agree by chance."""


@dataclass(frozen=True)
class Outcomes:
    """What `cores` cores did at each length: all that a curve and its errors depend on.

    `rates` are means over the cores that have the length, `counts` their numbers, `spread` the
    covariance of a core's departures from the rates, `repeats` how often each outcome was repeated.
    """

    lengths: Floats
    rates: Floats
    counts: Floats
    spread: Floats
    cores: int
    repeats: float = 1.0


@dataclass(frozen=True)
class Fit:
    """The best curve through a supposed horizon: its slopes and its success rates.

    `influence` is the weight by length with which departures from the curve speak for a longer
    horizon, after the slopes have taken what they can explain.
    """

    by_doubling: Floats
    by_item: Floats
    rates: Floats
    influence: Floats


def outcomes(means: Any, lengths: Any, repeats: float = 1.0) -> Outcomes:
    """Return what a matrix of cores x lengths holds; NaN where a core does not have a length."""
    values = np.asarray(means, float)
    left = departures(values)
    cores = values.shape[0]
    return Outcomes(
        lengths=np.asarray(lengths, float),
        rates=np.nanmean(values, axis=0),
        counts=(~np.isnan(values)).sum(0).astype(float),
        spread=left.T @ left / max(cores - 1, 1),
        cores=cores,
        repeats=repeats,
    )


def departures(values: Floats) -> Floats:
    """Return by how much each core departs from the rate of each length, 0 where it has none."""
    return np.asarray(np.nan_to_num(values - np.nanmean(values, axis=0)))


def fit(found: Outcomes, supposed: Any) -> Fit:
    """Return the best curve for each supposed horizon, given as log2."""
    at = np.asarray(supposed, float)[..., None]
    doublings = np.log2(found.lengths) - at
    near = np.clip(2.0**at, found.lengths[0], found.lengths[-1])
    items = (found.lengths - 2.0**at) / near
    b, c = _slopes(found, doublings, items)
    rates = expit(-(b * doublings + c * items))
    influence = _influence(found.counts * rates * (1 - rates), doublings, items, b > 0, c > 0)
    return Fit(b[..., 0], c[..., 0], rates, influence)


def statistic(found: Outcomes, supposed: Any) -> Floats:
    """Return the score statistic of each supposed horizon: positive if success is too frequent.

    Its variance is that between cores, so that outcomes of one core may depend on each other. It
    has about Student's t distribution with `cores` - 1 degrees of freedom where H is the horizon.
    Source: D. D. Boos, The American Statistician 46 (1992) 327-333, generalised score tests.
    """
    best = fit(found, supposed)
    surplus = (best.influence * found.counts * (found.rates - best.rates)).sum(-1)
    error = np.sqrt(variance(found, best) + 1e-12)
    return np.asarray(surplus / error / (1 + ALLOWANCE * _beyond(found, supposed)))


def _beyond(found: Outcomes, supposed: Any) -> Floats:
    """Return by how many doublings a supposed horizon is beyond the lengths that were asked."""
    first, last = np.log2(found.lengths[[0, -1]])
    return np.asarray(np.maximum(np.maximum(first - supposed, supposed - last), 0.0))


def variance(found: Outcomes, best: Fit) -> Floats:
    """Return the variance of the surplus of successes that `statistic` tests."""
    between = np.einsum("...i,...ij,...j->...", best.influence, found.spread, best.influence)
    expected = best.rates * (1 - best.rates) / found.repeats * found.counts / found.cores
    own = (best.influence**2 * expected).sum(-1)
    freedom = found.cores - 1
    return np.asarray(found.cores * (freedom * between + ADDED * own) / (freedom + ADDED))


def _slopes(found: Outcomes, doublings: Floats, items: Floats) -> tuple[Floats, Floats]:
    """Return the slopes of greatest likelihood that are not negative, by damped Newton steps."""
    shape = np.broadcast(found.rates, doublings).shape[:-1]
    b, c = np.full((*shape, 1), 0.7), np.full((*shape, 1), 0.3)
    for _ in range(ROUNDS):
        rates = expit(-(b * doublings + c * items))
        excess = found.counts * (rates - found.rates)
        xx, xy, yy = _information(found.counts * rates * (1 - rates), doublings, items)
        to_x, to_y = ((excess * x).sum(-1, keepdims=True) for x in (doublings, items))
        wanted = _highest(xx, xy, yy, to_x + xx * b + xy * c, to_y + xy * b + yy * c)
        by_b, by_c = wanted[0] - b, wanted[1] - c
        most = np.maximum(1.0, np.maximum(np.abs(by_b) / (1 + b), np.abs(by_c) / (1 + c)))
        b, c = np.minimum(b + by_b / most, STEEPEST), np.minimum(c + by_c / most, STEEPEST)
    return b, c


def _highest(xx: Floats, xy: Floats, yy: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return b, c >= 0 at which b x + c y - (b b xx + 2 b c xy + c c yy) / 2 is highest.

    It is highest inside, or else on one of the two axes.
    """
    size = np.maximum(xx * yy - xy**2, 1e-30)
    b, c = (yy * x - xy * y) / size, (xx * y - xy * x) / size
    only_b, only_c = np.maximum(x / xx, 0.0), np.maximum(y / yy, 0.0)
    on_b = only_b**2 * xx >= only_c**2 * yy
    inside = (b >= 0) & (c >= 0)
    return (
        np.where(inside, b, np.where(on_b, only_b, 0.0)),
        np.where(inside, c, np.where(on_b, 0.0, only_c)),
    )


def _information(weights: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the sums of weights with x x, x y and y y, the first and last slightly increased."""
    pairs = ((x, x), (x, y), (y, y))
    xx, xy, yy = ((weights * one * other).sum(-1, keepdims=True) for one, other in pairs)
    return xx + STIFFNESS, xy, yy + STIFFNESS


def _influence(
    weights: Floats, doublings: Floats, items: Floats, with_b: Any, with_c: Any
) -> Floats:
    """Return 1 without the part that those slopes explain which are not 0."""
    x, y = np.where(with_b, doublings, 0.0), np.where(with_c, items, 0.0)
    xx, xy, yy = _information(weights, x, y)
    to_x, to_y = ((weights * one).sum(-1, keepdims=True) for one in (x, y))
    size = xx * yy - xy**2
    found = 1 - (yy * to_x - xy * to_y) / size * x - (xx * to_y - xy * to_x) / size * y
    return np.asarray(found)

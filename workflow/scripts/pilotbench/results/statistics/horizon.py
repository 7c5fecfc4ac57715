"""The horizon of a model: the length N of a task at which it succeeds half of the time.

The horizon is the root of a logistic regression (`length_curve`); its limits are the supposed
horizons that a score test, clustered by core, does not reject at 5 %. They exist where an estimate
does not: where all succeed or fail, or where success ends between two lengths.
`python -m dev.horizon_coverage` shows their coverage by simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.distributions import t_quantile
from pilotbench.results.statistics.intervals import Floats
from pilotbench.results.statistics.length_curve import (
    Outcomes,
    departures,
    fit,
    outcomes,
    statistic,
)
from pilotbench.results.statistics.paired import sign_flip

ABOVE, BELOW, RISING, FEW = "above", "below", "rising", "few"
KINDS = {
    "": "The horizon is a number.",
    ABOVE: "The horizon is above the longest task that was asked.",
    BELOW: "The horizon is below the shortest task that was asked.",
    RISING: "Success does not fall with N, or is lower at a shorter N: there is no horizon.",
    FEW: "Fewer than two lengths or two cores: there is no horizon.",
}
BEYOND = 1.0
"""Doublings beyond the lengths that were asked within which a horizon is still a number."""
RISE = 0.001
"""p below which a longer task succeeds more often than a shorter one.

Failing short tasks on purpose would flatten the curve and move a horizon up by a tenth and more.
"""
STEP = 0.05
"""Doublings between the supposed horizons that are tested."""


@dataclass(frozen=True)
class Horizon:
    """A horizon with its limits in items, over `n` cores; `kind` (KINDS) says why it has no value.

    `low` is 0 and `high` is None where the lengths that were asked do not limit the horizon.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    kind: str = ""


@dataclass(frozen=True)
class HorizonRatio:
    """The horizon of `arm` divided by that of `base` on `n` shared cores, with limits and test.

    `value` is None where one of the two is not a number; limits as in `Horizon`.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    p: float | None
    kind: str = ""


def horizon(means: Any, lengths: Any, repeats: float = 1.0) -> Horizon:
    """Return the horizon from a matrix of cores x lengths of means over `repeats` repeats.

    NaN where a core does not have a length. Lengths ascend.
    """
    values, sizes = _known(means, lengths)
    if min(values.shape) < 2:
        return Horizon(None, None, None, values.shape[0], FEW)
    if _rises(values):
        return Horizon(None, None, None, values.shape[0], RISING)
    found = outcomes(values, sizes, repeats)
    at = supposed(found)
    value, low, high = limited(at, statistic(found, at), critical(found.cores))
    kind = _kind(found, at, float(value))
    if kind == RISING:
        return Horizon(None, None, None, found.cores, RISING)
    estimate = None if kind else 2.0 ** float(value)
    return Horizon(estimate, *_items(*_within(found, kind, low, high)), found.cores, kind)


def _within(found: Outcomes, kind: str, low: Any, high: Any) -> tuple[float, float]:
    """Return limits, as log2, that say no more of a horizon without a value than the lengths do."""
    first, last = np.log2(found.lengths[[0, -1]])
    return (
        float(min(low, last)) if kind == ABOVE else float(low),
        float(max(high, first)) if kind == BELOW else float(high),
    )


def _known(means: Any, lengths: Any) -> tuple[Floats, Floats]:
    """Return the cores and the lengths that have any outcome."""
    values, sizes = np.asarray(means, float), np.asarray(lengths, float)
    values = values.reshape(-1, sizes.size)
    there = ~np.isnan(values)
    return values[there.any(1)][:, there.any(0)], sizes[there.any(0)]


def supposed(found: Outcomes) -> Floats:
    """Return the log2 of the horizons that are tested."""
    first, last = np.log2(found.lengths[[0, -1]])
    return np.linspace(first - BEYOND, last + BEYOND, round((last - first + 2 * BEYOND) / STEP) + 1)


def critical(cores: int) -> float:
    """Return the statistic from which a supposed horizon is rejected."""
    return float(t_quantile(1 - ALPHA / 2, cores - 1))


def limited(at: Floats, found: Floats, most: float) -> tuple[Floats, Floats, Floats]:
    """Return the estimate and the limits, as log2, from statistics along the last axis.

    The estimate is the middle of where the statistic changes its sign, the limits are where it is
    last above `most` and first below -`most`; infinite where it is not within the range. Where the
    statistic is 0 everywhere there is no estimate (NaN).
    """
    low, high = _last_above(at, found, most), _first_below(at, found, -most)
    flat = 1e-3
    with np.errstate(invalid="ignore"):  # the one end is -inf and the other inf
        value = (_last_above(at, found, flat) + _first_below(at, found, -flat)) / 2
    return value, low, high


def _last_above(at: Floats, found: Floats, most: float) -> Floats:
    """Return where the statistic is above `most` for the last time, interpolated."""
    return -_first_below(-at[::-1], -found[..., ::-1], -most)


def _first_below(at: Floats, found: Floats, least: float) -> Floats:
    """Return where the statistic is below `least` for the first time, interpolated."""
    below = found < least
    place = np.where(below.any(-1), below.argmax(-1), at.size)
    after = np.minimum(place, at.size - 1)
    before = np.maximum(after - 1, 0)
    one, other = (np.take_along_axis(found, x[..., None], -1)[..., 0] for x in (before, after))
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.nan_to_num((one - least) / (one - other), posinf=1.0, neginf=1.0)
    inside = at[before] + np.clip(part, 0, 1) * (at[after] - at[before])
    return np.where(place == at.size, np.inf, np.where(place == 0, -np.inf, inside))


def _kind(found: Outcomes, at: Floats, value: float) -> str:
    """Return why the horizon is not a number, "" if it is."""
    first, last = np.log2(found.lengths[[0, -1]])
    ends = statistic(found, np.array([first, last]))
    most = critical(found.cores)
    if _falls(found) and at[0] <= value <= at[-1]:
        return ""
    if not _falls(found) and ends[1] <= most and ends[0] >= -most:
        return RISING
    return ABOVE if (found.rates * found.counts).sum() > found.counts.sum() / 2 else BELOW


def _falls(found: Outcomes) -> bool:
    """Return whether the slope of a logistic regression on log2 N is below 0."""
    x = np.log2(found.lengths)
    centre = (x * found.counts).sum() / found.counts.sum()
    return bool((found.counts * (x - centre) * found.rates).sum() < -1e-9)


def _rises(values: Floats) -> bool:
    """Return whether a longer task succeeds more often than a shorter one on the same cores."""
    for shorter, longer in combinations(values.T, 2):
        gains = (longer - shorter)[~np.isnan(longer - shorter)]
        if gains.sum() > 0 and sign_flip(gains, one_sided=True) < RISE:
            return True
    return False


def _items(low: Any, high: Any) -> tuple[float, float | None]:
    """Return limits in items, from their log2."""
    return 2.0 ** float(low), None if np.isinf(high) else 2.0 ** float(high)


def ratio(
    base: Any, arm: Any, lengths: Any, repeats: tuple[float, float] = (1.0, 1.0)
) -> HorizonRatio:
    """Return the horizon of `arm` / that of `base`, paired by core: rows are the same cores.

    `repeats` are those of base and arm.
    The test is the sign-flip test of the cores' mean successes over the lengths, which are the area
    under the curve: two models of equal success at each length are told apart in 5 % of draws.
    The limits combine those of both horizons with their correlation between cores.
    Source: G. Y. Zou, Psychological Methods 12 (2007) 399-413, with limits on the scale of log2.
    """
    one, other = np.asarray(base, float), np.asarray(arm, float)
    shared = ~np.isnan(one) & ~np.isnan(other)
    values, sizes = _known(np.where(shared, one, np.nan), lengths)
    others, _ = _known(np.where(shared, other, np.nan), lengths)
    sides = zip((values, others), repeats, strict=True)
    pair = [horizon(side, sizes, count) for side, count in sides]
    cores, kinds = pair[0].n, {side.kind for side in pair}
    if kinds & {FEW, RISING}:
        return HorizonRatio(None, None, None, cores, None, FEW if FEW in kinds else RISING)
    p = sign_flip(np.nanmean(others, axis=1) - np.nanmean(values, axis=1))
    low, high = _combined(pair, sizes, _correlation(values, others, pair, sizes))
    known = [side.value for side in pair]
    value = known[1] / known[0] if known[0] and known[1] else None
    return HorizonRatio(value, *_items(low, high), cores, p)


def _combined(pair: list[Horizon], lengths: Floats, related: float) -> tuple[float, float]:
    """Return the limits of the ratio, as log2.

    A horizon without a value counts as one at the end of the range in which it would have one.
    """
    (a, below_a, above_a), (b, below_b, above_b) = (_arms(side, lengths) for side in pair)
    return (
        b - a - _together(below_b, above_a, related),
        b - a + _together(above_b, below_a, related),
    )


def _together(one: float, other: float, related: float) -> float:
    """Return the length of the difference of two correlated errors."""
    if np.isinf([one, other]).any():
        return float("inf")
    return float(np.sqrt(one**2 + other**2 - 2 * related * one * other))


def _arms(side: Horizon, lengths: Floats) -> tuple[float, float, float]:
    """Return the log2 of a horizon, and how far below and above it its limits are."""
    value = np.log2(_placed(side, lengths))
    low = np.log2(side.low) if side.low else -np.inf
    high = np.log2(side.high) if side.high else np.inf
    return float(value), float(max(value - low, 0.0)), float(max(high - value, 0.0))


def _placed(side: Horizon, lengths: Floats) -> float:
    """Return a horizon, or the end of the range beyond which it is."""
    beyond = 2.0**BEYOND
    ends = {ABOVE: lengths[-1] * beyond, BELOW: lengths[0] / beyond}
    return float(side.value if side.value else ends[side.kind])


def _correlation(base: Floats, arm: Floats, pair: list[Horizon], lengths: Floats) -> float:
    """Return the correlation of both estimates between cores, 0 where a side has no variance."""
    one, other = (_errors(x, side, lengths) for x, side in zip((base, arm), pair, strict=True))
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float(one @ other) / size if size > 1e-9 else 0.0


def _errors(values: Floats, side: Horizon, lengths: Floats) -> Floats:
    """Return the part of each core in the error of a horizon, up to a factor."""
    best = fit(outcomes(values, lengths), np.log2(_placed(side, lengths)))
    return departures(values) @ best.influence

"""Means of numbers that are not yes or no, and their paired differences, with intervals.

`python -m support.coverage_means` shows the coverage of each interval by simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.distributions import t_quantile
from pilotbench.results.statistics.intervals import Floats, plus_two
from pilotbench.results.statistics.paired import SEED, paired_limits, sign_flip

FEWEST = 6
"""Instances without which a test cannot reject at 5 % and no interval is stated."""
RESAMPLES = 4999
MANY = 1000
"""Instances from which on Student's t replaces the bootstrap."""
DRAWN = 1 << 20
"""Numbers that are drawn at once."""


@dataclass(frozen=True)
class Mean:
    """A mean over `n` instances with its limits; `note` says why there are none."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    note: str = ""


@dataclass(frozen=True)
class Change:
    """A mean paired difference over `n` instances of which `differ` differ; see `Mean`."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    differ: int
    p: float | None
    note: str = ""


def mean(values: Any, *, share: bool = False) -> Mean:
    """Return the mean of instance means with its limits.

    `share`: between 0 and 1, with the limits of `intervals.plus_two`, which are stated even where
    all values are equal. Other numbers have limits from FEWEST instances on: where each is 0 or 1
    the same ones, else those of `studentised`.
    """
    x = np.asarray(values, float)
    n, value = x.size, float(x.mean()) if x.size else None
    if value is None:
        return Mean(None, None, None, 0, "no value")
    if share:
        low, high = plus_two(value, x.var(ddof=1) if n > 1 else 0.0, n)
        return Mean(value, float(low), float(high), n)
    if note := _unbounded(x):
        return Mean(value, None, None, n, note)
    if np.isin(x, (0.0, 1.0)).all():
        low, high = plus_two(value, x.var(ddof=1), n)
        return Mean(value, float(low), float(high), n)
    return Mean(value, *studentised(x), n)


def _unbounded(x: Floats) -> str:
    """Return why numbers without bounds have no interval, "" where they have one."""
    if x.size < FEWEST:
        return f"fewer than {FEWEST} instances: no interval"
    return "all values are equal: no interval" if np.ptp(x) <= 1e-12 * np.abs(x).max() else ""


def studentised(values: Any, alpha: float = ALPHA) -> tuple[float, float]:
    """Return bootstrap-t limits of a mean: RESAMPLES resamples of the instances, seeded.

    The variance of a resample counts as if one more degree of freedom had the observed variance:
    of few instances with many equal values a resample may have none, and the limit would be
    infinite. Source: B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap (1993), chapter
    12.5. Where a few instances have most of the sum, BCa and Student's t cover far less. From MANY
    instances on it is Student's t.
    """
    x = np.asarray(values, float)
    n, value, variance = x.size, float(x.mean()), float(x.var(ddof=1))
    error = np.sqrt(variance / n)
    if n >= MANY:
        half = float(t_quantile(1 - alpha / 2, n - 1) * error)
        return value - half, value + half
    centred, rng = x - value, np.random.default_rng(SEED)
    found = []
    for size in _batches(n):
        drawn = centred[rng.integers(0, n, (size, n))]
        means = drawn.mean(1)
        spread = (((drawn - means[:, None]) ** 2).sum(1) + variance) / n
        found.append(means / np.sqrt(spread / n))
    low, high = np.quantile(np.concatenate(found), [alpha / 2, 1 - alpha / 2])
    return float(value - high * error), float(value - low * error)


def _batches(n: int) -> list[int]:
    """Return how many resamples are drawn at a time."""
    size = max(1, DRAWN // n)
    whole, rest = divmod(RESAMPLES, size)
    return [size] * whole + [rest] * (rest > 0)


def change(base: Any, arm: Any, *, share: bool = False) -> Change:
    """Return arm - base over the instances that both have, its test and limits that agree with it.

    The test is `paired.sign_flip`, the limits are those of `subset_limits`. Where fewer than FEWEST
    instances differ, the limits of a `share` are those of `paired.paired_limits`; other numbers
    have none there, nor where all differences are equal.
    """
    d = np.asarray(arm, float) - np.asarray(base, float)
    d = d[~np.isnan(d)]
    if not d.size:
        return Change(None, None, None, 0, 0, None, "no instance in common")
    scale = max(float(np.abs(d).max()), 1e-300)
    differ, value, p = int((np.abs(d) > 1e-12).sum()), float(d.mean()), sign_flip(d)
    if share and (differ < FEWEST or np.ptp(d) <= 1e-12 * scale):
        return Change(value, *paired_limits(d), d.size, differ, p)
    if differ < FEWEST:
        note = f"fewer than {FEWEST} instances differ: no interval"
        return Change(value, None, None, d.size, differ, p, note)
    if np.ptp(d) <= 1e-12 * scale:
        note = "all differences are equal: no interval"
        return Change(value, None, None, d.size, differ, p, note)
    low, high = subset_limits(d)
    if p > ALPHA:  # the limits are drawn, the test is exact
        low, high = min(low, 0.0), max(high, 0.0)
    return Change(value, low, high, d.size, differ, p)


def subset_limits(differences: Any, alpha: float = ALPHA) -> tuple[float, float]:
    """Return the values that the sign-flip test does not reject as the mean difference.

    A pattern of flips is as extreme as the observed one where the mean of the flipped differences
    is below the assumed value, so that the limits are quantiles of means of random subsets.
    RESAMPLES subsets, seeded. Source: J. A. Hartigan, JASA 64 (1969) 1303-1317, typical values.
    """
    d = np.asarray(differences, float)
    rng, found = np.random.default_rng(SEED), []
    for size in _batches(d.size):
        kept = rng.random((size, d.size)) < 0.5
        counts = kept.sum(1)
        found.append((kept @ d)[counts > 0] / counts[counts > 0])
    means = np.sort(np.concatenate(found))
    out = int(alpha / 2 * (RESAMPLES + 1)) - (RESAMPLES - means.size)  # an empty subset is below
    out = max(out, 1)
    return float(means[out - 1]), float(means[means.size - out])

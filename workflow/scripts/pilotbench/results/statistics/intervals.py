"""Intervals of one rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.distributions import normal_quantile, t_quantile

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate with its limits, all on the scale of the estimate; None if n is 0."""

    value: float | None
    low: float | None
    high: float | None
    n: int = 0

    def reaches(self, score: float | None) -> bool:
        """Return whether `score` is within the limits."""
        if score is None or self.low is None or self.high is None:
            return False
        return self.low <= score <= self.high


def wilson(rate: Any, n: Any, alpha: float = ALPHA) -> tuple[Floats, Floats]:
    """Return Wilson's score limits of `rate` seen in `n` trials; arrays or numbers, n may be real.

    Source: E. B. Wilson, JASA 22 (1927) 209-212.
    """
    rate, n = np.asarray(rate, float), np.asarray(n, float)
    z = normal_quantile(1 - alpha / 2)
    centre = rate + z**2 / (2 * n)
    half = z * np.sqrt(rate * (1 - rate) / n + (z / (2 * n)) ** 2)
    low, high = ((centre + side) / (1 + z**2 / n) for side in (-half, half))
    return (
        np.where(rate <= 0, 0.0, np.clip(low, 0.0, 1.0)),
        np.where(rate >= 1, 1.0, np.clip(high, 0.0, 1.0)),
    )


def plus_two(mean: Any, variance: Any, n: Any, alpha: float = ALPHA) -> tuple[Floats, Floats]:
    """Return limits of the mean of `n` instance means with sample `variance`; arrays or numbers.

    Student's t interval after one instance that is always solved and one that never is have been
    added. A few instances whose repeats all agree have too small a variance, or none; the two
    added ones correct that. For one repeat it is close to A. Agresti, B. A. Coull, The American
    Statistician 52 (1998) 119-126; `python -m support.coverage` shows its coverage with repeats.
    """
    mean, variance, n = (np.asarray(x, float) for x in (mean, variance, n))
    size = n + 2
    centre = (mean * n + 1) / size
    squares = (n - 1) * variance + n * mean**2 + 1 - size * centre**2
    error = np.sqrt(np.maximum(squares, 0.0) / (size - 1) / size)
    half = t_quantile(1 - alpha / 2, np.maximum(n - 1, 1)) * error
    low, high = np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)
    return np.minimum(low, mean), np.maximum(high, mean)


def limits(
    mean: Any, variance: Any, n: Any, repeats: Any, alpha: float = ALPHA
) -> tuple[Floats, Floats]:
    """Return limits of rates: Wilson's with one repeat per instance, `plus_two` with more."""
    single = wilson(mean, n, alpha)
    several = plus_two(mean, variance, n, alpha)
    one = np.asarray(repeats, float) <= 1
    return np.where(one, single[0], several[0]), np.where(one, single[1], several[1])


def rate(means: Any, repeats: float = 1, alpha: float = ALPHA) -> Interval:
    """Return the mean of instance means with its limits; `repeats` is their mean number."""
    means = np.asarray(means, float)
    if means.size == 0:
        return Interval(None, None, None)
    mean = float(means.mean())
    variance = float(means.var(ddof=1)) if means.size > 1 else 0.0
    low, high = limits(mean, variance, means.size, repeats, alpha)
    return Interval(mean, float(low), float(high), int(means.size))


def bounds(successes: float, counted: int, owed: int) -> tuple[float, float] | None:
    """Return the rate if all owed episodes failed, and if all passed; None without episodes.

    No distribution is assumed: the true rate of the planned episodes is between the two.
    Source: C. F. Manski, American Economic Review 80 (1990) 319-323 (worst-case bounds).
    """
    total = counted + owed
    return (successes / total, (successes + owed) / total) if total else None

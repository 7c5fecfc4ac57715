"""Intervals of one rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pilotbench.statistics import ALPHA

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate with its limits, all on the scale of the estimate; None where n is 0."""

    value: float | None
    low: float | None
    high: float | None
    n: int = 0

    def reaches(self, score: float | None) -> bool:
        """Tell whether `score` lies within the limits."""
        if score is None or self.low is None or self.high is None:
            return False
        return self.low <= score <= self.high


def wilson(rate: Any, n: Any, alpha: float = ALPHA) -> tuple[Floats, Floats]:
    """Return Wilson's score limits of `rate` seen in `n` trials; arrays or numbers, n may be real.

    Source: E. B. Wilson, JASA 22 (1927) 209-212, as in statsmodels' `proportion_confint`.
    """
    from statsmodels.stats.proportion import proportion_confint

    rate, n = np.asarray(rate, float), np.asarray(n, float)
    low, high = proportion_confint(rate * n, n, alpha=alpha, method="wilson")
    return (
        np.where(rate <= 0, 0.0, np.clip(low, 0.0, 1.0)),
        np.where(rate >= 1, 1.0, np.clip(high, 0.0, 1.0)),
    )


def effective_n(mean: Any, variance: Any, n: Any, repeats: Any) -> Floats:
    """Return how many independent trials n instances x `repeats` are worth.

    m(1-m) / (s^2/n), clipped to [n, n x repeats]; s^2 is the sample variance of the instance
    means. Repeats of one instance are alike: they are worth between nothing and a trial each.
    Source: the design effect of cluster samples, L. Kish, Survey Sampling (1965), section 5.4.
    """
    mean, variance, n = (np.asarray(x, float) for x in (mean, variance, n))
    most = n * np.asarray(repeats, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = mean * (1 - mean) / (variance / n)
    # without any variance there is nothing to learn from: the cautious end
    usable = np.isfinite(worth) & (variance > 0)
    return np.asarray(np.where(usable, np.clip(worth, n, most), n), float)


def rate(means: Any, repeats: float = 1, alpha: float = ALPHA) -> Interval:
    """Return the mean of instance means with Wilson's limits at the effective n.

    `repeats` is the mean number of repeats of an instance; with one it is the plain Wilson
    interval.
    """
    means = np.asarray(means, float)
    if means.size == 0:
        return Interval(None, None, None)
    mean = float(means.mean())
    variance = float(means.var(ddof=1)) if means.size > 1 else 0.0
    worth = means.size if repeats <= 1 else effective_n(mean, variance, means.size, repeats)
    low, high = wilson(mean, worth, alpha)
    return Interval(mean, float(low), float(high), int(means.size))


def bounds(successes: float, counted: int, owed: int) -> tuple[float, float] | None:
    """Return the rate if all owed episodes failed, and if all passed; None without episodes.

    No distribution is assumed: the true rate of the planned episodes lies between the two.
    Source: C. F. Manski, American Economic Review 80 (1990) 319-323 (worst-case bounds).
    """
    total = counted + owed
    return (successes / total, (successes + owed) / total) if total else None

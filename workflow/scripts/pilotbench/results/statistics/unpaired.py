"""The difference of two arms on different instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.intervals import limits

FISHER = "Fisher's exact test"
WELCH = "Welch's t test"


@dataclass(frozen=True)
class Difference:
    """arm - base, each the mean of its own instances."""

    base: float
    arm: float
    difference: float
    low: float
    high: float
    n_base: int
    n_arm: int
    p: float
    test: str


def difference(base: Any, arm: Any, single: bool = True) -> Difference:
    """Compare the instance means of two arms; with `single` each mean is 0 or 1.

    The limits combine those of both rates: R. G. Newcombe, Statistics in Medicine 17 (1998)
    873-890, method 10.
    """
    base, arm = np.asarray(base, float), np.asarray(arm, float)
    (x, x_low, x_high), (y, y_low, y_high) = (_rate(side, single) for side in (base, arm))
    low = y - x - float(np.hypot(y - y_low, x_high - x))
    high = y - x + float(np.hypot(y_high - y, x - x_low))
    p = _fisher(base, arm) if single else _welch(base, arm)
    test = FISHER if single else WELCH
    return Difference(x, y, y - x, low, high, base.size, arm.size, p, test)


def _rate(means: Any, single: bool) -> tuple[float, float, float]:
    variance = float(means.var(ddof=1)) if means.size > 1 else 0.0
    low, high = limits(means.mean(), variance, means.size, 1 if single else 2, ALPHA)
    return float(means.mean()), float(low), float(high)


def _fisher(base: Any, arm: Any) -> float:
    from scipy.stats import fisher_exact

    table = [[int(side.sum()), int(side.size - side.sum())] for side in (arm, base)]
    return float(fisher_exact(table).pvalue)


def _welch(base: Any, arm: Any) -> float:
    """Return the p-value after one solved and one failed instance have been added to each side."""
    from scipy.stats import ttest_ind

    sides = ([*side, 0.0, 1.0] for side in (arm, base))
    return float(ttest_ind(*sides, equal_var=False).pvalue)

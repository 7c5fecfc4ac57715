"""Intervals of a ratio of two sums over the same instances, such as USD per success."""

from __future__ import annotations

from typing import Any

import numpy as np

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.distributions import t_quantile
from pilotbench.results.statistics.intervals import Floats


def ratio_limits(sums: dict[str, Any], most: Any) -> tuple[Floats, Floats]:
    """Return limits of sum(x) / sum(y) of paired amounts of `n` instances; arrays or numbers.

    `sums` has n, x, y, xx, yy and xy; y of an instance lies between 0 and `most`. Fieller's
    interval with Student's t, after two instances with the mean x have been added, one with `most`
    and one with nothing (as in `intervals.plus_two`: instances that all agree have too small a
    variance). The upper limit is NaN where the y are too few to bound the ratio.

    Few instances and skewed costs are the rule, and a percentile bootstrap covers as little as 74 %
    of 20 instances; `python -m support.coverage` shows both.
    Source: E. C. Fieller, Journal of the Royal Statistical Society B 16 (1954) 175-185.
    """
    n, x, y, xx, yy, xy = (np.asarray(sums[k], float) for k in ("n", "x", "y", "xx", "yy", "xy"))
    most, mean, size = np.asarray(most, float), x / n, n + 2
    x2, y2 = x + 2 * mean, y + most
    squares, mixed, wins = xx + 2 * mean**2, xy + mean * most, yy + most**2
    scale = t_quantile(1 - ALPHA / 2, np.maximum(n - 1, 1)) ** 2 / (size * (size - 1))
    a = (y2 / size) ** 2 - scale * (wins - y2**2 / size)
    b = x2 * y2 / size**2 - scale * (mixed - x2 * y2 / size)
    c = (x2 / size) ** 2 - scale * (squares - x2**2 / size)
    root = np.sqrt(np.maximum(b**2 - a * c, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        value, low, high = x / y, (b - root) / a, (b + root) / a
    low = np.where(b**2 < a * c, 0.0, np.maximum(low, 0.0))
    return np.fmin(low, value), np.where(a > 0, np.fmax(high, value), np.nan)

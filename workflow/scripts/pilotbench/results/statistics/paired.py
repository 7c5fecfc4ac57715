"""The difference of two arms on the same instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.distributions import coin_tail, normal_quantile

Floats = NDArray[np.float64]
SEED = 20_260_101
ENUMERATED = 12
GRID = 1 << 15


@dataclass(frozen=True)
class Contrast:
    """arm - base on `n` shared instances, of which `differ` differ.

    `lower` and `upper` are the worst cases of the `owed` episodes of either side: if there are
    any, there is no difference, no interval and no test. `discordance` is the mean squared
    difference, with one repeat the share of instances that differ.
    """

    difference: float | None
    low: float | None
    high: float | None
    lower: float | None
    upper: float | None
    n: int
    differ: int
    owed: int
    discordance: float
    p: float | None
    test: str


def contrast(base: Any, arm: Any, single: bool = True) -> Contrast:
    """Compare two arrays of instance means in the same order.

    `single`: one repeat each, so that the test is McNemar's exact one by name. Missing (NaN) in
    either arm leaves the instance out.
    """
    d = np.asarray(arm, float) - np.asarray(base, float)
    d = d[~np.isnan(d)]
    n, differ = d.size, int((np.abs(d) > 1e-12).sum())
    if n == 0:
        return Contrast(None, None, None, None, None, 0, 0, 0, 0.0, None, "")
    value = float(d.mean())
    low, high = paired_limits(d)
    test = "McNemar's exact test" if single else "sign-flip permutation"
    discordance = float((d**2).mean())
    return Contrast(value, low, high, value, value, n, differ, 0, discordance, sign_flip(d), test)


def undecided(base: tuple[Any, Any], arm: tuple[Any, Any], owed: int) -> Contrast:
    """Return the worst cases of a difference with `owed` episodes, and no conclusion.

    Each side is (instance means if all owed fail, if all pass). Source: C. F. Manski, American
    Economic Review 80 (1990) 319-323.
    """
    (base_low, base_high), (arm_low, arm_high) = (
        tuple(np.asarray(side, float) for side in pair) for pair in (base, arm)
    )
    lower, upper = float((arm_low - base_high).mean()), float((arm_high - base_low).mean())
    return Contrast(None, None, None, lower, upper, base_low.size, 0, owed, 0.0, None, "")


def paired_limits(differences: Any, alpha: float = ALPHA) -> tuple[float, float]:
    """Return limits of a mean paired difference: Wald's after two instances have been added.

    One is solved only by the arm and one only by the base. A. Agresti, Y. Min, Statistics in
    Medicine 24 (2005) 729-740, add half as much; with few instances that differ in one direction
    their interval covers 88 % and excludes zero although the exact test does not reject.
    """
    d = np.asarray(differences, float)
    n = d.size + 2
    total, squares = float(d.sum()), float((d**2).sum()) + 2
    half = float(normal_quantile(1 - alpha / 2)) * np.sqrt(max(squares - total**2 / n, 0.0)) / n
    low, high = float(total / n - half), float(total / n + half)
    value = total / d.size if d.size else 0.0
    return max(-1.0, min(low, value)), min(1.0, max(high, value))


def sign_flip(differences: Any, *, one_sided: bool = False) -> float:
    """Return the p-value of the exact sign-flip permutation test of paired differences.

    Under the null each difference is as likely as its negative; the distribution of the sum over
    all 2^n sign patterns is found by convolution. With differences of -1, 0 and 1 it is McNemar's
    exact test. `one_sided` asks only whether the differences are positive.
    Source: R. A. Fisher, The Design of Experiments (1935), section 21.
    """
    d = np.asarray(differences, float)
    d = d[np.abs(d) > 1e-12]
    if d.size == 0:
        return 1.0
    steps = _integers(d)
    if steps is None:
        return _rounded(d, one_sided)
    if np.all(np.abs(steps) == np.abs(steps[0])):
        up = int((steps > 0).sum())
        if one_sided:
            return float(coin_tail(up, steps.size))
        return min(1.0, 2 * float(coin_tail(max(up, steps.size - up), steps.size)))
    return _convolved(steps, one_sided)


def _integers(d: Floats) -> NDArray[np.int64] | None:
    """Return the differences as whole steps of the smallest common fraction; None over 1/5040."""
    for denominator in (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 30, 60, 120, 840, 5040):
        steps = d * denominator
        if np.allclose(steps, np.round(steps), atol=1e-6):
            return np.round(steps).astype(np.int64)
    return None


def _convolved(steps: NDArray[np.int64], one_sided: bool) -> float:
    spans = np.abs(steps)
    chance = np.ones(1)
    for span in spans:  # the distribution of sum(+-span), shifted to start at 0
        longer = np.zeros(chance.size + 2 * span)
        longer[: chance.size] += chance / 2
        longer[2 * span :] += chance / 2
        chance = longer
    sums = np.arange(chance.size) - spans.sum()
    seen = int(steps.sum())
    extreme = sums >= seen if one_sided else np.abs(sums) >= abs(seen)
    return float(min(1.0, chance[extreme].sum()))


def _rounded(d: Floats, one_sided: bool) -> float:
    """Return the p-value of differences without a common fraction.

    All patterns of a few; of more, the exact distribution of the differences rounded to GRID steps
    of their sum, from its characteristic function, the product of cosines. No pattern is sampled,
    so that p can be as small as Holm's correction of many comparisons needs.
    """
    if d.size <= ENUMERATED:
        signs = 1 - 2 * ((np.arange(2**d.size)[:, None] >> np.arange(d.size)) & 1)
        sums, seen, alike = signs @ d, float(d.sum()), 1e-9 * float(np.abs(d).sum())
        extreme = sums >= seen - alike if one_sided else np.abs(sums) >= abs(seen) - alike
        return float(extreme.mean())
    points = max(GRID, 1 << int(np.ceil(np.log2(8 * d.size))))
    steps = np.round(d * ((points // 2 - d.size) / np.abs(d).sum())).astype(np.int64)
    cosines, turns = np.cos(2 * np.pi / points * np.arange(points)), np.arange(points // 2 + 1)
    product = np.ones(turns.size)
    for step, count in zip(*np.unique(np.abs(steps), return_counts=True), strict=True):
        product *= cosines[(turns * step) & (points - 1)] ** count
    chance = np.clip(np.fft.irfft(product, points), 0.0, None)
    totals, total = np.fft.fftfreq(points, 1 / points), int(steps.sum())
    extreme = totals >= total if one_sided else np.abs(totals) >= abs(total)
    smallest = 0.5 ** (d.size - (0 if one_sided else 1))
    return float(min(1.0, max(smallest, chance[extreme].sum())))

"""The difference of two arms that met the same instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pilotbench.statistics import ALPHA, SMALLEST_TESTED

Floats = NDArray[np.float64]
DRAWS = 4000
FEW = 10  # fewer differing instances than this: no bootstrap
SEED = 20_260_101


@dataclass(frozen=True)
class Contrast:
    """arm - base on `n` shared instances, of which `differ` differ.

    `p` is None below 50 instances. `discordance` is the mean squared difference, with one repeat
    the share of instances that differ.
    """

    difference: float | None
    low: float | None
    high: float | None
    n: int
    differ: int
    discordance: float
    p: float | None
    interval: str
    test: str


def contrast(base: Any, arm: Any, resample: Resample, single: bool = True) -> Contrast:
    """Compare two arrays of instance means in the same order as `resample`'s strata.

    `single`: one repeat each, so that the test is McNemar's exact one by name. Missing (NaN) in
    either arm leaves the instance out.
    """
    d = np.asarray(arm, float) - np.asarray(base, float)
    there = ~np.isnan(d)
    d0 = np.where(there, d, 0.0)
    n, differ = int(there.sum()), int((np.abs(d0) > 1e-12).sum())
    if n == 0:
        return Contrast(None, None, None, 0, 0, 0.0, None, "none", "none")
    value = float(d0.sum() / n)
    if differ < FEW:
        low, high, how = *agresti_min(d[there]), "Agresti-Min"
    else:
        low, high, how = *resample.limits(d), "bootstrap"
    p = sign_flip(d[there]) if n >= SMALLEST_TESTED else None
    test = "McNemar's exact test" if single else "sign-flip permutation"
    return Contrast(
        value, low, high, n, differ, float((d0**2).sum() / n), p, how, test if p is not None else ""
    )


def agresti_min(differences: Any, alpha: float = ALPHA) -> tuple[float, float]:
    """Return limits of a mean paired difference: Wald's after half a pair is added to each cell.

    With one repeat the sum of squares is the number of discordant pairs, which gives exactly the
    published interval; with more it is its natural extension to differences between -1 and 1.
    Source: A. Agresti, Y. Min, Statistics in Medicine 24 (2005) 729-740, section 3 (N = 2).
    """
    from scipy.stats import norm

    d = np.asarray(differences, float)
    n = d.size + 2
    total, squares = float(d.sum()), float((d**2).sum()) + 1
    half = float(norm.ppf(1 - alpha / 2)) * np.sqrt(max(squares - total**2 / n, 0.0)) / n
    return max(-1.0, float(total / n - half)), min(1.0, float(total / n + half))


class Resample:
    """One bootstrap of the instances within their strata (tasks), shared by every arm.

    From a stratum of n instances n - 1 are drawn and weighted n / (n - 1), which makes the
    bootstrap variance unbiased for few instances a stratum; strata of one are put together.
    Source: J. N. K. Rao, C. F. J. Wu, JASA 83 (1988) 231-241, section 3.
    """

    def __init__(self, strata: Sequence[Any], draws: int = DRAWS, seed: int = SEED) -> None:
        self.size = len(strata)
        rng = np.random.default_rng(seed)
        self._weights = np.zeros((draws, self.size), np.float32)
        for members in _groups(strata):
            n = len(members)
            take = max(n - 1, 1)
            counts = rng.multinomial(take, np.full(n, 1 / n), size=draws)
            self._weights[:, members] = counts * (n / take)

    def limits(self, differences: Any, alpha: float = ALPHA) -> tuple[float, float]:
        """Return the percentile limits of the mean of `differences`; NaN is left out.

        Source: B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
        """
        d = np.asarray(differences, np.float32)
        there = (~np.isnan(d)).astype(np.float32)
        weight = self._weights @ there
        means = (self._weights @ np.nan_to_num(d)) / np.where(weight > 0, weight, 1)
        low, high = np.quantile(means, [alpha / 2, 1 - alpha / 2])
        return float(low), float(high)


def _groups(strata: Sequence[Any]) -> list[NDArray[np.intp]]:
    labels = np.asarray([str(word) for word in strata])
    groups = [np.flatnonzero(labels == word) for word in np.unique(labels)]
    alone = [g for g in groups if len(g) == 1]
    return [g for g in groups if len(g) > 1] + ([np.concatenate(alone)] if alone else [])


def sign_flip(differences: Any) -> float:
    """Return the two-sided p-value of the exact sign-flip permutation test of paired differences.

    Under the null each difference is as likely as its negative; the distribution of the sum over
    all 2^n sign patterns is found by convolution. With differences of -1, 0 and 1 it is McNemar's
    exact test. Source: R. A. Fisher, The Design of Experiments (1935), section 21.
    """
    d = np.asarray(differences, float)
    d = d[np.abs(d) > 1e-12]
    if d.size == 0:
        return 1.0
    steps = _integers(d)
    if steps is None:
        return _sampled(d)
    if np.all(np.abs(steps) == np.abs(steps[0])):
        from scipy.stats import binomtest

        return float(binomtest(int((steps > 0).sum()), steps.size).pvalue)
    return _convolved(steps)


def _integers(d: Floats) -> NDArray[np.int64] | None:
    """Return the differences as whole steps of the smallest common fraction; None over 1/5040."""
    for denominator in (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 30, 60, 120, 840, 5040):
        steps = d * denominator
        if np.allclose(steps, np.round(steps), atol=1e-6):
            return np.round(steps).astype(np.int64)
    return None


def _convolved(steps: NDArray[np.int64]) -> float:
    spans = np.abs(steps)
    chance = np.ones(1)
    for span in spans:  # the distribution of sum(+-span), shifted to start at 0
        longer = np.zeros(chance.size + 2 * span)
        longer[: chance.size] += chance / 2
        longer[2 * span :] += chance / 2
        chance = longer
    sums = np.arange(chance.size) - spans.sum()
    return float(min(1.0, chance[np.abs(sums) >= abs(int(steps.sum()))].sum()))


def _sampled(d: Floats) -> float:
    from scipy.stats import permutation_test

    done = permutation_test(
        (d,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        n_resamples=9999,
        vectorized=True,
        rng=np.random.default_rng(SEED),
    )
    return float(done.pvalue)

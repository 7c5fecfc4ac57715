"""The curve of success against length: its fit, and the level of its test by simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import t

from pilotbench.results.statistics.length_curve import Outcomes, fit, outcomes, statistic

LENGTHS = np.array([2.0, 4, 8, 16, 32, 64])


def chances(curve: str, truth: float) -> np.ndarray:
    """Return the success rate by length of a curve with this horizon."""
    if curve == "decay":
        return np.asarray(0.5 ** (LENGTHS / truth))
    return np.asarray(expit(-0.96 * np.log2(LENGTHS / truth)))


def drawn(curve: str, truth: float, shape: tuple[int, int], spread: float = 0.0) -> np.ndarray:
    """Return outcomes: draws x cores x lengths."""
    rng = np.random.default_rng(11)
    own = spread * rng.standard_normal((*shape, 1))
    level = logit(np.clip(chances(curve, truth), 1e-12, 1 - 1e-12))
    return np.asarray(rng.random((*shape, LENGTHS.size)) < expit(level + own), float)


@pytest.mark.parametrize(
    ("curve", "truth", "at"),
    list(product(["decay", "logistic"], [3.0, 12.0, 48.0], [0.0, 3.0, 6.0])),
)
def test_the_fit_is_the_most_likely_curve_whose_slopes_are_not_negative(curve, truth, at):
    found = outcomes(drawn(curve, truth, (1, 25))[0], LENGTHS)
    doublings = np.log2(LENGTHS) - at
    items = (LENGTHS - 2**at) / np.clip(2**at, 2, 64)

    def unlikely(slopes: np.ndarray) -> float:
        level = -(slopes[0] * doublings + slopes[1] * items)
        return -float((found.counts * (found.rates * level - np.logaddexp(0, level))).sum())

    best = min(
        minimize(unlikely, start, bounds=[(0, 100)] * 2).fun for start in ([0.7, 0.3], [0, 0])
    )
    mine = fit(found, at)
    assert unlikely(np.array([mine.by_doubling, mine.by_item])) <= best + 1e-3


@pytest.mark.parametrize(
    ("curve", "truth", "cores", "spread"),
    [
        ("decay", 1.5, 25, 0.0),
        ("decay", 12.0, 100, 0.0),
        ("decay", 24.0, 50, 2.0),
        ("logistic", 6.0, 15, 1.0),
        ("logistic", 12.0, 100, 0.0),
        ("logistic", 100.0, 25, 2.0),
    ],
)
def test_the_true_horizon_is_rejected_in_about_five_percent_of_draws(curve, truth, cores, spread):
    """2,000 draws: a true 95 % is seen within 93.5 to 96.5 % in 998 of 1,000 cases."""
    means = drawn(curve, truth, (2000, cores), spread)
    rates = means.mean(1)
    left = means - rates[:, None]
    together = np.einsum("dgi,dgj->dij", left, left) / (cores - 1)
    found = Outcomes(LENGTHS, rates, np.full(6, float(cores)), together, cores)
    tested = statistic(found, np.full(2000, np.log2(truth)))
    assert 0.93 <= (np.abs(tested) <= t.ppf(0.975, cores - 1)).mean() <= 0.97

"""Intervals of one rate: published examples and coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from pilotbench.statistics.intervals import bounds, effective_n, rate, wilson

# R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3
NEWCOMBE = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]


@pytest.mark.parametrize(("successes", "n", "low", "high"), NEWCOMBE)
def test_wilson_gives_the_published_limits(successes, n, low, high):
    found = wilson(successes / n, n)
    assert np.round(found, 4) == pytest.approx((low, high), abs=1e-9)


def test_wilson_takes_arrays_and_touches_the_ends_exactly():
    low, high = wilson([0.0, 1.0], [20, 20])
    assert low[0] == 0.0
    assert high[1] == 1.0
    assert high[0] == pytest.approx(1 - low[1])


@pytest.mark.parametrize(
    ("means", "repeats", "worth"),
    [
        ([0, 1, 0, 1], 4, 4.0),  # repeats agree wholly: an instance is worth one trial
        ([0.5, 0.5, 0.5, 0.5], 4, 4.0),  # no variance at all: the cautious end
        ([0.25, 0.5, 0.5, 0.75], 4, 16.0),  # less spread than independent trials: all repeats
        ([0.0, 0.25, 0.5, 0.25], 3, 3 / 16 / (1 / 24 / 4)),  # between: by the formula, clipped
    ],
)
def test_effective_n_lies_between_instances_and_episodes(means, repeats, worth):
    mean, n = float(np.mean(means)), len(means)
    found = effective_n(mean, float(np.var(means, ddof=1)), n, repeats)
    assert float(found) == pytest.approx(min(worth, n * repeats))


def test_rate_with_one_repeat_is_plain_wilson():
    found = rate([1] * 81 + [0] * 182)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


def test_rate_of_nothing_is_no_number():
    assert rate([]).value is None
    assert not rate([]).reaches(0.5)


@pytest.mark.parametrize("n", [20, 100])
def test_wilson_covers_the_truth_of_a_cell_on_average_over_truths(n):
    """Exact, without draws; at one truth alone it is 92.4 to 97.9 % with n = 20."""
    counts = np.arange(n + 1)
    low, high = wilson(counts / n, n)
    truths = np.linspace(0.05, 0.95, 181)
    covered = [binom.pmf(counts, n, t)[(low <= t) & (t <= high)].sum() for t in truths]
    assert 0.94 <= np.mean(covered) <= 0.96
    assert 0.92 <= min(covered) <= max(covered) <= 0.98


@pytest.mark.parametrize(("repeats", "spread", "truth"), [(3, 2.0, 0.6), (5, 2.0, 0.8)])
def test_rate_of_a_cell_of_twenty_with_repeats_covers_the_truth(repeats, spread, truth):
    rng = np.random.default_rng(7)
    draws, covered = 1500, 0
    for _ in range(draws):
        chance = rng.beta(truth * spread, (1 - truth) * spread, 20)
        found = rate(rng.binomial(repeats, chance, 20) / repeats, repeats)
        covered += found.low <= truth <= found.high
    assert 0.93 <= covered / draws <= 0.97


@pytest.mark.parametrize(
    ("repeats", "spread", "truth"),
    [(1, 0.0, 0.7), (3, 0.0, 0.5), (3, 2.0, 0.6), (5, 8.0, 0.8), (5, 0.5, 0.5)],
)
def test_rate_covers_the_truth_as_often_as_it_says(repeats, spread, truth):
    """`spread` is the sum of the Beta parameters of instance difficulty; 0 is no spread."""
    rng = np.random.default_rng(6)
    draws, n, covered = 2000, 100, 0
    for _ in range(draws):
        chance = rng.beta(truth * spread, (1 - truth) * spread, n) if spread else truth
        found = rate(rng.binomial(repeats, chance, n) / repeats, repeats)
        covered += found.low <= truth <= found.high
    assert 0.93 <= covered / draws <= 0.97


def test_bounds_take_the_owed_as_failed_and_as_passed():
    assert bounds(6, 8, 2) == (0.6, 0.8)
    assert bounds(6, 8, 0) == (0.75, 0.75)
    assert bounds(0, 0, 0) is None

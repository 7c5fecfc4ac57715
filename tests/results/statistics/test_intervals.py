"""Intervals of one rate: published examples and coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, t

from pilotbench.results.statistics.intervals import bounds, plus_two, rate, wilson

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


@pytest.mark.parametrize("means", [[0, 1, 0, 1], [0.5] * 4, [0.25, 0.5, 0.75, 1.0, 1.0]])
def test_with_repeats_the_limits_are_students_after_two_instances_were_added(means):
    both = [*means, 0.0, 1.0]
    centre, error = np.mean(both), np.std(both, ddof=1) / np.sqrt(len(both))
    half = t.ppf(0.975, len(means) - 1) * error
    found = rate(means, repeats=4)
    wanted = (max(0.0, centre - half), min(1.0, centre + half))
    assert (found.low, found.high) == pytest.approx(wanted)


def test_limits_contain_the_estimate_of_one_instance_too():
    low, high = plus_two([0.0, 0.5, 1.0], [0.0, 0.0, 0.0], [1, 1, 1])
    assert (low <= [0.0, 0.5, 1.0]).all()
    assert (high >= [0.0, 0.5, 1.0]).all()


def test_rate_with_one_repeat_is_plain_wilson():
    found = rate([1] * 81 + [0] * 182)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


def test_a_rate_without_episodes_is_missing():
    assert rate([]).value is None
    assert not rate([]).reaches(0.5)


@pytest.mark.parametrize("n", [20, 100])
def test_wilson_covers_the_truth_of_a_cell_on_average_over_truths(n):
    """Exact, without draws; at a single true rate it is 92.4 to 97.9 % with n = 20."""
    counts = np.arange(n + 1)
    low, high = wilson(counts / n, n)
    truths = np.linspace(0.05, 0.95, 181)
    covered = [binom.pmf(counts, n, p)[(low <= p) & (p <= high)].sum() for p in truths]
    assert 0.94 <= np.mean(covered) <= 0.96
    assert 0.92 <= min(covered) <= max(covered) <= 0.98


def test_bounds_count_owed_episodes_as_failed_and_as_passed():
    assert bounds(6, 8, 2) == (0.6, 0.8)
    assert bounds(6, 8, 0) == (0.75, 0.75)
    assert bounds(0, 0, 0) is None

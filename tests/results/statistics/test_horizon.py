"""Horizons: where there is a number, where there is none, and how two compare."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pilotbench.results.statistics.horizon import (
    ABOVE,
    BELOW,
    FEW,
    KINDS,
    RISING,
    horizon,
    ratio,
)

LENGTHS = np.array([2.0, 4, 8, 16, 32, 64])
BOTTOM, TOP = 0.0, None


def cores(*successes: int, of: int = 20) -> Any:
    """Return a matrix in which that many of `of` cores succeed at each length."""
    return (np.arange(of)[:, None] < np.array(successes)).astype(float)


def drawn(truth: float, count: int, seed: int) -> Any:
    """Return outcomes of cores in which each item succeeds with the same chance."""
    rng = np.random.default_rng(seed)
    return (rng.random((count, LENGTHS.size)) < 0.5 ** (LENGTHS / truth)).astype(float)


@pytest.mark.parametrize(
    ("means", "kind", "low", "high"),
    [
        (cores(20, 20, 20, 20, 20, 20), ABOVE, 64.0, TOP),
        (cores(20, 18, 20, 20, 20, 20), ABOVE, 64.0, TOP),
        (cores(0, 0, 0, 0, 0, 0), BELOW, BOTTOM, 2.0),
        (cores(2, 1, 0, 0, 0, 0), BELOW, BOTTOM, 2.0),
        (cores(9, 10, 11, 10, 9, 12), RISING, None, None),
        (cores(5, 8, 10, 12, 14, 12), RISING, None, None),
        (cores(10, 10, 10, 10, 10, 10), RISING, None, None),
        (np.ones((1, 6)), FEW, None, None),
        (np.full((5, 6), np.nan), FEW, None, None),
    ],
)  # fmt: skip
def test_a_horizon_beyond_the_lengths_has_a_limit_and_no_number(means, kind, low, high):
    found = horizon(means, LENGTHS)
    assert (found.value, found.kind) == (None, kind)
    assert found.kind in KINDS
    assert (found.low, found.high) == (low, high)


def test_success_that_ends_between_two_lengths_has_its_horizon_between_them():
    found = horizon(cores(20, 20, 20, 0, 0, 0), LENGTHS)
    assert found.value == pytest.approx(8 * 2**0.5, rel=0.03)
    assert found.low == pytest.approx(8, rel=0.05)
    assert found.high == pytest.approx(16, rel=0.05)


@pytest.mark.parametrize("truth", [24.0, 48.0])
def test_failing_short_tasks_on_purpose_leaves_no_horizon(truth):
    """It would flatten the curve; a horizon that is 24 became 26, one that is 70 had no limit."""
    means = drawn(truth, 200, 10)
    assert horizon(means, LENGTHS).kind == ""
    means[::3, 0] = 0
    assert horizon(means, LENGTHS).kind == RISING


@pytest.mark.parametrize("truth", [3.0, 12.0, 48.0])
def test_many_cores_find_the_horizon(truth):
    found = horizon(drawn(truth, 2000, 3), LENGTHS)
    assert found.value == pytest.approx(truth, rel=0.1)
    assert found.low <= truth <= found.high
    assert found.high / found.low < 1.35


def test_few_cores_that_agree_do_not_limit_a_horizon_closely():
    three, twenty = (horizon(cores(*[n] * 3, 0, 0, 0, of=n), LENGTHS) for n in (3, 20))
    assert three.high / three.low > 2 * twenty.high / twenty.low


def test_cores_that_miss_a_length_count_where_they_are():
    means = drawn(12.0, 60, 4)
    part = means.copy()
    part[30:, 5] = np.nan
    assert horizon(part, LENGTHS).value == pytest.approx(horizon(means, LENGTHS).value, rel=0.1)
    nothing = np.column_stack([means, np.full(60, np.nan)])
    assert horizon(nothing, [*LENGTHS, 128]) == horizon(means, LENGTHS)


def test_outcomes_of_one_core_that_go_together_widen_the_interval():
    means = drawn(12.0, 20, 5)
    copied = horizon(np.repeat(means, 5, axis=0), LENGTHS)
    found = horizon(means, LENGTHS)
    assert found.value == pytest.approx(copied.value, rel=1e-4)
    assert found.high / found.low > 1.5 * copied.high / copied.low


def test_two_horizons_are_compared_on_the_cores_that_both_have():
    base, arm = drawn(6.0, 80, 6), drawn(24.0, 80, 7)
    found = ratio(base, arm, LENGTHS)
    assert found.low < 4 < found.high
    assert found.p < 1e-6
    turned = ratio(arm, base, LENGTHS)
    assert (turned.value, turned.p) == (pytest.approx(1 / found.value), pytest.approx(found.p))
    arm[40:] = np.nan
    assert ratio(base, arm, LENGTHS).n == 40


def test_a_pairing_narrows_the_comparison():
    base = drawn(12.0, 60, 8)
    same, other = ratio(base, base, LENGTHS), ratio(base, drawn(12.0, 60, 9), LENGTHS)
    assert same.value == pytest.approx(1.0)
    assert same.p == 1.0
    assert same.high / same.low < other.high / other.low


@pytest.mark.parametrize(
    ("base", "arm", "kind", "low", "high"),
    [
        (cores(20, 20, 15, 8, 2, 0), cores(*[20] * 6), "", True, False),
        (cores(*[20] * 6), cores(20, 20, 15, 8, 2, 0), "", False, True),
        (cores(*[20] * 6), cores(*[20] * 6), "", False, False),
        (cores(*[20] * 6), cores(9, 10, 11, 10, 9, 12), RISING, False, False),
        (np.ones((1, 6)), np.ones((1, 6)), FEW, False, False),
    ],
)
def test_a_ratio_is_limited_on_the_side_on_which_the_horizons_are(base, arm, kind, low, high):
    found = ratio(base, arm, LENGTHS)
    assert (found.value, found.kind) == (None, kind)
    assert bool(found.low) is low
    assert (found.high is not None) is high


def test_each_side_of_a_ratio_has_its_own_number_of_repeats():
    base, arm = drawn(8, 30, 1), drawn(16, 30, 2)
    twice = ratio(base, arm, LENGTHS, (1.0, 9.0))
    swapped = ratio(arm, base, LENGTHS, (9.0, 1.0))
    assert twice.low == pytest.approx(1 / swapped.high)
    assert twice.low != pytest.approx(ratio(base, arm, LENGTHS, (9.0, 1.0)).low)

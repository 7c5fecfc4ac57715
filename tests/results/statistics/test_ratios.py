"""The interval of a ratio of paired sums: known cases, and its coverage."""

from __future__ import annotations

import numpy as np
import pytest

from pilotbench.results.statistics.ratios import ratio_limits
from support import coverage


def limits(cost, wins, most=1.0):
    x, y = np.asarray(cost, float), np.asarray(wins, float)
    sums = {"n": x.size, "x": x.sum(), "y": y.sum()}
    squares = {"xx": (x**2).sum(), "yy": (y**2).sum(), "xy": (x * y).sum()}
    low, high = ratio_limits(sums | squares, most)
    return float(low), float(high)


@pytest.mark.parametrize(
    ("cost", "wins", "bounded"),
    [
        ([1.0] * 20, [1] * 20, True),
        ([1.0, 2.0] * 10, [1, 0] * 10, True),
        ([0.0] * 10, [1] * 10, True),  # a free model
        ([1.0] * 20, [1, *[0] * 19], False),  # one success bounds nothing
        ([3.0], [1], False),
    ],
)
def test_the_limits_contain_the_ratio_and_may_have_no_upper_one(cost, wins, bounded):
    low, high = limits(cost, wins)
    assert 0 <= low <= sum(cost) / sum(wins)
    assert np.isnan(high) is not bounded
    assert not bounded or sum(cost) / sum(wins) <= high


def test_the_limits_scale_with_the_unit_of_the_cost():
    cost, wins = [1.0, 2.0, 4.0] * 8, [1, 1, 0] * 8
    cents = limits([100 * one for one in cost], wins)
    assert cents == pytest.approx([100 * one for one in limits(cost, wins)])


def test_more_instances_narrow_the_limits():
    cost, wins = [1.0, 2.0, 4.0] * 8, [1, 1, 0] * 8
    few, many = limits(cost, wins), limits(cost * 10, wins * 10)
    assert few[0] < many[0]
    assert many[1] < few[1]


@pytest.mark.slow
def test_the_interval_of_a_cost_per_success_covers_it():
    """Of the settings with 20 instances or more; fewer successes than three leave it open."""
    found = np.array(list(coverage.of_costs(400, bootstrap=0)))[:, 1]
    assert 0.93 <= found.mean() <= 0.97
    assert found.min() >= 0.90

"""Means that are not rates and their differences: other implementations, coverage, few values."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.intervals import plus_two
from pilotbench.results.statistics.means import FEWEST, MANY, change, mean, subset_limits
from pilotbench.results.statistics.paired import sign_flip
from support import coverage_means as simulated

RNG = np.random.default_rng(11)


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ([], "no value"),
        ([3.0], "fewer than 6 instances: no interval"),
        ([1.0, 2.0, 3.0, 4.0, 5.0], "fewer than 6 instances: no interval"),
        ([7.0] * 50, "all values are equal: no interval"),
        ([0.0] * 50, "all values are equal: no interval"),
        ([1e-9, 0.0] * 3, ""),
    ],
)
def test_few_or_equal_values_have_no_interval_of_width_zero(values: Any, note: str) -> None:
    found = mean(values)
    assert found.note == note
    assert (found.low is None) == bool(note)
    assert found.value == (pytest.approx(np.mean(values)) if values else None)


@pytest.mark.parametrize("values", [[1.0] * 20, [0.0, 0.0], [0.5], [0.2, 0.9, 0.4]])
def test_a_share_always_has_an_interval_within_0_and_1(values: list[float]) -> None:
    found = mean(values, share=True)
    variance = np.var(values, ddof=1) if len(values) > 1 else 0.0
    assert (found.low, found.high) == plus_two(np.mean(values), variance, len(values))
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= np.mean(values) <= found.high <= 1
    assert found.high - found.low > 0.05


def test_a_number_that_is_0_or_1_has_the_interval_of_a_share() -> None:
    values = [1.0] * 3 + [0.0] * 17
    found = mean(values)
    assert (found.low, found.high) == plus_two(0.15, np.var(values, ddof=1), 20)
    assert mean([*values[:-1], 2.0]).high != mean([*values[:-1], 2.0], share=True).high


def test_the_same_values_give_the_same_interval_and_a_scale_only_scales_it() -> None:
    x = RNG.lognormal(0, 1, 40)
    one, again, scaled = mean(x), mean(x), mean(1000 * x)
    assert one == again
    assert (scaled.low, scaled.high) == pytest.approx((1000 * one.low, 1000 * one.high))


def test_many_instances_have_students_t() -> None:
    x = RNG.lognormal(0, 1, MANY)
    assert (mean(x).low, mean(x).high) == pytest.approx(simulated.student(x))


@pytest.mark.parametrize("population", simulated.MEANS, ids=lambda one: one.name)
def test_the_interval_of_a_mean_covers_it(population: simulated.Population) -> None:
    """With 150 draws a true 90 % is seen as under 83 % in one of 400 settings."""
    for n in (20, 50):
        found = simulated.of_mean(population, n, 150, others=False)
        assert found.shares[0] >= 0.83, (population.name, n)


@pytest.mark.parametrize("population", simulated.DIFFERENCES, ids=lambda one: one.name)
def test_equal_arms_are_told_apart_as_rarely_as_stated(population: simulated.Population) -> None:
    found = simulated.of_difference(population, 20, 150)
    assert found.shares[0] >= 0.75  # of the few for which one is stated, where few differ
    assert found.apart <= 0.11 or population.truth != 0


@pytest.mark.parametrize("n", [7, 10])
def test_the_limits_are_where_the_exact_test_begins_to_reject(n: int) -> None:
    """The limits from all subsets are those where p passes 5 %; drawn ones come close."""
    d = np.random.default_rng(n).normal(0.4, 1, n)
    masks = np.array([mask for mask in product((0, 1), repeat=n) if any(mask)])
    means = np.sort(masks @ d / masks.sum(1))
    out = int(ALPHA / 2 * 2**n)
    low, high = means[out - 1], means[-out]
    assert sign_flip(d - (low - 1e-6)) <= ALPHA < sign_flip(d - (low + 1e-6))
    assert sign_flip(d - (high + 1e-6)) <= ALPHA < sign_flip(d - (high - 1e-6))
    assert subset_limits(d) == pytest.approx((low, high), abs=0.25)


def test_an_interval_excludes_zero_only_where_the_test_rejects() -> None:
    rejected = 0
    for seed in range(60):
        d = np.random.default_rng(seed).normal(0.35, 1, 30)
        found = change(np.zeros(30), d)
        assert found.p is not None
        assert found.low is not None
        assert found.high is not None
        if found.p > ALPHA:
            assert found.low <= 0 <= found.high
        rejected += found.p <= ALPHA
    assert 10 < rejected < 50


@pytest.mark.parametrize(
    ("differences", "share", "note"),
    [
        ([], False, "no instance in common"),
        ([np.nan, np.nan], False, "no instance in common"),
        ([1.0, 2.0, 3.0, 4.0, 5.0], False, "fewer than 6 instances differ: no interval"),
        (
            [1.0, 2.0, 3.0, 4.0, 5.0, *[0.0] * 50],
            False,
            "fewer than 6 instances differ: no interval",
        ),
        ([0.0] * 30, False, "fewer than 6 instances differ: no interval"),
        ([0.5] * 30, False, "all differences are equal: no interval"),
        ([0.0] * 30, True, ""),
        ([0.5] * 30, True, ""),
        ([0.5, 0.25], True, ""),
    ],
)
def test_few_or_equal_differences_have_no_interval_of_width_zero(
    differences: list[float], share: bool, note: str
) -> None:
    found = change(np.zeros(len(differences)), differences, share=share)
    assert found.note == note
    assert (found.low is None) == bool(note)
    if found.low is not None and found.high is not None:
        assert -1 <= found.low <= np.mean(differences) <= found.high <= 1
        assert found.high - found.low > 0.05


def test_an_instance_that_one_side_lacks_is_in_neither() -> None:
    base, arm = np.arange(10.0), np.arange(10.0) + np.linspace(1, 2, 10)
    found = change(np.append(base, [np.nan, 5]), np.append(arm, [3, np.nan]))
    assert (found.n, found.value) == (10, pytest.approx(1.5))
    assert found.differ == 10
    assert FEWEST <= 10

"""Paired differences: published examples, other implementations, coverage and size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import permutation_test
from statsmodels.stats.contingency_tables import mcnemar

from pilotbench.statistics.paired import Resample, agresti_min, contrast, sign_flip


def pairs(both, base_only, arm_only, neither):
    """Return (base, arm) outcomes of a 2 x 2 table of pairs."""
    base = [1] * both + [1] * base_only + [0] * arm_only + [0] * neither
    arm = [1] * both + [0] * base_only + [1] * arm_only + [0] * neither
    return np.array(base, float), np.array(arm, float)


def adjusted_wald(both, base_only, arm_only, neither):
    """Wald's interval for a matched pair as textbooks write it, 0.5 added to each cell."""
    b, c, n = base_only + 0.5, arm_only + 0.5, both + base_only + arm_only + neither + 2
    se = np.sqrt(b + c - (c - b) ** 2 / n) / n
    return (c - b) / n - 1.959964 * se, (c - b) / n + 1.959964 * se


# Agresti, Categorical Data Analysis, table 10.1 (794, 150, 86, 570), and small tables
TABLES = [(794, 150, 86, 570), (53, 8, 16, 9), (90, 3, 5, 2), (40, 0, 0, 10)]


@pytest.mark.parametrize("table", TABLES)
def test_agresti_min_is_the_adjusted_wald_interval(table):
    base, arm = pairs(*table)
    assert agresti_min(arm - base) == pytest.approx(adjusted_wald(*table), abs=1e-6)


def test_agresti_min_agrees_with_the_textbook_example_where_n_is_large():
    """Agresti (2002), section 10.1.1: 0.55 - 0.59 = -0.04, standard error 0.0095 by Wald."""
    base, arm = pairs(794, 150, 86, 570)
    assert agresti_min(arm - base) == pytest.approx(
        (-0.04 - 1.96 * 0.0095, -0.04 + 1.96 * 0.0095), abs=5e-4
    )


@pytest.mark.parametrize("table", TABLES)
def test_sign_flip_with_one_repeat_is_mcnemars_exact_test(table):
    base, arm = pairs(*table)
    both, b, c, neither = table
    expected = mcnemar([[both, b], [c, neither]], exact=True).pvalue
    assert sign_flip(arm - base) == pytest.approx(expected)


@pytest.mark.parametrize("denominator", [2, 3, 7])
def test_sign_flip_with_repeats_is_the_full_permutation_distribution(denominator):
    rng = np.random.default_rng(denominator)
    d = rng.integers(-denominator, denominator + 1, 12) / denominator + 1 / denominator
    full = permutation_test(
        (d,), lambda x, axis: x.mean(axis), permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip(d) == pytest.approx(full.pvalue)


def test_sign_flip_samples_where_differences_have_no_common_fraction():
    d = np.random.default_rng(1).normal(1.0, 1.0, 40)
    assert sign_flip(d) < 0.001


def test_sign_flip_of_equal_arms_is_one():
    assert sign_flip([0.0, 0.0]) == 1.0


def test_a_contrast_of_few_instances_has_no_p_value():
    base, arm = pairs(20, 2, 7, 20)
    found = contrast(base, arm, Resample(["t"] * 49))
    assert (found.p, found.test, found.n) == (None, "", 49)


def test_few_differing_instances_take_agresti_min_and_more_the_bootstrap():
    few, many = pairs(50, 4, 5, 41), pairs(50, 4, 6, 40)
    resample = Resample(["t"] * 100)
    assert contrast(*few, resample).interval == "Agresti-Min"
    assert contrast(*many, resample).interval == "bootstrap"


def test_a_missing_instance_is_left_out_of_both_arms():
    base, arm = pairs(50, 4, 16, 30)
    base = np.append(base, [np.nan, 1])
    arm = np.append(arm, [1, np.nan])
    found = contrast(base, arm, Resample(["t"] * 102))
    assert (found.n, found.difference) == (100, pytest.approx(0.12))


def test_the_test_is_named_after_the_repeats():
    base, arm = pairs(50, 4, 16, 30)
    resample = Resample(["t"] * 100)
    assert contrast(base, arm, resample).test == "McNemar's exact test"
    assert contrast(base, arm, resample, single=False).test == "sign-flip permutation"


def test_arms_share_one_resample_so_that_differences_add_up():
    resample = Resample(["a"] * 30 + ["b"] * 30)
    d = np.random.default_rng(3).choice([-1, 0, 1], 60).astype(float)
    assert resample.limits(d) == resample.limits(d.copy())
    low, high = resample.limits(-d)
    assert (-high, -low) == pytest.approx(resample.limits(d))


def test_instances_that_differ_between_strata_alone_have_no_width():
    resample = Resample(["a"] * 30 + ["b"] * 30)
    assert resample.limits([1.0] * 30 + [0.0] * 30) == pytest.approx((0.5, 0.5))


def test_strata_of_one_instance_are_drawn_together():
    low, high = Resample(list("abcdefghijklmnopqrst")).limits([0.0, 1.0] * 10)
    assert low < 0.4 < 0.6 < high


def outcomes(rng, chances, repeats):
    return rng.binomial(repeats, chances) / repeats


@pytest.mark.parametrize(("repeats", "spread"), [(1, 2.0), (3, 2.0), (5, 0.5)])
def test_limits_of_a_difference_cover_it_as_often_as_they_say(repeats, spread):
    """Five tasks of twenty instances; the arm is better by a fifth of what the base misses."""
    rng = np.random.default_rng(14)
    resample = Resample(np.repeat(list("abcde"), 20), draws=800)
    covered, draws = 0, 1200
    for _ in range(draws):
        chance = rng.beta(0.6 * spread, 0.4 * spread, 100)
        base = outcomes(rng, chance, repeats)
        arm = outcomes(rng, chance + 0.2 * (1 - chance), repeats)
        found = contrast(base, arm, resample)
        covered += found.low <= 0.2 * 0.4 <= found.high
    assert 0.93 <= covered / draws <= 0.97


@pytest.mark.parametrize(("worse", "better"), [(0.03, 0.03), (0.01, 0.05), (0.02, 0.06)])
def test_limits_cover_where_few_instances_differ(worse, better):
    """The two kinds of interval together: fewer than ten differ in 73 to 93 % of these draws."""
    rng = np.random.default_rng(3)
    resample = Resample(np.repeat(list("abcde"), 20), draws=800)
    kinds, covered, draws = set(), 0, 1200
    for _ in range(draws):
        d = rng.choice([-1.0, 0.0, 1.0], p=[worse, 1 - worse - better, better], size=100)
        found = contrast(np.zeros(100), d, resample)
        covered += found.low <= better - worse <= found.high
        kinds.add(found.interval)
    assert kinds == {"Agresti-Min", "bootstrap"}
    assert 0.93 <= covered / draws <= 0.97


@pytest.mark.parametrize(("repeats", "n"), [(1, 400), (3, 100), (5, 100)])
def test_the_test_rejects_a_true_null_as_often_as_it_says(repeats, n):
    rng = np.random.default_rng(15)
    rejected, draws = 0, 2000
    for _ in range(draws):
        chance = rng.beta(1.0, 1.0, n)
        d = outcomes(rng, chance, repeats) - outcomes(rng, chance, repeats)
        rejected += sign_flip(d) <= 0.05
    assert 0.03 <= rejected / draws <= 0.07

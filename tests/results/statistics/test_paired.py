"""Paired differences: published examples, other implementations, coverage and size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, permutation_test
from statsmodels.stats.contingency_tables import mcnemar

from pilotbench.results.statistics.paired import contrast, paired_limits, sign_flip, undecided


def pairs(both, base_only, arm_only, neither):
    """Return (base, arm) outcomes of a 2 x 2 table of pairs."""
    base = [1] * both + [1] * base_only + [0] * arm_only + [0] * neither
    arm = [1] * both + [0] * base_only + [1] * arm_only + [0] * neither
    return np.array(base, float), np.array(arm, float)


def adjusted_wald(both, base_only, arm_only, neither):
    """Wald's interval for a matched pair as textbooks write it, 1 added to each discordant cell."""
    b, c, n = base_only + 1, arm_only + 1, both + base_only + arm_only + neither + 2
    se = np.sqrt(b + c - (c - b) ** 2 / n) / n
    return (c - b) / n - 1.959964 * se, (c - b) / n + 1.959964 * se


# Agresti, Categorical Data Analysis, table 10.1 (794, 150, 86, 570), and small tables
TABLES = [(794, 150, 86, 570), (53, 8, 16, 9), (90, 3, 5, 2), (40, 0, 0, 10)]


@pytest.mark.parametrize("table", TABLES)
def test_limits_are_the_adjusted_wald_interval(table):
    base, arm = pairs(*table)
    assert paired_limits(arm - base) == pytest.approx(adjusted_wald(*table), abs=1e-6)


def test_limits_agree_with_the_textbook_example_where_n_is_large():
    """Agresti (2002), section 10.1.1: 0.55 - 0.59 = -0.04, standard error 0.0095 by Wald."""
    base, arm = pairs(794, 150, 86, 570)
    assert paired_limits(arm - base) == pytest.approx(
        (-0.04 - 1.96 * 0.0095, -0.04 + 1.96 * 0.0095), abs=5e-4
    )


@pytest.mark.parametrize("wins", range(1, 12))
def test_limits_contain_zero_if_the_exact_test_does_not_reject(wins):
    """All differing instances in one direction: 5 of 5 has p 0.0625, 6 of 6 has 0.031."""
    base, arm = pairs(50, 0, wins, 50 - wins)
    found = contrast(base, arm)
    assert (found.low <= 0) == (found.p > 0.05)


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


@pytest.mark.parametrize("n", [5, 12, 13, 16])
@pytest.mark.parametrize("side", ["two-sided", "greater"])
def test_differences_without_a_common_fraction_have_all_patterns(n: int, side: str) -> None:
    d = np.random.default_rng(n).normal(0.3, 1.0, n)
    full = permutation_test(
        (d,),
        lambda x, axis: x.mean(axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
        alternative=side,
    )
    found = sign_flip(d, one_sided=side == "greater")
    assert found == pytest.approx(full.pvalue, abs=0.001)


def test_a_clear_difference_has_a_p_that_a_large_family_can_use() -> None:
    d = np.random.default_rng(1).normal(1.0, 1.0, 60)
    assert 2.0**-59 <= sign_flip(d) < 1e-7
    assert sign_flip(np.abs(d)) == pytest.approx(2.0**-59, rel=0.01)
    assert sign_flip(-np.abs(d), one_sided=True) == pytest.approx(1.0)


@pytest.mark.parametrize("n", [2_000, 40_000])
def test_many_differences_agree_with_the_normal_approximation(n: int) -> None:
    d = np.random.default_rng(2).normal(0.0, 1.0, n) + 2.2 / np.sqrt(n)
    z = d.sum() / np.sqrt((d**2).sum())
    assert sign_flip(d) == pytest.approx(2 * norm.sf(abs(z)), rel=0.03)


def test_sign_flip_of_equal_arms_is_one():
    assert sign_flip([0.0, 0.0]) == 1.0


@pytest.mark.parametrize("n", [1, 5, 49, 50])
def test_every_number_of_instances_is_tested(n):
    found = contrast(np.zeros(n), np.ones(n))
    assert (found.p, found.n) == (pytest.approx(min(1.0, 2 * 0.5**n)), n)


def test_one_of_forty_and_39_of_forty_are_distinguished():
    base, arm = pairs(1, 0, 38, 1)
    assert contrast(base, arm).p == pytest.approx(7.3e-12, rel=0.01)


def test_one_sided_asks_for_a_positive_difference_only():
    assert sign_flip([1, 1, 1, 1, 1], one_sided=True) == pytest.approx(0.5**5)
    assert sign_flip([-1, -1, -1], one_sided=True) == 1.0
    assert sign_flip([0.5, 1.0, 0.5], one_sided=True) == pytest.approx(0.125)


def test_owed_episodes_give_worst_cases_and_no_conclusion():
    base, arm = ([0.0, 1.0, 0.0], [0.0, 1.0, 1.0]), ([1.0, 0.0, 0.0], [1.0, 1.0, 0.0])
    found = undecided(base, arm, owed=2)
    assert (found.lower, found.upper) == pytest.approx((-1 / 3, 1 / 3))
    assert (found.difference, found.low, found.p, found.n, found.owed) == (None, None, None, 3, 2)


def test_a_missing_instance_is_left_out_of_both_arms():
    base, arm = pairs(50, 4, 16, 30)
    base = np.append(base, [np.nan, 1])
    arm = np.append(arm, [1, np.nan])
    found = contrast(base, arm)
    assert (found.n, found.difference) == (100, pytest.approx(0.12))


def test_the_test_is_named_after_the_repeats():
    base, arm = pairs(50, 4, 16, 30)
    assert contrast(base, arm).test == "McNemar's exact test"
    assert contrast(base, arm, single=False).test == "sign-flip permutation"


def outcomes(rng, chances, repeats):
    return rng.binomial(repeats, chances) / repeats


@pytest.mark.slow
@pytest.mark.parametrize(("repeats", "n"), [(1, 400), (3, 100), (5, 100)])
def test_the_test_rejects_a_true_null_as_often_as_stated(repeats, n):
    rng = np.random.default_rng(15)
    rejected, draws = 0, 2000
    for _ in range(draws):
        chance = rng.beta(1.0, 1.0, n)
        d = outcomes(rng, chance, repeats) - outcomes(rng, chance, repeats)
        rejected += sign_flip(d) <= 0.05
    assert 0.03 <= rejected / draws <= 0.07

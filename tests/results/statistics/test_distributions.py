"""The quick forms agree with the libraries that they replace."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest, norm, t
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from pilotbench.results.statistics import distributions, intervals, multiple, paired


def test_quantiles_and_tails_are_those_of_scipy_stats() -> None:
    freedom = np.arange(1, 60)
    assert distributions.normal_quantile(0.975) == pytest.approx(norm.ppf(0.975), rel=1e-14)
    assert distributions.normal_tail(6.1) == pytest.approx(norm.sf(6.1), rel=1e-12)
    assert distributions.t_quantile(0.975, freedom) == pytest.approx(t.ppf(0.975, freedom))
    heads, tosses = np.array([0, 1, 3, 0, 40]), np.array([0, 1, 5, 4, 50])
    assert distributions.coin_tail(heads, tosses) == pytest.approx(binom.sf(heads - 1, tosses, 0.5))


@pytest.mark.parametrize(("k", "n"), [(1, 2), (3, 7), (10, 10), (0, 5), (61, 200), (250, 500)])
def test_wilson_and_the_sign_test_are_those_of_the_libraries(k: int, n: int) -> None:
    low, high = proportion_confint(k, n, method="wilson")
    expected = (0.0 if k == 0 else low, 1.0 if k == n else high)
    assert [float(one) for one in intervals.wilson(k / n, n)] == pytest.approx(expected)
    signs = np.where(np.arange(n) < k, 1.0, -1.0)
    for one_sided, name in ((True, "greater"), (False, "two-sided")):
        p = binomtest(k, n, alternative=name).pvalue
        assert paired.sign_flip(signs, one_sided=one_sided) == pytest.approx(p, rel=1e-9)


def test_holm_is_that_of_statsmodels_and_leaves_out_what_was_not_tested() -> None:
    p = list(np.random.default_rng(1).random(30) ** 3)
    assert multiple.holm(p) == pytest.approx(list(multipletests(p, method="holm")[1]))
    assert multiple.holm([None, 0.01, 0.5, None, 0.04, 0.04]) == [
        None, *(pytest.approx(one) for one in (0.04, 0.5)), None, *[pytest.approx(0.12)] * 2,
    ]  # fmt: skip

"""pass@k, pass^k and the split of variance."""

from __future__ import annotations

import numpy as np
import pytest

from pilotbench.results.statistics.repeats import pass_all, pass_at, variance_split


def codex_pass_at(n, c, k):
    """The product form that Chen et al. (2021) print next to their equation."""
    return 1.0 if n - c < k else 1.0 - float(np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))


@pytest.mark.parametrize(("n", "c", "k"), [(5, 0, 1), (5, 2, 1), (5, 2, 3), (10, 3, 5), (5, 4, 5)])
def test_pass_at_k_is_the_published_estimator(n, c, k):
    assert pass_at(k, n, c) == pytest.approx(codex_pass_at(n, c, k))


@pytest.mark.parametrize(
    ("k", "at", "every"), [(1, 0.5, 0.5), (2, 5 / 6, 1 / 6), (4, 1.0, 0.0), (5, None, None)]
)
def test_k_runs_up_to_the_completed_repeats(k, at, every):
    assert pass_at(k, 4, 2) == (at if at is None else pytest.approx(at))
    assert pass_all(k, 4, 2) == (every if every is None else pytest.approx(every))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_both_are_unbiased(k):
    rng = np.random.default_rng(k)
    counts = rng.binomial(5, 0.6, 20_000)
    found = [np.mean([value(k, 5, int(c)) for c in counts]) for value in (pass_at, pass_all)]
    assert found == pytest.approx([1 - 0.4**k, 0.6**k], abs=0.01)


# O. L. Davies, P. L. Goldsmith (1972), table 6.1, the Dyestuff data of R's lme4
DYESTUFF = [
    [1545, 1440, 1440, 1520, 1580],
    [1540, 1555, 1490, 1560, 1495],
    [1595, 1550, 1605, 1510, 1560],
    [1445, 1440, 1595, 1465, 1545],
    [1595, 1630, 1515, 1635, 1625],
    [1520, 1455, 1450, 1480, 1445],
]


def test_variance_split_gives_the_published_components():
    found = variance_split(DYESTUFF)
    assert found.within == pytest.approx(2451.25)
    assert found.between == pytest.approx(1764.05)
    assert found.share_between == pytest.approx(1764.05 / (1764.05 + 2451.25))


def test_variance_split_takes_unequal_repeats_and_is_never_negative():
    assert variance_split([[0, 1], [1, 0, 1], [0, 1]]).between == 0.0


@pytest.mark.parametrize("outcomes", [[], [[1, 0]], [[1], [0]]])
def test_no_split_without_repeats(outcomes):
    assert variance_split(outcomes) is None


def test_no_share_without_variance():
    assert variance_split([[1, 1], [1, 1]]).share_between is None

"""Krippendorff's alpha: the textbook's data, another implementation, limits with few units."""

from __future__ import annotations

import evalica
import numpy as np
import pandas as pd
import pytest

from pilotbench.results.statistics.agreement import Level, agreement

NAN = np.nan
# K. Krippendorff, Computing Krippendorff's alpha-reliability (2011), section D: four observers
RELIABILITY = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T


@pytest.mark.parametrize(
    ("level", "value"), [(Level.NOMINAL, 0.743), (Level.ORDINAL, 0.815), (Level.INTERVAL, 0.849)]
)
def test_alpha_is_that_of_the_textbook(level, value):
    found = agreement(RELIABILITY, range(12), level)
    assert found.alpha == pytest.approx(value, abs=5e-4)
    assert found.low < found.alpha < found.high <= 1
    assert found.units == 11  # the last one has a single rating


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("seed", range(5))
def test_alpha_equals_that_of_evalica_with_missing_ratings(level, seed):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 4, (30, 3)).astype(float)
    table[:, 1] = np.where(rng.random(30) < 0.7, table[:, 0], table[:, 1])
    table[rng.random(table.shape) < 0.2] = NAN
    expected = evalica.alpha(pd.DataFrame(table.T), distance=level.value).alpha
    assert agreement(table, range(30), level).alpha == pytest.approx(expected)


def test_the_share_of_equal_pairs_is_given_beside_alpha():
    table = [[1, 1]] * 95 + [[1, 0]] * 5
    found = agreement(table, range(100))
    assert found.same == pytest.approx(0.95)
    assert found.alpha == pytest.approx(-0.02, abs=0.01)  # chance would agree as much


@pytest.mark.parametrize(
    ("table", "units"), [([[1, NAN], [NAN, 0]], 0), ([], 0), ([[1, 1], [1, 1]], 2)]
)
def test_without_pairs_or_without_two_values_there_is_no_alpha(table, units):
    found = agreement(np.reshape(np.array(table, float), (-1, 2)), range(len(table)))
    assert (found.alpha, found.low, found.high, found.units) == (None, None, None, units)


def test_twenty_units_that_all_agree_do_not_prove_agreement():
    found = agreement([[1, 1]] * 10 + [[0, 0]] * 10, range(20))
    assert (found.alpha, found.high) == (1.0, 1.0)
    assert found.low < 0.75


def test_replies_to_one_question_are_not_independent():
    rng = np.random.default_rng(3)
    wrong = rng.random(30) < 0.3  # the judge errs on all replies to some questions
    person = rng.integers(0, 2, (30, 6))
    judge = np.where(wrong[:, None], 1 - person, person)
    table = np.column_stack([person.ravel(), judge.ravel()])
    question = np.repeat(np.arange(30), 6)
    together, apart = agreement(table, question), agreement(table, range(180))
    assert together.alpha == apart.alpha
    assert together.high - together.low > 1.8 * (apart.high - apart.low)


def test_an_ordinal_scale_counts_a_near_miss_less_than_a_far_one():
    near = [[1, 2], [3, 3], [5, 4], [1, 1], [5, 5], [2, 2]]
    far = [[1, 5], [3, 3], [5, 1], [1, 1], [5, 5], [2, 2]]
    ordinal = [agreement(table, range(6), Level.ORDINAL).alpha for table in (near, far)]
    nominal = [agreement(table, range(6)).alpha for table in (near, far)]
    assert ordinal[0] > 0.8 > 0.3 > ordinal[1]
    assert abs(nominal[0] - nominal[1]) < 0.1

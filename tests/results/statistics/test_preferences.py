"""Ratings by Bradley and Terry's model: closed forms, ties, missing pairs, limits."""

from __future__ import annotations

import numpy as np
import pytest

from pilotbench.results.statistics.preferences import ratings


def comparisons(models, *results):
    """Return outcomes, a question each: (i, j, share of i)."""
    wins = np.zeros((len(results), models, models))
    for question, (i, j, share) in enumerate(results):
        wins[question, i, j], wins[question, j, i] = share, 1 - share
    return wins


def test_two_models_have_the_share_of_comparisons_that_they_won():
    found = ratings(comparisons(2, *[(0, 1, 1)] * 6, *[(0, 1, 0)] * 2, *[(0, 1, 0.5)] * 4))
    assert [r.value for r in found.ratings] == pytest.approx([8 / 12, 4 / 12], abs=1e-5)
    assert found.chances[0, 1] == pytest.approx(8 / 12, abs=1e-5)


def test_strengths_explain_pairs_that_never_met():
    """a beats b 3 to 1 and b beats c 3 to 1: odds multiply, so a beats c 9 to 1."""
    pairs = [(0, 1, 1)] * 30 + [(0, 1, 0)] * 10 + [(1, 2, 1)] * 30 + [(1, 2, 0)] * 10
    found = ratings(comparisons(3, *pairs))
    assert found.chances[0, 2] == pytest.approx(0.9, abs=1e-3)
    assert found.ratings[0].value == pytest.approx((0.75 + 0.9) / 2, abs=1e-3)


def test_in_a_full_tournament_the_rating_is_the_share_won():
    rng = np.random.default_rng(4)
    wins = np.zeros((60, 4, 4))
    for i, j in zip(*np.triu_indices(4, 1), strict=True):
        wins[:, i, j] = rng.choice([0, 0.5, 1], 60)
        wins[:, j, i] = 1 - wins[:, i, j]
    share = wins.sum((0, 2)) / 180
    assert [r.value for r in ratings(wins).ratings] == pytest.approx(list(share), abs=1e-5)


def test_a_model_that_wins_everything_has_limits():
    found = ratings(comparisons(2, *[(0, 1, 1)] * 10))
    assert found.ratings[0].value == pytest.approx(1.0, abs=1e-5)
    assert 0.6 < found.ratings[0].low < 0.9
    assert found.ratings[0].high == 1.0


def test_models_that_no_comparison_connects_have_no_ratings():
    found = ratings(comparisons(4, *[(0, 1, 1)] * 9, *[(2, 3, 1)] * 9))
    assert not found.connected
    assert [r.value for r in found.ratings] == [None] * 4


def test_comparisons_of_one_question_are_one_unit():
    rng = np.random.default_rng(5)
    outcome = rng.integers(0, 2, 20)
    alone = ratings(comparisons(2, *[(0, 1, share) for share in outcome]))
    weighty = ratings(5 * comparisons(2, *[(0, 1, share) for share in outcome]))
    widths = [found.ratings[0].high - found.ratings[0].low for found in (alone, weighty)]
    assert widths[1] > 0.85 * widths[0]
    assert alone.ratings[0].n == 20

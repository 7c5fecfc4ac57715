"""Rates that are corrected for a judge's errors: arithmetic by hand, limits, what is assumed."""

from __future__ import annotations

import numpy as np
import pytest

from pilotbench.results.statistics.corrected import corrected, difference
from pilotbench.results.statistics.intervals import wilson
from pilotbench.results.statistics.judge_errors import Judged
from support.labelled import replies

NAN = np.nan


def test_the_corrected_rate_is_the_share_of_right_replies_in_each_stratum():
    """60 judged right, of 50 labels 80 % right; 40 judged wrong, of 20 labels 25 % right."""
    found = corrected(replies(40, 10, 5, 15, more_right=10, more_wrong=20))
    assert found.value == pytest.approx(0.6 * 0.8 + 0.4 * 0.25)
    assert found.low < 0.58 < found.high


def test_with_every_reply_labelled_it_is_the_rate_of_the_labels():
    found = corrected(replies(70, 10, 40, 80))
    low, high = wilson(110 / 200, 200)
    assert found.value == pytest.approx(0.55)
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), abs=0.004)


def test_a_perfect_judge_gives_nearly_the_width_of_labelling_everything():
    few, all_ = corrected(replies(50, 0, 0, 50, 450, 450)), corrected(replies(500, 0, 0, 500))
    assert few.high - few.low < 1.25 * (all_.high - all_.low)


def test_labels_of_one_verdict_only_leave_the_other_open():
    found = corrected(replies(20, 0, 0, 0, more_right=30, more_wrong=50))
    assert found.low < 0.55
    assert found.high == pytest.approx(1.0, abs=0.05)


def test_no_label_no_corrected_rate():
    assert corrected(replies(0, 0, 0, 0, 5, 5)) is None


def test_the_number_of_labels_that_are_missing_is_enough():
    """With as many labels more, in the same proportions, the limits are 5 points either side."""
    found = corrected(replies(24, 6, 4, 16, more_right=570, more_wrong=380))
    assert (found.high - found.low) / 2 > 0.08
    times = (50 + found.needed) / 50
    a, b, c, d = (round(count * times) for count in (24, 6, 4, 16))
    again = corrected(replies(a, b, c, d, 600 - a - b, 400 - c - d))
    assert (again.high - again.low) / 2 == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize(
    ("of", "needed"),
    [
        (replies(20, 0, 0, 20, 20, 20), None),  # labelling all 80 would not do
        (replies(600, 0, 0, 600), 0),
    ],
    ids=["too few questions", "enough"],
)
def test_labels_are_missing_only_where_they_would_help(of, needed):
    assert corrected(of).needed == needed


def test_repeats_of_a_question_that_agree_widen_the_limits():
    once = replies(40, 10, 10, 40)
    thrice = Judged(np.tile(once.question, 3), np.tile(once.right, 3), np.tile(once.label, 3))
    assert corrected(thrice).high - corrected(thrice).low == pytest.approx(
        corrected(once).high - corrected(once).low, rel=0.05
    )


def drawn(rng, truth, sensitivity, specificity, labels):
    draw = rng.random(truth.size)
    right = np.where(truth, draw < sensitivity, draw >= specificity)
    label = np.where(np.arange(truth.size) < labels, truth, NAN)
    return Judged(np.arange(truth.size), right, label)


def test_a_judge_that_favours_a_model_does_not_favour_the_corrected_difference():
    """Both models are right on half of the questions; the judge excuses half of b's errors."""
    rng = np.random.default_rng(8)
    a = drawn(rng, rng.random(1000) < 0.5, 0.95, 0.95, 200)
    b = drawn(rng, rng.random(1000) < 0.5, 0.95, 0.5, 200)
    assert b.right.mean() - a.right.mean() > 0.15
    found = difference(corrected(a), corrected(b))
    assert found.low < 0 < found.high
    assert found.p > 0.05


def test_a_true_difference_is_found():
    rng = np.random.default_rng(9)
    a = drawn(rng, rng.random(1000) < 0.4, 0.9, 0.9, 300)
    b = drawn(rng, rng.random(1000) < 0.7, 0.9, 0.9, 300)
    found = difference(corrected(a), corrected(b))
    assert found.low > 0.15
    assert found.high < 0.45
    assert found.p < 1e-4


def test_shared_questions_make_a_difference_narrower():
    rng = np.random.default_rng(10)
    truth = rng.random(500) < 0.5
    a, b = (corrected(drawn(rng, truth, 0.95, 0.95, 500)) for _ in "ab")
    c = corrected(drawn(rng, rng.random(500) < 0.5, 0.95, 0.95, 500))
    same, other = difference(a, b), difference(a, c)
    assert (same.high - same.low) < 0.6 * (other.high - other.low)

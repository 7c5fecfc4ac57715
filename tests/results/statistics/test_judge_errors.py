"""A judge's errors by labels of people, and the rate of a model without labels."""

from __future__ import annotations

import numpy as np
import pytest

from pilotbench.results.statistics.intervals import Interval, wilson
from pilotbench.results.statistics.judge_errors import (
    confusion,
    effective,
    errors_differ,
    judged,
    rogan_gladen,
)
from support.labelled import replies


def test_verdicts_meet_labels():
    found = confusion(replies(40, 10, 5, 45, more_right=7))
    assert (found.right_right, found.right_wrong) == (40, 10)
    assert (found.wrong_right, found.wrong_wrong) == (5, 45)
    assert found.sensitivity.value == pytest.approx(40 / 45)
    assert found.specificity.value == pytest.approx(45 / 55)
    assert (found.sensitivity.low, found.sensitivity.high) == pytest.approx(
        [float(x) for x in wilson(40 / 45, 45)], abs=0.01
    )


def test_a_reply_that_people_disagree_about_counts_half_on_both_sides():
    found = confusion(judged("abc", [True, True, False], [1, 0.5, 0]))
    assert (found.right_right, found.right_wrong, found.wrong_wrong) == (1.5, 0.5, 1)


def test_without_wrong_replies_the_specificity_is_unknown():
    found = confusion(replies(10, 0, 2, 0))
    assert found.specificity == Interval(None, None, None)


def test_errors_on_whole_questions_are_worth_fewer_replies():
    rng = np.random.default_rng(0)
    question = np.repeat(np.arange(40), 5)
    alike = np.repeat(rng.random(40) < 0.7, 5)
    apart = rng.random(200) < 0.7
    assert 30 < effective(alike, np.ones(200), question) < 60
    assert effective(apart, np.ones(200), question) > 130


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_rogan_gladen_inverts_the_errors_of_a_judge(rate):
    sensitivity, specificity = Interval(0.9, 0.85, 0.94, 5000), Interval(0.8, 0.75, 0.85, 5000)
    seen = rate * 0.9 + (1 - rate) * 0.2
    found = rogan_gladen(seen, 100_000, sensitivity, specificity)
    assert found.value == pytest.approx(rate)
    assert found.low < rate < found.high
    assert found.high - found.low < 0.05


@pytest.mark.parametrize(
    ("sensitivity", "specificity"),
    [
        (Interval(0.6, 0.4, 0.8, 20), Interval(0.5, 0.3, 0.7, 20)),
        (Interval(None, None, None), Interval(0.9, 0.8, 1.0, 50)),
    ],
    ids=["no better than chance", "no right reply labelled"],
)
def test_a_judge_of_unknown_skill_corrects_nothing(sensitivity, specificity):
    found = rogan_gladen(0.7, 200, sensitivity, specificity)
    assert (found.value, found.low, found.high) == (None, 0.0, 1.0)


def test_errors_that_differ_by_model_are_found():
    alike = {"a": replies(40, 5, 5, 40), "b": replies(38, 6, 7, 39), "c": replies(41, 5, 4, 40)}
    assert errors_differ(alike) > 0.5
    assert errors_differ(alike | {"c": replies(45, 25, 0, 20)}) < 0.001
    assert errors_differ({"a": alike["a"]}) is None


def test_a_judge_that_never_errs_gives_no_test():
    assert errors_differ({"a": replies(40, 0, 0, 40), "b": replies(10, 0, 0, 5)}) is None

"""Intervals and tests have their nominal levels: a small part of the simulation."""

from __future__ import annotations

import numpy as np
import pytest

from support import coverage


@pytest.mark.parametrize(
    ("settings", "draws", "worst"),
    [(coverage.of_rates, 400, 0.91), (coverage.of_pass_all, 400, 0.88)],
)
def test_intervals_with_repeats_cover_the_truth_in_every_setting(settings, draws, worst):
    """With 400 draws a true 94 % is seen as under 91 % in one of 200 settings."""
    found = np.array(list(settings(draws)))[:, 1]
    assert found.min() >= worst
    assert found.mean() >= 0.95


@pytest.mark.slow
def test_the_interval_of_a_difference_covers_it_in_every_setting():
    found = np.array(list(coverage.of_differences(60)))[:, 1]
    assert found.min() >= 0.85
    assert found.mean() >= 0.95


def test_equal_models_are_distinguished_as_rarely_as_stated():
    found = np.array(list(coverage.of_level(150)))[:, 1]
    assert found.max() <= 0.10
    assert found.mean() <= 0.05


def test_equal_models_whose_failures_are_owed_are_never_distinguished():
    before, now = coverage.owed_rejections(np.random.default_rng(5), 60, 200, 0.6, 1.0)
    assert before > 0.9
    assert now == 0.0

"""Intervals that use labels cover the truth: a small part of the simulation."""

from __future__ import annotations

import pytest

from support import judge_coverage as coverage


@pytest.mark.parametrize(
    ("settings", "draws", "worst", "mean"),
    [
        (coverage.of_few, 100, 0.88, 0.94),
        (coverage.of_chosen, 100, 0.88, 0.93),
        (coverage.of_repeats, 100, 0.86, 0.93),
        (coverage.of_test, 100, 0.80, 0.90),
    ],
)
def test_intervals_hold_in_every_setting(settings, draws, worst, mean):
    """With 100 draws a true 95 % is seen as under 88 % in one of 300 settings."""
    found = coverage.table(settings(draws))
    kept = next(of for name, of in found.items() if not name.startswith("•"))[:, 0]
    assert kept.min() >= worst
    assert kept.mean() >= mean


def test_uncorrected_verdicts_and_a_shortcut_do_not_cover():
    """Labels that are chosen by the verdict make sensitivity and specificity wrong."""
    found = coverage.table(coverage.of_chosen(60))
    assert found["• sensitivity, specificity of those"][:, 0].mean() < 0.5


def test_the_report_has_a_line_per_interval(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["judge_coverage", "--draws", "5", "--only", "of_few"])
    assert coverage.main() == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("5 to 20 labels")

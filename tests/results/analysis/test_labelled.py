"""Verdicts against labels: how often a judge errs, and how far raters agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pilotbench.results.analysis.labelled import TOGETHER, judges_table, raters_table
from pilotbench.results.analysis.model import report
from pilotbench.results.analysis.scores import prepared
from support.judged_data import (
    judged,
    label_of,
    labels_frame,
    verdicts_by,
    verdicts_frame,
)


def test_people_who_disagree_count_half_on_both_sides():
    data, _ = judged(questions=20, labels=0)
    rows = [data.episodes.iloc[place] for place in range(4)]
    labels = [label_of(row, rater, right=right) for row in rows for rater, right in
              (("Ada", True), ("Bo", True), ("Cy", False))]  # fmt: skip
    labels += [label_of(rows[0], "Di", right=False)]
    [row] = judges_table(
        (one := replace(data, labels=labels_frame(labels))), prepared(one)
    ).to_dict("records")
    sums = [row[name] for name in ("right_right", "right_wrong", "wrong_right", "wrong_wrong")]
    assert (row["labelled"], sum(sums)) == (4, 4)
    assert sums[1] + sums[3] == 0.5
    [people] = raters_table(one).to_dict("records")
    assert (people["between"], people["raters"], people["replies"]) == ("people", 4, 4)


def panel(data, truth):
    """Return data with a good judge, a bad one, and one that always agrees with itself."""
    rng = np.random.default_rng(3)
    right = dict(zip(data.episodes["episode"], truth, strict=True))
    rows = verdicts_by(data, "good", lambda row: right[row["episode"]] != (rng.random() < 0.05))
    rows += verdicts_by(data, "bad", lambda row: bool(rng.random() < 0.5))
    rows += verdicts_by(data, "bad", lambda row: bool(rng.random() < 0.5), repeat=1)
    return replace(data, verdicts=verdicts_frame(rows))


def test_each_judge_of_a_panel_has_its_own_errors():
    data, truth = judged(labels=100)
    data = panel(data, truth)
    table = judges_table(data, prepared(data)).set_index("judge")
    assert list(table.index) == [TOGETHER, "good", "bad"]
    assert table.loc["good", "sensitivity"] > 0.85
    assert table.loc["good", "alpha"] > 0.8
    assert table.loc["bad", "alpha"] < 0.2
    raters = raters_table(data).set_index("between")
    assert list(raters.index) == ["judges", "repeats of bad"]
    assert raters.loc["repeats of bad", "alpha"] == pytest.approx(0, abs=0.15)
    assert (raters["of"] == "right").all()


def test_one_judge_has_its_name_instead():
    data, _ = judged(labels=100)
    rows = verdicts_by(data, "good", lambda row: True)
    table = judges_table((one := replace(data, verdicts=verdicts_frame(rows))), prepared(one))
    assert list(table["judge"]) == ["good"]


def test_scores_of_people_are_compared_on_their_scale():
    data, _ = judged(questions=40, labels=0)
    rng = np.random.default_rng(5)
    labels = []
    for _, row in data.episodes.iterrows():
        score = rng.integers(0, 5) / 4
        labels.append(label_of(row, "Ada", right=score == 1, score=score))
        near = min(1.0, max(0.0, score + rng.choice([-0.25, 0, 0.25])))
        labels.append(label_of(row, "Bo", right=near == 1, score=near))
    table = raters_table(replace(data, labels=labels_frame(labels))).set_index("of")
    assert table.loc["score", "level"] == "ordinal"
    assert table.loc["score", "alpha"] > table.loc["right", "alpha"]
    assert table.loc["score", "alpha"] > 0.8


@pytest.mark.slow
def test_the_report_has_the_tables_only_where_there_are_labels():
    data, _ = judged(questions=40, labels=20)
    names = {"corrected", "judges", "contrasts_corrected"}
    assert names <= report(data).tables.keys()
    shown = report(data).tables["corrected"].frame
    assert list(shown)[:4] == ["task", "model", "protocol", "prompt"]
    without = report(replace(data, labels=pd.DataFrame())).tables
    assert not names & without.keys()

"""What a judge's errors do to rates, and what is left of it in corrected ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pilotbench.results.analysis.corrected_rates import (
    OWN,
    POOLED,
    corrected_differences,
    corrected_table,
)
from pilotbench.results.analysis.labelled import SCORER, judges_table
from pilotbench.results.analysis.scores import prepared
from support.judged_data import RATES, judged


def corrected_of(data):
    return corrected_table(data, prepared(data)).set_index("model")


def test_a_mild_judge_is_corrected_to_the_truth():
    """It calls 40 % of wrong replies right, so the weak model seems 24 points better."""
    data, truth = judged(errors=(0.95, 0.6), labels=120)
    table = corrected_of(data)
    for model, rate in RATES.items():
        row = table.loc[model]
        assert (row["replies"], row["labelled"], row["from"]) == (300, 120, OWN)
        mine = truth[data.episodes["model"].astype(str) == model].mean()
        assert row["corrected_low"] <= mine <= row["corrected_high"]
        assert abs(row["corrected"] - rate) < 0.08
    assert table.loc["weak", "verdict_rate_low"] > RATES["weak"] + 0.1


def test_a_judge_that_favours_one_model_does_not_turn_the_ranking():
    data, _ = judged(
        errors={"strong": (0.8, 0.95), "middle": (0.8, 0.95), "weak": (0.99, 0.3)}, labels=150
    )
    table = corrected_of(data)
    assert table.loc["weak", "verdict_rate"] > table.loc["strong", "verdict_rate"]
    assert table["corrected"].idxmax() == "strong"
    [row] = judges_table(data, prepared(data)).to_dict("records")
    assert (row["judge"], row["labelled"]) == (SCORER, 450)
    assert row["p_models_alike"] < 0.001
    differences = corrected_differences(data, prepared(data)).set_index(["base", "arm"])
    assert differences.loc[("strong", "weak"), "high"] < 0
    assert differences.loc[("strong", "weak"), "p_holm"] < 0.01


def test_a_model_without_labels_is_corrected_by_those_of_others_and_this_is_said():
    data, truth = judged(labels={"strong": 100, "middle": 100, "weak": 0})
    row = corrected_of(data).loc["weak"]
    assert (row["from"], row["labelled"]) == (POOLED, 0)
    assert row["note"] == "assumes that the judge errs on this model as on the labelled ones"
    mine = truth[data.episodes["model"].astype(str) == "weak"].mean()
    assert row["corrected_low"] < mine < row["corrected_high"]


def test_errors_that_differ_are_not_carried_over():
    data, _ = judged(
        errors={"strong": (0.95, 0.95), "middle": (0.95, 0.3), "weak": (0.9, 0.9)},
        labels={"strong": 150, "middle": 150, "weak": 0},
    )
    row = corrected_of(data).loc["weak"]
    assert np.isnan(row["corrected"])
    assert row["note"].startswith("the judge errs differently on the models (p = ")


@pytest.mark.parametrize(
    ("labels", "note", "has_value"),
    [
        ({"strong": 5, "middle": 0, "weak": 0}, "too few labels", True),
        ({"strong": 0, "middle": 20, "weak": 0}, "too few labels", False),
    ],
)
def test_too_few_labels_are_said(labels, note, has_value):
    data, _ = judged(labels=labels)
    row = corrected_of(data).loc["strong"]
    assert note in row["note"]
    assert (row["corrected"] == row["corrected"]) == has_value


def test_how_many_labels_are_missing_is_said():
    data, _ = judged(questions=1000, labels=30)
    rows = corrected_of(data)
    assert (rows["needed"] > 20).all()
    few, _ = judged(questions=60, labels=30)
    assert corrected_of(few)["note"].str.contains("more questions are needed").all()


def test_with_owed_episodes_there_is_no_corrected_rate():
    data, _ = judged()
    cells = data.cells.assign(owed=np.where(data.cells["model"] == "weak", 3, 0))
    table = corrected_of(replace(data, cells=cells))
    assert table.loc["weak", "note"] == "3 episodes are owed"
    assert np.isnan(table.loc["weak", "corrected"])
    assert table.loc["strong", "corrected"] > 0.5

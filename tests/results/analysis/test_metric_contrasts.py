"""Paired differences of scores and further numbers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import permutation_test

from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.measures import measures
from pilotbench.results.analysis.metric_contrasts import every_metric_family
from pilotbench.results.analysis.scores import prepared
from pilotbench.results.statistics.multiple import holm
from support import scored_models as made


@pytest.fixture(scope="module")
def data() -> SummaryData:
    return made.data()


def families(data: SummaryData) -> dict[str, pd.DataFrame]:
    return every_metric_family(data, measures(prepared(data)))


def units(data: SummaryData, model: str, prompt: str, name: str) -> pd.Series:
    frame = data.episodes[(data.episodes["model"] == model) & (data.episodes["prompt"] == prompt)]
    if name == "score":
        return frame.groupby("index")["score"].mean()
    known = frame[frame["metrics"].notna()]
    values = known["metrics"].map(lambda text: json.loads(text)[name])
    return values.groupby(known["index"]).mean()


@pytest.mark.parametrize("name", ["score", "words"])
def test_two_models_are_compared_on_the_instances_that_both_have(
    data: SummaryData, name: str
) -> None:
    rows = families(data)["models"].set_index(["metric", "base", "arm"])
    row = rows.loc[(name, "strong", "weak")]
    base, arm = units(data, "strong", "baseline", name), units(data, "weak", "baseline", name)
    d = (arm - base).dropna()
    test = permutation_test(
        (d,),
        lambda x, axis: x.mean(axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    )
    assert (row["n"], row["left_out"]) == ((24, 0) if name == "score" else (21, 3))
    assert row["change"] == pytest.approx(d.mean())
    assert row["change"] == pytest.approx(row["arm_mean"] - row["base_mean"])
    assert row["p"] == pytest.approx(test.pvalue, abs=0.01)
    assert row["change_low"] < d.mean() < row["change_high"]


def test_all_comparisons_of_a_table_are_one_family(data: SummaryData) -> None:
    found = families(data)
    assert {kind: len(rows) for kind, rows in found.items()} == {"models": 12, "prompts": 12}
    for rows in found.values():
        assert rows["p_holm"].tolist() == pytest.approx(holm(rows["p"].tolist()))
    score = found["models"][found["models"]["metric"] == "score"]
    assert score["told_apart"].all()


def test_equal_values_have_no_interval_and_say_so(data: SummaryData) -> None:
    rows = families(data)["prompts"]
    ones = rows[rows["metric"] == "one"]
    assert set(ones["note"]) == {"fewer than 6 instances differ: no interval"}
    assert ones["change_low"].isna().all()
    assert (ones["p"] == 1).all()


def test_owed_episodes_of_one_side_leave_no_conclusion() -> None:
    data = made.data(owed={Cell("weak", "baseline", made.TASK, "easy", "0.8"): 2})
    found = families(data)
    rows = found["models"]
    weak = rows["arm"] == "weak"
    assert rows.loc[weak, ["change", "change_low", "p", "p_holm"]].isna().all(axis=None)
    assert set(rows.loc[weak, "note"]) == {"2 owed: no conclusion"}
    assert rows.loc[~weak, "p"].notna().all()
    assert not rows.loc[weak, "told_apart"].any()
    prompts = found["prompts"]
    assert (prompts.loc[prompts["model"] == "weak", "owed"] == 2).all()


def test_one_model_under_one_prompt_has_nothing_to_compare() -> None:
    data = made.data(prompts=("baseline",))
    assert set(families(data)) == {"models"}

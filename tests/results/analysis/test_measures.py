"""Scores and further numbers of scorers: means against pandas, missing answers, owed episodes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.measures import measures, metric_table
from pilotbench.results.analysis.metadata import metadata_means
from pilotbench.results.analysis.scores import cell_table, prepared
from pilotbench.results.statistics.means import mean
from support import scored_models as made


@pytest.fixture(scope="module")
def data() -> SummaryData:
    return made.data()


def table(data: SummaryData) -> pd.DataFrame:
    """Return the table by model, prompt and metric."""
    found = metric_table(data, measures(prepared(data)))
    return found.set_index(["model", "prompt", "metric"]).sort_index() if len(found) else found


def by_hand(data: SummaryData, model: str, prompt: str, name: str) -> pd.Series:
    """Return the mean of each instance, from the frame of episodes."""
    frame = data.episodes[(data.episodes["model"] == model) & (data.episodes["prompt"] == prompt)]
    if name == "score":
        return frame.groupby("index")["score"].mean()
    known = frame[frame["metrics"].notna()]
    values = known["metrics"].map(lambda text: json.loads(text)[name])
    return values.groupby(known["index"]).mean()


@pytest.mark.parametrize("model", made.MODELS)
@pytest.mark.parametrize("name", ["score", "words", "cos<b>", "one"])
def test_a_mean_is_that_of_the_instances(data: SummaryData, model: str, name: str) -> None:
    row, units = table(data).loc[(model, "baseline", name)], by_hand(data, model, "baseline", name)
    wanted = mean(units, share=name == "score")
    assert row["mean"] == pytest.approx(units.mean())
    assert row["n"] == len(units)
    limits = [float(row["mean_low"]), float(row["mean_high"])]
    assert limits == pytest.approx([wanted.low or np.nan, wanted.high or np.nan], nan_ok=True)
    assert row["note"] == ("all values are equal: no interval" if name == "one" else "")


def test_an_answer_that_is_missing_scores_nothing_and_is_counted_as_missing(
    data: SummaryData,
) -> None:
    """Three of 24 questions, twice: one is refused, two have no answer."""
    weak = table(data).loc[("weak", "baseline")]
    assert weak["missing"].to_dict() == {"score": 0, "words": 6, "cos<b>": 6, "one": 6}
    assert weak["answers"].to_dict() == {"score": 48, "words": 42, "cos<b>": 42, "one": 42}
    assert weak["n"].to_dict() == {"score": 24, "words": 21, "cos<b>": 21, "one": 21}


def test_the_mean_score_of_a_model_is_the_same_in_every_table(data: SummaryData) -> None:
    cells = cell_table(data, prepared(data)).set_index(["model", "prompt"])
    means = table(data).xs("score", level="metric")
    for place, row in means.iterrows():
        cell = cells.loc[place]
        found = [cell["score"], cell["score_low"], cell["score_high"]]
        assert found == pytest.approx([row["mean"], row["mean_low"], row["mean_high"]])


def test_an_owed_episode_leaves_bounds_of_a_score_and_nothing_of_a_number() -> None:
    data = made.data(owed={Cell("weak", "baseline", made.TASK, "easy", "0.8"): 2})
    weak = table(data).loc[("weak", "baseline")]
    assert weak["mean"].isna().all()
    assert weak["mean_low"].isna().all()
    total = by_hand(data, "weak", "baseline", "score").sum() * 2
    bounds = weak.loc["score", ["mean_lower", "mean_upper"]].tolist()
    assert bounds == pytest.approx([total / 50, (total + 2) / 50])
    assert weak.loc["words", ["mean_lower", "mean_upper"]].isna().all()
    assert set(weak["note"]) == {"2 owed: no mean"}
    assert table(data).loc[("strong", "baseline", "words"), "mean"] > 0
    cell = cell_table(data, prepared(data)).set_index(["model", "prompt"]).loc[("weak", "baseline")]
    assert np.isnan(cell["score"])
    assert np.isnan(cell["score_low"])
    assert [cell["score_lower"], cell["score_upper"]] == pytest.approx(bounds)


def test_a_score_that_only_repeats_success_is_not_shown(data: SummaryData) -> None:
    episodes = data.episodes
    success = (episodes["success"].eq(True) & episodes["status"].eq("completed")).astype(float)
    plain = replace(data, episodes=episodes.assign(score=success, metrics=None))
    assert table(plain).empty
    assert prepared(plain)["score"].isna().all()


def test_a_question_that_another_scorer_scores_is_not_missing(data: SummaryData) -> None:
    episodes = data.episodes.copy()
    other = episodes["index"] >= 12
    episodes.loc[other, ["score", "metrics", "read_by"]] = [np.nan, None, "last line"]
    weak = table(replace(data, episodes=episodes)).loc[("weak", "baseline")]
    assert weak.loc["words", ["n", "answers", "missing"]].tolist() == [10, 20, 4]
    assert weak.loc["score", ["n", "missing"]].tolist() == [12, 0]


def test_means_by_metadata_are_those_of_the_questions_with_that_value(data: SummaryData) -> None:
    found = metadata_means(measures(prepared(data)))
    places = ["model", "prompt", "column", "value", "metric"]
    rows = found.set_index(places)
    for name in ("score", "words"):
        units = by_hand(data, "weak", "cot", name)
        for place, language in enumerate(made.LANGUAGES):
            mine = units[units.index % 3 == place]
            row = rows.loc[("weak", "cot", "language", language, name)]
            assert (row["mean"], row["n"]) == (pytest.approx(mine.mean()), len(mine))
    assert rows.loc[("weak", "cot", "language", "en", "words"), "missing"] == 2


def test_models_without_scores_have_no_table(data: SummaryData) -> None:
    none = replace(data, episodes=data.episodes.assign(score=np.nan, metrics=None))
    assert table(none).empty
    assert metadata_means(measures(prepared(none))).empty

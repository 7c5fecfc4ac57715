"""Pairwise verdicts: both orders make one comparison, ratings, and what a judge is worth."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from pilotbench.results.analysis.labelled import PEOPLE, TOGETHER
from pilotbench.results.analysis.model import report
from pilotbench.results.analysis.pairwise import comparisons, pair_judges_table, ratings_table
from support.judged_data import MODELS, judged, label_of, labels_frame, verdicts_frame
from support.pairs import pair, verdicts

STRENGTH = {"strong": 1.2, "middle": 0.0, "weak": -1.2}


def truth(rng: np.random.Generator, questions: int) -> dict[Any, str]:
    """Return who is better on each question, by known strength."""
    found = {}
    for index in range(questions):
        for first, second in combinations(MODELS, 2):
            chance = 1 / (1 + np.exp(STRENGTH[second] - STRENGTH[first]))
            found[index, first, second] = "first" if rng.random() < chance else "second"
    return found


def test_both_orders_must_agree_otherwise_it_is_a_tie() -> None:
    data, _ = judged(questions=3, labels=0)
    said = {(0, False): "second", (0, True): "second", (1, False): "first", (1, True): "second"}
    rows = [
        pair(data, index, "strong", "middle", swapped=swapped, winner=winner)
        for (index, swapped), winner in said.items()
    ]
    rows.append(pair(data, 2, "strong", "middle", swapped=False, winner="tie"))
    found = comparisons(replace(data, verdicts=verdicts_frame(rows))).set_index("index")
    assert set(found["first"]) == {"middle"}  # in alphabetical order
    assert found["share"].to_dict() == {0: 1.0, 1: 0.5, 2: 0.5}
    assert found["consistent"].to_dict() == {0: True, 1: False, 2: None} or np.isnan(
        found["consistent"][2]
    )


def test_ratings_are_the_expected_share_of_comparisons_won() -> None:
    rng = np.random.default_rng(2)
    better = truth(rng, 200)
    data, _ = judged(questions=200, labels=0)
    rows = verdicts(data, lambda index, a, b, _: better[index, a, b], 200)
    table = ratings_table(replace(data, verdicts=verdicts_frame(rows))).set_index("model")
    assert list(table.index) == ["strong", "middle", "weak"]
    assert (table["judge"] == "j").all()
    chance = {m: np.mean([1 / (1 + np.exp(STRENGTH[o] - STRENGTH[m])) for o in MODELS if o != m])
              for m in MODELS}  # fmt: skip
    for model, row in table.iterrows():
        assert row["rating_low"] < chance[model] < row["rating_high"]
        assert row["won"] + row["tied"] + row["lost"] == row["comparisons"] == 400
    assert table["rating"].mean() == pytest.approx(0.5, abs=1e-4)


def test_a_judge_that_takes_the_first_shown_is_found_out() -> None:
    data, _ = judged(questions=30, labels=0)
    rows = verdicts(data, lambda index, a, b, swapped: "second" if swapped else "first", 30)
    data = replace(data, verdicts=verdicts_frame(rows))
    [row] = pair_judges_table(data).to_dict("records")
    assert (row["consistent"], row["prefers_first_shown"], row["tied"]) == (0, 1, 90)
    assert ratings_table(data)["rating"].tolist() == pytest.approx([0.5] * 3)


def test_people_rate_models_too_and_judges_are_compared_with_them() -> None:
    rng = np.random.default_rng(4)
    better = truth(rng, 60)
    data, _ = judged(questions=60, labels=0)
    rows = verdicts(data, lambda index, a, b, _: better[index, a, b], 60, judge="good")
    rows += verdicts(data, lambda *_: rng.choice(["first", "second", "tie"]), 60, judge="dice")
    frame = data.episodes.set_index([data.episodes["model"].astype(str), "index"])
    labels = [
        label_of({**frame.loc[(a, index)], "index": index}, winner=winner)
        | {"other": frame.loc[(b, index)]["episode"]}
        for (index, a, b), winner in better.items()
        if index < 20
    ]
    data = replace(data, verdicts=verdicts_frame(rows), labels=labels_frame(labels))
    table = pair_judges_table(data).set_index("judge")
    assert (table["labelled"] == 60).all()
    assert table.loc["good", "alpha"] == 1.0
    assert table.loc["dice", "alpha_high"] < 0.6
    by = ratings_table(data)
    assert list(dict.fromkeys(by["judge"])) == [TOGETHER, "good", "dice", PEOPLE]
    assert (by[by["judge"] == PEOPLE]["comparisons"] == 40).all()


def test_models_that_are_not_compared_have_no_ratings() -> None:
    data, _ = judged(questions=5, labels=0, models=("strong", "middle", "weak"))
    rows = [pair(data, 0, "strong", "middle", winner="first")]
    table = ratings_table(replace(data, verdicts=verdicts_frame(rows)))
    assert list(table["model"]) == ["strong", "middle"]
    assert table["note"].eq("").all()


@pytest.mark.slow
def test_the_report_has_both_tables_of_pairs() -> None:
    data, _ = judged(questions=10, labels=0)
    rows = verdicts(data, lambda *_: "first", 10)
    found = report(replace(data, verdicts=verdicts_frame(rows))).tables
    assert {"pairwise", "pair_judges"} <= found.keys()
    assert "corrected" not in found

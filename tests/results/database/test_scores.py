"""Scores and further numbers of scorers in the database, its views and its exports."""

from __future__ import annotations

import csv
import json
from typing import Any

import pandas
import pytest

from pilotbench.episodes.shard_file import write_shard
from pilotbench.ground.errors import UserError
from pilotbench.matrix.plan import Plan
from pilotbench.results.analysis.where_from import where_from
from pilotbench.results.database import export, queries
from support.database_lab import CELLS, SIZE, Lab
from support.make_shards import make_episodes, make_header

VERDICT = {"wanted": "42", "read": None, "rule": "function score", "why": "so", "in_form": None}
NO_ANSWER = {**VERDICT, "right": False, "rule": "none", "why": "no answer"}
REFUSED = "refused"
FIRST = (CELLS[0].model, CELLS[0].prompt)


def verdict(score: float | None, metrics: dict[str, float] | None = None) -> dict[str, Any]:
    """Return the verdict of a function that gives a score."""
    found = {**VERDICT, "right": bool(score and score >= 1), "score": score, "metrics": metrics}
    return {name: value for name, value in found.items() if value is not None or name in VERDICT}


def written(lab: Lab, outcomes: list[Any]) -> None:
    """Write the first shard with these verdicts, without those of other cells."""
    shard = lab.plan.shards[0]
    episodes = make_episodes(shard, text=0.05)
    for episode, outcome in zip(episodes, outcomes, strict=True):
        done = {"status": "completed", "success": False, "level": "failure", "progress": 0.0}
        done |= {"weighted_score": 0.0, "collateral_damage": False, "end_reason": "no_call"}
        episode |= done if episode["status"] != "completed" else {}
        if outcome == REFUSED:
            episode |= dict.fromkeys(done) | {"status": "refused", "reason": "no"}
        elif outcome is not None:
            episode["verdict"] = outcome
    path = lab.path(shard)
    path.unlink()
    write_shard(path, make_header(shard, episodes, 1), episodes)


NAMES = {'a "b".c': 1e300, "é, =1": -2.5, "words": 3.0}


@pytest.mark.parametrize(
    ("outcomes", "scores"),
    [
        ([verdict(0.25), verdict(1.0), REFUSED], [0.25, 1.0, 0.0]),
        ([verdict(0.25), NO_ANSWER, REFUSED], [0.25, 0.0, 0.0]),
        ([verdict(None), NO_ANSWER, REFUSED], [None, None, None]),
        ([verdict(0.5), verdict(None), REFUSED], [0.5, None, None]),
        ([None, None, None], [None, None, None]),
    ],
)
def test_a_missing_answer_scores_nothing_where_the_scorer_gives_scores(
    lab: Lab, outcomes: list[Any], scores: list[float | None]
) -> None:
    """In the fourth case the questions have scorers of their own: nobody knows of the third."""
    written(lab, outcomes)
    lab.update()
    found = lab.rows(
        "SELECT score FROM episodes WHERE model = ? AND prompt = ? ORDER BY index", *FIRST
    )
    assert [row[0] for row in found] == scores
    known = [score for score in scores if score is not None]
    mean = pytest.approx(sum(known) / len(known)) if known else None
    assert lab.rows("SELECT scored, score FROM cells WHERE model = ? AND prompt = ?", *FIRST) == [
        (len(known), mean)
    ]


def test_an_owed_episode_leaves_bounds_of_a_mean_score(lab: Lab) -> None:
    written(lab, [verdict(0.5), verdict(1.0), verdict(0.0)])
    lab.update()
    lab.plan = Plan(lab.plan.shards, 2)
    lab.update()
    bounds = (
        "SELECT owed, score, score_lower, score_upper FROM cells WHERE model = ? AND prompt = ?"
    )
    (row,) = lab.rows(bounds, *FIRST)
    assert row == (SIZE, None, pytest.approx(1.5 / 6), pytest.approx(4.5 / 6))


def test_further_numbers_have_a_row_each_and_survive_every_export(lab: Lab) -> None:
    written(lab, [verdict(0.5, NAMES), verdict(1.0, {"words": 7.0}), NO_ANSWER])
    lab.update()
    frame = queries.metrics(lab.database)
    pairs = list(zip(frame["index"], frame["metric"], frame["value"], strict=True))
    assert pairs == [*((0, name, NAMES[name]) for name in sorted(NAMES)), (1, "words", 7.0)]
    export.write(lab.database, lab.results / "exports")
    with (lab.results / "exports/metrics.csv").open(encoding="utf-8") as file:
        rows = [(int(r["index"]), r["metric"], float(r["value"])) for r in csv.DictReader(file)]
    assert rows == pairs
    kept = pandas.read_parquet(lab.results / "exports/episodes.parquet")
    stored = kept["metrics"].dropna().map(json.loads).tolist()
    assert stored == [NAMES, {"words": 7.0}]
    assert sorted(kept["score"].dropna()) == [0.0, 0.5, 1.0]


def test_where_from_explains_a_number_of_a_scorer(lab: Lab) -> None:
    given = [{"words": 3.0, "turns": 9.0}, {"words": 7.0, "turns": 9.0}]
    written(lab, [verdict(0.5, given[0]), verdict(1.0, given[1]), NO_ANSWER])
    lab.update()
    words = {"model": FIRST[0], "prompt": FIRST[1]}
    for column, value in (("words", 5.0), ("metric:turns", 9.0), ("score", 0.5)):
        origin = where_from(lab.database, column, words, lab.results)
        assert origin.value == pytest.approx(value)
        assert len(origin.episodes) == SIZE
        assert [file["episodes"] for file in origin.files] == [SIZE]
    assert where_from(lab.database, "turns", words, lab.results).value != 9
    with pytest.raises(UserError, match=r"allowed: .*score.*, metric:turns, words$"):
        where_from(lab.database, "wrods", words, lab.results)


def read(right: bool, in_form: bool | None) -> dict[str, Any]:
    """Return the verdict of a scorer that asks for a form, or for none."""
    return {**VERDICT, "rule": "last line", "right": right, "in_form": in_form}


SILENT = {**NO_ANSWER, "in_form": False}


@pytest.mark.parametrize(
    ("outcomes", "right", "in_form"),
    [
        ([read(True, True), read(True, False), read(False, False)], 2 / 3, 1 / 3),
        ([read(True, True), read(True, False), REFUSED], 2 / 3, 1 / 3),
        ([read(True, True), SILENT, REFUSED], 1 / 3, 1 / 3),
        ([read(True, None), SILENT, REFUSED], 1 / 3, None),
        ([read(True, None), read(True, True), REFUSED], 2 / 3, 1.0),
        ([SILENT, SILENT, REFUSED], 0.0, None),
        ([None, None, REFUSED], None, None),
    ],
)
def test_right_and_right_in_form_count_what_success_counts(
    lab: Lab, outcomes: list[Any], right: float | None, in_form: float | None
) -> None:
    """In the fifth case only one scorer asks for a form: nobody knows of the refused question."""
    written(lab, outcomes)
    lab.update()
    shares = "SELECT flexible_match, strict_match FROM cells WHERE model = ? AND prompt = ?"
    ((found, strict),) = lab.rows(shares, *FIRST)
    assert found == (right if right is None else pytest.approx(right))
    assert strict == (in_form if in_form is None else pytest.approx(in_form))

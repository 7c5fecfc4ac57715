"""Verdicts against labels of people: how often a judge errs, and how far raters agree.

A judge is whatever gives verdicts on replies: the scorer of a pack, its judges together, or one of
them. The truth of a reply is what most people say who labelled it; half, if as many say the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.results.analysis.load import SummaryData, number
from pilotbench.results.statistics.agreement import Agreement, Level, agreement
from pilotbench.results.statistics.intervals import Interval
from pilotbench.results.statistics.judge_errors import Judged, confusion, errors_differ

Json = dict[str, Any]
SCORER, TOGETHER, PEOPLE = "scorer", "all judges", "people"
STEPS = 10  # more different scores than these are a distance, not an order


def labelled_replies(data: SummaryData, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return the scored episodes of tasks with labels; `truth` is NaN where nobody labelled.

    `right` is the verdict that counts: of the scorer, or of all judges together.
    """
    labels = data.labels
    if labels.empty or episodes.empty:
        return pd.DataFrame()
    single = labels[labels["other"].isna() & labels["right"].notna()]
    mean = single.assign(right=number(single["right"])).groupby("episode")["right"].mean()
    share = episodes["episode"].map(mean).astype(float)
    found = episodes.assign(truth=(np.sign(share - 0.5) + 1) / 2, right=episodes["win"] > 0)
    return found[found["task"].isin(found.loc[found["truth"].notna(), "task"].unique())]


def judges_of(data: SummaryData, task: str) -> pd.DataFrame:
    """Return the verdict of each judge on each episode of a task: judge, episode, right."""
    frame = data.verdicts
    if frame.empty:
        return pd.DataFrame({"judge": [], "episode": [], "right": []})
    mine = frame[(frame["task"] == task) & (frame["kind"] == "single") & frame["right"].notna()]
    found = mine.assign(right=number(mine["right"])).groupby(["judge", "episode"], sort=False)
    return (found["right"].mean() > 0.5).reset_index()


def sources(data: SummaryData, replies: pd.DataFrame, task: str) -> Iterator[tuple[str, Any]]:
    """Yield each judge of a task with its verdicts on `replies`, the one that counts first."""
    single = judges_of(data, task)
    names = list(dict.fromkeys(single["judge"]))
    first = SCORER if not names else names[0] if len(names) == 1 else TOGETHER
    yield first, replies["right"]
    for name in names if len(names) > 1 else ():
        mine = single[single["judge"] == name].set_index("episode")["right"]
        yield str(name), replies["episode"].map(mine)


def of_replies(frame: pd.DataFrame, questions: dict[Any, int]) -> Judged:
    """Return episodes as statistics want them."""
    codes = np.array([questions[index] for index in frame["index"]], int)
    return Judged(codes, frame["right"].to_numpy(bool), frame["truth"].to_numpy(float))


def questions_of(replies: pd.DataFrame) -> dict[Any, int]:
    """Return a number for each question."""
    return {index: place for place, index in enumerate(sorted(replies["index"].unique()))}


def judges_table(data: SummaryData, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return one row per task and judge: agreement with people and the confusion of both."""
    replies, rows = labelled_replies(data, episodes), []
    for task, mine in replies.groupby("task", sort=False) if len(replies) else ():
        for judge, verdicts in sources(data, mine, str(task)):
            there = mine.assign(right=verdicts)[verdicts.notna() & mine["truth"].notna()]
            if len(there):
                rows.append({"task": task, "judge": judge, **_errors(there)})
    return pd.DataFrame(rows)


def _errors(there: pd.DataFrame) -> Json:
    questions = questions_of(there)
    found = confusion(of_replies(there, questions))
    models = {
        str(name): of_replies(mine, questions) for name, mine in there.groupby("model", sort=False)
    }
    plain = there[there["truth"] != 0.5]
    both = np.column_stack([plain["right"].to_numpy(bool), plain["truth"]]).astype(float)
    shared = agreement(both, plain["index"]) if len(plain) else Agreement(None, None, None, 0, None)
    return {
        "labelled": len(there),
        "same": shared.same,
        **_limited_alpha(shared),
        "right_right": found.right_right,
        "right_wrong": found.right_wrong,
        "wrong_right": found.wrong_right,
        "wrong_wrong": found.wrong_wrong,
        **limited("sensitivity", found.sensitivity),
        **limited("specificity", found.specificity),
        "p_models_alike": errors_differ(models),
    }


def limited(name: str, found: Interval) -> Json:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _limited_alpha(found: Agreement) -> Json:
    return {"alpha": found.alpha, "alpha_low": found.low, "alpha_high": found.high}


def raters_table(data: SummaryData) -> pd.DataFrame:
    """Return the agreement among people, among the judges of a panel, and of a judge with itself.

    One row per task and group that has two ratings of one reply; scores too, where there are any.
    """
    rows = [
        {"task": task, "between": between, "of": of, **found}
        for task, between, of, table, groups in _groups_of_raters(data)
        for found in _agreements(table, groups, of)
    ]
    return pd.DataFrame(rows)


def _groups_of_raters(data: SummaryData) -> Iterator[tuple[str, str, str, Any, Any]]:
    """Yield (task, who, what, ratings by unit and rater, index of each unit)."""
    labels, verdicts = data.labels, data.verdicts
    if len(labels):
        yield from _pivoted(labels[labels["other"].isna()], PEOPLE, "rater")
    if len(verdicts):
        single = verdicts[verdicts["kind"] == "single"]
        yield from _pivoted(single, "judges", "judge")
        for judge, mine in single.groupby("judge", sort=False):
            if mine["repeat"].nunique() > 1:
                yield from _pivoted(mine, f"repeats of {judge}", "repeat")


def _pivoted(
    frame: pd.DataFrame, who: str, column: str
) -> Iterator[tuple[str, str, str, Any, Any]]:
    for task, mine in frame.groupby("task", sort=False):
        if mine[column].nunique() < 2:
            continue
        for of in ("right", "score"):
            known = mine[mine[of].notna()]
            if of == "score" and set(known["score"]) <= {0.0, 1.0}:
                continue
            values = known.assign(value=number(known[of]))
            table = values.pivot_table(index=["index", "episode"], columns=column, values="value")
            if len(table):
                yield str(task), who, of, table.to_numpy(), table.index.get_level_values(0)


def _agreements(table: Any, groups: Any, of: str) -> Iterator[Json]:
    level = Level.NOMINAL
    if of == "score":
        few = np.unique(table[~np.isnan(table)]).size <= STEPS
        level = Level.ORDINAL if few else Level.INTERVAL
    found = agreement(table, groups, level)
    if found.units:
        yield {
            "raters": table.shape[1],
            "replies": found.units,
            "same": found.same,
            **_limited_alpha(found),
            "level": level.value,
        }

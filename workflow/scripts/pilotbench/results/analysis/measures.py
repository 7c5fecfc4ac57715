"""Scores and further numbers that the scorers of packs give: means, by model and by metadata.

The unit is the instance, averaged over its repeats. A refused question and one without an answer
score 0, as for success. A further number of them is not defined: they are left out of its mean and
counted as `missing`. Where episodes are owed there is no mean; a score then has bounds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.results.analysis.load import CONDITION, SummaryData, number
from pilotbench.results.statistics.means import mean

SCORE = "score"
NO_ANSWER = "none"
PLACE = ["model", "prompt", *CONDITION, "index", "repeat"]
GROUP = ["model", "prompt", "task", "metric"]
SHOWN = [
    *("n", "answers", "missing", "owed"),
    *("mean", "mean_low", "mean_high", "mean_lower", "mean_upper", "note"),
]


def measures(episodes: pd.DataFrame) -> pd.DataFrame:
    """Return one row per episode and number that its question's scorer gives, with its `amount`.

    `episodes` as `scores.prepared`. The amount is missing where the scorer gave none. Other columns
    of `episodes` stay, so that a caller can group by them.
    """
    parts = [*_scores(episodes), *_numbers(episodes)]
    if not parts:
        return pd.DataFrame(columns=[*PLACE, "metric", "amount"])
    return pd.concat(parts, ignore_index=True)


def _scores(episodes: pd.DataFrame) -> Iterator[pd.DataFrame]:
    if SCORE in episodes and episodes[SCORE].notna().any():
        known = episodes[episodes[SCORE].notna()]
        yield known.assign(metric=SCORE, amount=number(known[SCORE]))


def _numbers(episodes: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the further numbers, task by task."""
    if "metrics" not in episodes or not episodes["metrics"].notna().any():
        return
    tasks = episodes.loc[episodes["metrics"].notna(), "task"].unique()
    for _, found in episodes[episodes["task"].isin(tasks)].groupby("task", sort=False):
        parsed = found["metrics"].map(json.loads, na_action="ignore")
        given = [values if isinstance(values, dict) else {} for values in parsed]
        silent = _silent(found)
        for name in dict.fromkeys(name for values in given for name in values):
            amount = pd.Series([values.get(name, np.nan) for values in given], found.index, float)
            asked = found["index"].isin(found.loc[amount.notna(), "index"].unique())
            yield found.assign(metric=name, amount=amount)[asked | silent]


def _silent(found: pd.DataFrame) -> pd.Series:
    """Return which episodes are of a question that nobody has answered."""
    answered = found["status"].eq("completed") & found["read_by"].ne(NO_ANSWER)
    return ~found["index"].isin(found.loc[answered, "index"].unique())


def metric_table(data: SummaryData, found: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of each number by model, prompt and task; `found` as of `measures`."""
    if found.empty:
        return pd.DataFrame()
    owed = data.owed.groupby(GROUP[:3]).size().to_dict() if len(data.owed) else {}
    table = means(found, GROUP, owed)
    order = {name: place for place, name in enumerate(dict.fromkeys(found["metric"]))}
    return table.sort_values("metric", key=lambda names: names.map(order), kind="stable")


def one_mean(found: pd.DataFrame, metric: str, owed: int) -> dict[str, Any]:
    """Return the row of a number over the given episodes; `found` as of `measures`."""
    chosen = found[found["metric"] == metric]
    return _row(chosen, metric == SCORE, owed)


def means(
    found: pd.DataFrame, by: Sequence[str], owed: Mapping[Any, int] | None = None
) -> pd.DataFrame:
    """Return one row per group; `owed` counts by the words of `by` before the metric."""
    rows = []
    for words, group in found.groupby(list(by), sort=False):
        named = dict(zip(by, words, strict=True))
        missing = (owed or {}).get(words[:3], 0)
        rows.append({**named, **_row(group, named["metric"] == SCORE, missing)})
    return pd.DataFrame(rows, columns=[*by, *SHOWN])


def _row(group: pd.DataFrame, share: bool, owed: int) -> dict[str, Any]:
    amount = group["amount"]
    units = amount.groupby([group["task"], group["index"]], sort=False).mean().dropna()
    answers, total = int(amount.count()), float(amount.sum())
    row = {"n": len(units), "answers": answers, "missing": len(group) - answers, "owed": owed}
    if owed:
        bounds = {
            "mean_lower": total / (answers + owed),
            "mean_upper": (total + owed) / (answers + owed),
        }
        return {**row, **(bounds if share else {}), "note": f"{owed:,} owed: no mean"}
    one = mean(units, share=share)
    return {**row, "mean": one.value, "mean_low": one.low, "mean_high": one.high, "note": one.note}

"""Success rates that are corrected for the errors of a judge, and their differences.

A model with labels of its own replies is corrected by these: nothing is assumed about the judge.
One without is corrected by the judge's errors on other models, unless these differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.results.analysis.labelled import labelled_replies, limited, of_replies, questions_of
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.corrected import Corrected, corrected, difference
from pilotbench.results.statistics.intervals import Interval, wilson
from pilotbench.results.statistics.judge_errors import (
    Judged,
    confusion,
    effective,
    errors_differ,
    rogan_gladen,
)
from pilotbench.results.statistics.multiple import holm

Json = dict[str, Any]
OWN, POOLED = "its own labels", "labels of other models"
ENOUGH = 10  # own labels of a model, from which no other model's are used
POOL = 30  # labels of other models that stand in for a model's own


def corrected_table(data: SummaryData, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return one row per task, model and prompt: the rate of its verdicts, and corrected."""
    replies, rows = labelled_replies(data, episodes), []
    for task, mine in replies.groupby("task", sort=False) if len(replies) else ():
        questions = questions_of(mine)
        every = {
            (str(model), str(prompt)): of_replies(frame, questions)
            for (model, prompt), frame in mine.groupby(["model", "prompt"], sort=False)
        }
        rows += [
            {"task": task, "model": model, "prompt": prompt}
            | _corrected(data, str(task), (model, prompt), every)
            for model, prompt in every
        ]
    return pd.DataFrame(rows)


def _corrected(
    data: SummaryData, task: str, place: tuple[str, str], every: dict[tuple[str, str], Judged]
) -> Json:
    of = every[place]
    n = effective(of.right, np.ones(of.right.size), of.question)
    low, high = wilson(of.right.mean(), n)
    row: Json = {
        "replies": of.right.size,
        "labelled": of.labels,
        "verdict_rate": float(of.right.mean()),
        "verdict_rate_low": float(low),
        "verdict_rate_high": float(high),
        "corrected": None,
        "corrected_low": None,
        "corrected_high": None,
        "from": "",
        "needed": None,
        "note": "",
    }
    owed = _owed(data, task, place)
    if owed:
        return row | {"note": f"{owed} {'episode is' if owed == 1 else 'episodes are'} owed"}
    own = corrected(of)
    if of.labels < ENOUGH:
        pooled, note = _pooled(of, n, {k: one for k, one in every.items() if k != place})
        if pooled is not None:
            return row | limited("corrected", pooled) | {"from": POOLED, "note": note}
        row["note"] = note
    if own is None:
        return row
    interval = Interval(own.value, own.low, own.high)
    return row | limited("corrected", interval) | {"from": OWN, **_needed(own, row["note"])}


def _needed(own: Corrected, note: str) -> Json:
    """Return how many labels are missing for limits of 5 points either side."""
    if own.needed == 0:
        return {"needed": 0, "note": note}
    if own.needed is None:
        wide = "more questions are needed for limits of 5 points either side"
        return {"needed": None, "note": "; ".join(filter(None, [note, wide]))}
    return {"needed": own.needed, "note": note}


def _pooled(
    of: Judged, n: float, others: dict[tuple[str, str], Judged]
) -> tuple[Interval | None, str]:
    """Return the rate by the judge's errors on other models, and what has to be said about it."""
    known = {f"{model} {prompt}": one for (model, prompt), one in others.items() if one.labels}
    if sum(one.labels for one in known.values()) < POOL:
        return None, "too few labels"
    p = errors_differ(known)
    if p is not None and p <= ALPHA:
        return None, f"the judge errs differently on the models (p = {p:.2g}): label this one too"
    errors = confusion(
        Judged(
            np.concatenate([one.question for one in known.values()]),
            np.concatenate([one.right for one in known.values()]),
            np.concatenate([one.label for one in known.values()]),
        )
    )
    found = rogan_gladen(float(of.right.mean()), n, errors.sensitivity, errors.specificity)
    if found.value is None:
        return None, "too few labels to tell the judge from chance"
    return found, "assumes that the judge errs on this model as on the labelled ones"


def _owed(data: SummaryData, task: str, place: tuple[str, str]) -> int:
    cells = data.cells
    mine = (cells["task"] == task) & (cells["model"] == place[0]) & (cells["prompt"] == place[1])
    return int(cells.loc[mine, "owed"].sum())


def corrected_differences(data: SummaryData, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return the differences of corrected rates of two models with labels, per task and prompt.

    Only models whose replies to the same questions are all there are compared.
    """
    replies = labelled_replies(data, episodes)
    rows: list[Json] = []
    for (task, prompt), mine in (
        replies.groupby(["task", "prompt"], sort=False) if len(replies) else ()
    ):
        questions = questions_of(mine)
        found: dict[str, Corrected] = {}
        for model, frame in mine.groupby("model", sort=False):
            of = of_replies(frame, questions)
            whole = frame["index"].nunique() == len(questions)
            own = corrected(of, len(questions)) if of.labels >= ENOUGH and whole else None
            if own is not None and not _owed(data, str(task), (str(model), str(prompt))):
                found[str(model)] = own
        rows += _pairs(str(task), str(prompt), found, len(questions))
    return pd.DataFrame(rows)


def _pairs(task: str, prompt: str, found: dict[str, Corrected], n: int) -> Iterator[Json]:
    between = {(a, b): difference(found[a], found[b]) for a, b in combinations(found, 2)}
    adjusted = holm([one.p for one in between.values()])
    for ((base, arm), one), p in zip(between.items(), adjusted, strict=True):
        yield {
            "task": task,
            "prompt": prompt,
            "base": base,
            "arm": arm,
            "difference": one.value,
            "low": one.low,
            "high": one.high,
            "n": n,
            "p": one.p,
            "p_holm": p,
        }

"""Paired comparisons of scores and further numbers: models under one prompt, prompts of one model.

All comparisons of a table are one family of Holm's correction, whatever the number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import pandas as pd

from pilotbench.results.analysis.contrasts import prompt_pairs
from pilotbench.results.analysis.load import CONDITION, SummaryData
from pilotbench.results.analysis.measures import SCORE
from pilotbench.results.statistics import ALPHA, SCREENING
from pilotbench.results.statistics.means import change
from pilotbench.results.statistics.multiple import holm

Json = dict[str, Any]
Pairs = Sequence[tuple[str, str]]
COLUMNS = [
    *("task", "metric", "model", "prompt", "base", "arm", "base_mean", "arm_mean"),
    *("change", "change_low", "change_high", "n", "differ", "left_out", "owed"),
    *("p", "p_holm", "told_apart", "test", "note"),
]
KINDS = {
    "models": "each pair of models under the headline prompt, by metric",
    "prompts": "each prompt against baseline within a model, by metric",
}
TEST = "sign-flip permutation"


def every_metric_family(data: SummaryData, found: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the comparisons that the selection allows, by name in KINDS; `found`: `measures`."""
    if found.empty:
        return {}
    headline = found[found["prompt"] == data.headline]
    models = list(combinations([m for m in data.model_names if m in set(found["model"])], 2))
    made = {
        "models": metric_family(headline, "model", models, ["task", "metric", "prompt"], data.owed),
        "prompts": metric_family(
            found, "prompt", prompt_pairs(data), ["task", "metric", "model"], data.owed
        ),
    }
    return {kind: table for kind, table in made.items() if len(table)}


def metric_family(
    found: pd.DataFrame,
    column: str,
    pairs: Pairs,
    within: Sequence[str],
    owed: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return one row per comparison of two levels of `column`, in each group of `within`.

    Instances that both sides have a value of are compared; `left_out` counts the others. Where
    episodes are owed (rows of `owed`), there is no difference and no test.
    """
    rows = [
        row
        for words, group in found.groupby(list(within), sort=False)
        for row in _compared(
            dict(zip(within, words, strict=True)), group, column, pairs, _owing(owed, within, words)
        )
    ]
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    for row, p in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row |= {"p_holm": p, "told_apart": p is not None and p <= ALPHA}
    return pd.DataFrame(rows, columns=COLUMNS)


def _owing(owed: pd.DataFrame | None, within: Sequence[str], words: Sequence[Any]) -> pd.DataFrame:
    if owed is None:
        return pd.DataFrame(columns=["model", "prompt"])
    for name, word in zip(within, words, strict=True):
        owed = owed if name == "metric" else owed[owed[name] == word]
    return owed


def _compared(
    words: Json, group: pd.DataFrame, column: str, pairs: Pairs, owed: pd.DataFrame
) -> Iterator[Json]:
    units = group.groupby([*CONDITION, "index", column], sort=False)["amount"].mean()
    wide = units.unstack(column)
    open_ = owed[column].value_counts() if len(owed) else {}
    for base, arm in pairs:
        if base not in wide or arm not in wide:
            continue
        counted = int(open_.get(base, 0)) + int(open_.get(arm, 0))
        named = {"model": "", "prompt": "", **words, "base": base, "arm": arm, "owed": counted}
        yield named | _row(wide[base], wide[arm], words["metric"] == SCORE, counted)


def _row(base: pd.Series, arm: pd.Series, share: bool, owed: int) -> Json:
    both = base.notna() & arm.notna()
    left_out = int(len(base) - both.sum())
    if owed:
        note = f"{owed:,} owed: no conclusion"
        return {"n": int(both.sum()), "left_out": left_out, "p": None, "test": "", "note": note}
    one = asdict(change(base[both], arm[both], share=share))
    value, low, high = (one.pop(name) for name in ("value", "low", "high"))
    small = "screening" if both.sum() <= SCREENING else ""
    return one | {
        "change": value,
        "change_low": low,
        "change_high": high,
        "base_mean": float(base[both].mean()) if both.any() else None,
        "arm_mean": float(arm[both].mean()) if both.any() else None,
        "left_out": left_out,
        "test": TEST if one["p"] is not None else "",
        "note": one["note"] or small,
    }

"""Repeats: pass@k and pass^k with intervals, and the parts of the variance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.results.analysis.contrasts import outcomes
from pilotbench.results.analysis.load import CONDITION, SummaryData
from pilotbench.results.statistics.intervals import limits
from pilotbench.results.statistics.repeats import pass_all, pass_at, variance_split

GROUP = ["model", "prompt"]
DRAWN = [*CONDITION, "index"]
UNIT = ["task", "index"]
Estimate = Callable[[int, int, int], float | None]
KINDS: dict[str, Estimate] = {"pass@": pass_at, "pass^": pass_all}


def repeat_table(data: SummaryData, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return pass@k, pass^k and the variance split by model and prompt; empty for one repeat.

    Episodes count as in the success rate: a refusal is not solved, owed episodes give bounds. k
    goes up to the repeats that each instance has.
    """
    if episodes.empty or episodes["repeat"].nunique() < 2:
        return pd.DataFrame()
    rows = [
        dict(zip(GROUP, words, strict=True)) | _row(group)
        for words, group in outcomes(data, episodes).groupby(GROUP, sort=False)
    ]
    return pd.DataFrame(rows)


def _row(group: pd.DataFrame) -> dict[str, Any]:
    grouped = group.groupby(DRAWN, sort=False)["win"]
    counts = pd.DataFrame({"n": grouped.size(), "c": grouped.sum(), "known": grouped.count()})
    owed = int((counts["n"] - counts["known"]).sum())
    split = variance_split([list(v.dropna()) for _, v in grouped])
    return {
        "instances": len(counts.groupby(level=UNIT)),
        "owed": owed,
        **{
            name: value
            for kind, estimate in KINDS.items()
            for k in range(1, int(counts["n"].min()) + 1)
            for name, value in _estimated(f"{kind}{k}", counts, k, estimate, owed).items()
        },
        "variance_within": split.within if split else None,
        "variance_between": split.between if split else None,
        "share_between": split.share_between if split else None,
    }


def _estimated(
    name: str, counts: pd.DataFrame, k: int, estimate: Estimate, owed: int
) -> dict[str, float | None]:
    """Return an estimate with its limits over instances, or its bounds if episodes are owed."""
    if owed:
        most = counts["c"] + counts["n"] - counts["known"]
        low, high = (_units(counts.assign(c=c), k, estimate).mean() for c in (counts["c"], most))
        return {name: None, f"{name}_lower": float(low), f"{name}_upper": float(high)}
    means = _units(counts, k, estimate)
    variance = float(means.var(ddof=1)) if means.size > 1 else 0.0
    low, high = limits(means.mean(), variance, means.size, counts["n"].sum() / means.size)
    return {name: float(means.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}


def _units(counts: pd.DataFrame, k: int, estimate: Estimate) -> Any:
    """Return the mean of an estimate for each instance over its levels and rates."""
    values = [estimate(k, int(n), int(c)) for n, c in zip(counts["n"], counts["c"], strict=True)]
    each = pd.Series(np.array(values, float), counts.index)
    return each.groupby(level=UNIT, sort=False).mean().to_numpy()

"""The horizons of models: their table, success by length, and their ratios between models."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.horizon import (
    ABOVE,
    BELOW,
    KINDS,
    Horizon,
    horizon,
    ratio,
)
from pilotbench.results.statistics.intervals import Floats, rate
from pilotbench.results.statistics.length_curve import fit
from pilotbench.results.statistics.length_curve import outcomes as curve_outcomes
from pilotbench.results.statistics.multiple import holm

Json = dict[str, Any]
GROUP = ["model", "prompt"]
HORIZON = "horizon"
LENGTHS = {level: point.items for level, point in LEVELS[HORIZON].items()}


def matrix(group: pd.DataFrame, fill: float | None = None) -> tuple[Floats, Floats, float]:
    """Return means by core and length, the lengths, and the mean number of repeats.

    `fill` is what an owed episode counts as; without it these are left out.
    """
    asked = group[group["task"] == HORIZON]
    win = asked["win"] if fill is None else asked["win"].fillna(fill)
    sized = asked.assign(win=win, items=asked["difficulty"].map(LENGTHS))
    grouped = sized.groupby(["index", "items"])["win"]
    wide = grouped.mean().unstack("items").sort_index(axis=1)
    repeats = float(grouped.size().mean()) if len(sized) else 1.0
    return wide.to_numpy(float), wide.columns.to_numpy(float), repeats


def horizon_row(group: pd.DataFrame) -> Json:
    """Return the horizon with its limits, or its worst cases where episodes are owed."""
    asked = group[group["task"] == HORIZON]
    if asked.empty:
        return {}
    owed = int(asked["win"].isna().sum())
    if owed:
        low, high = (horizon(*matrix(group, fill)) for fill in (0.0, 1.0))
        ends = (low.value or low.low, high.value or high.high)
        return {
            "horizon_says": f"{owed:,} owed: {_items(ends[0])} to {_items(ends[1])}",
            "horizon_owed": owed,
            "horizon_lower": ends[0],
            "horizon_upper": ends[1],
        }
    means, lengths, repeats = matrix(group)
    found = horizon(means, lengths, repeats)
    return {
        "horizon_says": says(found, lengths),
        "horizon": found.value,
        "horizon_low": found.low,
        "horizon_high": found.high,
        "horizon_kind": found.kind,
        "horizon_cores": found.n,
    }


def says(found: Horizon, lengths: Floats) -> str:
    """Return a horizon with its limits in words: `21.2 [13, 30.5]`, or `> 64 [64 or more]`."""
    beyond = {
        ABOVE: f"> {lengths.max():g}" if lengths.size else "",
        BELOW: f"< {lengths.min():g}" if lengths.size else "",
    }
    if found.kind and found.kind not in beyond:
        return KINDS[found.kind]
    value = beyond.get(found.kind) or _items(found.value)
    if found.high is None:
        return f"{value} [{_items(found.low)} or more]"
    return f"{value} [{_items(found.low)}, {_items(found.high)}]"


def _items(value: float | None) -> str:
    return "more" if value is None else f"{value:.3g}"


def length_table(both: pd.DataFrame) -> pd.DataFrame:
    """Return success by length with its limits, and the fitted curve, without owed episodes."""
    rows: list[Json] = []
    for words, group in both.groupby(GROUP, sort=False):
        asked = group[group["task"] == HORIZON]
        if len(asked) and not asked["win"].isna().any():
            rows += (dict(zip(GROUP, words, strict=True)) | row for row in _curve(asked))
    return pd.DataFrame(rows)


def _curve(asked: pd.DataFrame) -> Iterator[Json]:
    means, lengths, repeats = matrix(asked)
    found = horizon(means, lengths, repeats)
    fitted: Floats | None = None
    if found.value:
        fitted = fit(curve_outcomes(means, lengths, repeats), np.log2(found.value)).rates
    for place, length in enumerate(lengths):
        values = means[:, place]
        one = rate(values[~np.isnan(values)], repeats)
        yield {
            "items": int(length),
            "n": one.n,
            "success_rate_all": one.value,
            "success_rate_all_low": one.low,
            "success_rate_all_high": one.high,
            "fitted": None if fitted is None else float(fitted[place]),
        }


def horizon_contrasts(both: pd.DataFrame) -> pd.DataFrame:
    """Return the ratio of the horizons of each pair of models on shared cores, one Holm family.

    Pairs with owed episodes have no conclusion and are left out.
    """
    rows: list[Json] = []
    for prompt, group in both[both["task"] == HORIZON].groupby("prompt", sort=False):
        complete = [m for m, g in group.groupby("model", sort=False) if g["win"].notna().all()]
        rows += (_pair(str(prompt), group, *pair) for pair in combinations(complete, 2))
    adjusted = holm([row["p"] for row in rows])
    for row, p in zip(rows, adjusted, strict=True):
        row["p_holm"], row["told_apart"] = p, p is not None and p <= ALPHA
    return pd.DataFrame(rows)


def _pair(prompt: str, group: pd.DataFrame, base: str, arm: str) -> Json:
    """Return the comparison of two models on the cores and lengths of both."""
    frames, times = [], []
    for model in (base, arm):
        means, lengths, repeats = matrix(group[group["model"] == model])
        index = sorted(group.loc[group["model"] == model, "index"].unique())
        frames.append(pd.DataFrame(means, index, lengths))
        times.append(repeats)
    one, other = frames[0].align(frames[1], join="inner")
    sizes = one.columns.to_numpy(float)
    found = ratio(one.to_numpy(float), other.to_numpy(float), sizes, (times[0], times[1]))
    return {
        **{"prompt": prompt, "base": base, "arm": arm, "ratio": found.value},
        **{"ratio_low": found.low, "ratio_high": found.high, "n": found.n, "p": found.p},
        "note": found.kind,
    }

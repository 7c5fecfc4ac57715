"""The profile of a model on the axes of benchmark version 4: its horizon, and a rate per axis.

Every axis but the horizon is compared with its control, the first of its levels, on the same cores.
Where episodes are owed, worst cases replace numbers and no conclusion is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.results.analysis.abstention import with_work
from pilotbench.results.analysis.contrasts import family, outcomes
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.repeats import repeat_table
from pilotbench.results.analysis.scores import scores
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
HORIZON, WORKFLOW = "horizon", "workflow"
AXES = tuple(task for task in LEVELS if task not in (HORIZON, WORKFLOW))
LENGTHS = {level: point.items for level, point in LEVELS[HORIZON].items()}
CONTROL, DEMANDED = "control", "demanded"
PASSES, RATE = 5, "0.8"
FOLLOWED, NOT_MET = "followed", "not_met"


@dataclass(frozen=True)
class Profile:
    """The tables of the profile; all are empty where no task of version 4 was asked.

    `models` has a row per model and prompt, `levels` one per level of each axis, `lengths` one per
    length with the fitted curve, `contrasts` each axis against its control, `horizons` each pair of
    models.
    """

    models: pd.DataFrame
    levels: pd.DataFrame
    lengths: pd.DataFrame
    contrasts: pd.DataFrame
    horizons: pd.DataFrame


def profile(data: SummaryData, episodes: pd.DataFrame) -> Profile:
    """Return the profile of every model under every prompt; `episodes` as `scores.prepared`."""
    mine = _of_axes(episodes)
    cells = _of_axes(data.cells[data.cells["model"].isin(data.model_names)])
    if mine.empty:
        return Profile(*(pd.DataFrame() for _ in range(5)))
    both = with_work(_of_axes(outcomes(data, episodes)))
    contrasts = axis_contrasts(both)
    return Profile(
        models=_models(data, mine, cells, both, contrasts),
        levels=scores(mine, cells, [*GROUP, "task", "difficulty"]),
        lengths=_lengths(both),
        contrasts=contrasts,
        horizons=horizon_contrasts(both),
    )


def _of_axes(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose task and level are those of version 4."""
    if frame.empty:
        return frame
    known = {(task, level) for task, levels in LEVELS.items() for level in levels}
    pairs = zip(frame["task"], frame["difficulty"], strict=True)
    return frame[np.fromiter((pair in known for pair in pairs), bool, len(frame))]


def axis_contrasts(both: pd.DataFrame) -> pd.DataFrame:
    """Return each axis against its control on the same cores, one Holm family."""
    mine = both[both["task"].isin(AXES)]
    controls = {task: next(iter(LEVELS[task])) for task in AXES}
    is_control = mine["difficulty"] == mine["task"].map(controls)
    sided = mine.assign(side=np.where(is_control, CONTROL, DEMANDED), difficulty="all")
    return _by_side(sided)


def _by_side(sided: pd.DataFrame) -> pd.DataFrame:
    """Return the family of `sided`, with its axis in the column `task`."""
    found = family("axes", sided, "side", [(CONTROL, DEMANDED)], [*GROUP, "task"])
    return found.drop(columns=["kind", "base", "arm", "discordance"], errors="ignore")


def _models(
    data: SummaryData,
    mine: pd.DataFrame,
    cells: pd.DataFrame,
    both: pd.DataFrame,
    contrasts: pd.DataFrame,
) -> pd.DataFrame:
    """Return the row of each model under each prompt, in the order of the selection."""
    rows = []
    costs = scores(mine, cells, GROUP).set_index(GROUP)
    passes = _passes(data, mine)
    for words, group in both.groupby(GROUP, sort=False):
        row: Json = dict(zip(GROUP, words, strict=True)) | _horizon(group)
        for task in AXES:
            row |= _axis(task, group, contrasts, words)
        row |= _injections(mine, words, int(group["win"].isna().sum()))
        row |= passes.get(words, {})
        row |= _costs(costs.loc[words] if words in costs.index else None)
        rows.append(row)
    return _in_order(pd.DataFrame(rows), data)


def _in_order(table: pd.DataFrame, data: SummaryData) -> pd.DataFrame:
    places = [
        (data.model_names.index(m), data.prompt_names.index(p))
        for m, p in zip(table["model"], table["prompt"], strict=True)
    ]
    order = sorted(range(len(places)), key=places.__getitem__)
    return table.iloc[order].dropna(axis=1, how="all").reset_index(drop=True)


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


def _horizon(group: pd.DataFrame) -> Json:
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


def _axis(task: str, group: pd.DataFrame, contrasts: pd.DataFrame, words: Any) -> Json:
    """Return the success on the levels of an axis other than its control, and the difference."""
    control = next(iter(LEVELS[task]))
    asked = group[(group["task"] == task) & (group["difficulty"] != control)]
    if asked.empty:
        return {}
    return _rate(task, asked) | _difference(task, contrasts, words)


def _rate(name: str, asked: pd.DataFrame) -> Json:
    """Return a rate over cores with its limits, or its bounds where episodes are owed."""
    if asked["win"].isna().any():
        low, high = (float(asked["win"].fillna(fill).mean()) for fill in (0.0, 1.0))
        return {name: None, f"{name}_lower": low, f"{name}_upper": high}
    units = asked.groupby(["task", "index"], sort=False)["win"]
    found = rate(units.mean(), float(units.size().mean()))
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _difference(task: str, contrasts: pd.DataFrame, words: Any) -> Json:
    """Return the paired difference of an axis to its control."""
    if contrasts.empty:
        return {}
    same = (contrasts["model"] == words[0]) & (contrasts["prompt"] == words[1])
    rows = contrasts[same & (contrasts["task"] == task)]
    if rows.empty:
        return {}
    found = rows.iloc[0]
    return {f"{task}_difference": found["difference"], f"{task}_p_holm": found["p_holm"]}


def _injections(mine: pd.DataFrame, words: Any, owed: int) -> Json:
    """Return the share of injected instructions that were met and followed, by core."""
    if "injection" not in mine or owed:
        return {}
    same = (mine["model"] == words[0]) & (mine["prompt"] == words[1])
    met = mine[same & mine["injection"].notna() & (mine["injection"] != NOT_MET)]
    if met.empty:
        return {}
    return _rate("injections_followed", met.assign(win=(met["injection"] == FOLLOWED) * 1.0))


def _passes(data: SummaryData, mine: pd.DataFrame) -> dict[Any, Json]:
    """Return pass^PASSES at RATE with its limits, where there are enough repeats."""
    at = mine[mine["tool_success_rate"] == RATE]
    name = f"pass^{PASSES}"
    table = repeat_table(data, at) if len(at) else pd.DataFrame()
    if name not in table:
        return {}
    shown = [column for column in table if column.startswith(f"{name}_") or column == name]
    return {(row["model"], row["prompt"]): row[shown].to_dict() for _, row in table.iterrows()}


def _costs(row: pd.Series | None) -> Json:
    names = ("cost_per_success", "cost_per_success_low", "cost_per_success_high")
    return {} if row is None else {name: row[name] for name in names if name in row}


def _lengths(both: pd.DataFrame) -> pd.DataFrame:
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
    frames = []
    for model in (base, arm):
        means, lengths, repeats = matrix(group[group["model"] == model])
        index = sorted(group.loc[group["model"] == model, "index"].unique())
        frames.append(pd.DataFrame(means, index, lengths))
    one, other = frames[0].align(frames[1], join="inner")
    found = ratio(one.to_numpy(float), other.to_numpy(float), one.columns.to_numpy(float), repeats)
    return {
        **{"prompt": prompt, "base": base, "arm": arm, "ratio": found.value},
        **{"ratio_low": found.low, "ratio_high": found.high, "n": found.n, "p": found.p},
        "note": found.kind,
    }

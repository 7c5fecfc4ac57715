"""The profile of a model on the axes of benchmark version 4: its horizon, and a rate per axis.

Every axis but the horizon is compared with its control, the first of its levels, on the same cores;
not abstention, whose success depends on that of the control. Everything is at one tool success
rate: over several, a horizon would be that of a mixture. Where episodes are owed, worst cases
replace numbers and no conclusion is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.results.analysis.abstention import TASK as ABSTENTION
from pilotbench.results.analysis.abstention import with_work
from pilotbench.results.analysis.contrasts import family, outcomes, reference_rate
from pilotbench.results.analysis.horizons import (
    HORIZON,
    horizon_contrasts,
    horizon_row,
    length_table,
)
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.metadata import instance_table
from pilotbench.results.analysis.repeats import repeat_table
from pilotbench.results.analysis.scores import scores
from pilotbench.results.statistics.intervals import rate

Json = dict[str, Any]
GROUP = ["model", "prompt"]
WORKFLOW = "workflow"
AXES = tuple(task for task in LEVELS if task not in (HORIZON, WORKFLOW))
CONTROL, DEMANDED = "control", "demanded"
PASSES, RATE = 5, "0.8"
FOLLOWED, NOT_MET = "followed", "not_met"


@dataclass(frozen=True)
class Profile:
    """The tables of the profile; all are empty where no task of version 4 was asked.

    `models` has a row per model and prompt, `levels` one per level of each axis, `lengths` one per
    length with the fitted curve, `contrasts` each axis against its control, `horizons` each pair of
    models, `instances` each value of what instances are. All are at the tool success rate `rate`:
    0.8 if it was asked, else the highest.
    """

    models: pd.DataFrame
    levels: pd.DataFrame
    lengths: pd.DataFrame
    contrasts: pd.DataFrame
    horizons: pd.DataFrame
    instances: pd.DataFrame
    rate: str | None = None


def profile(data: SummaryData, episodes: pd.DataFrame) -> Profile:
    """Return the profile of every model under every prompt; `episodes` as `scores.prepared`."""
    cells = _of_axes(data.cells[data.cells["model"].isin(data.model_names)])
    at = reference_rate(pd.unique(cells["tool_success_rate"]))
    mine, cells = (_at_rate(frame, at) for frame in (_of_axes(episodes), cells))
    if mine.empty:
        return Profile(*(pd.DataFrame() for _ in range(6)))
    both = with_work(_at_rate(_of_axes(outcomes(data, episodes)), at))
    contrasts = axis_contrasts(both)
    return Profile(
        models=_models(data, mine, cells, both, contrasts),
        levels=scores(mine, cells, [*GROUP, "task", "difficulty"]),
        lengths=length_table(both),
        contrasts=contrasts,
        horizons=horizon_contrasts(both),
        instances=instance_table(mine),
        rate=at,
    )


def _at_rate(frame: pd.DataFrame, rate: str | None) -> pd.DataFrame:
    return frame[frame["tool_success_rate"] == rate] if len(frame) else frame


def _of_axes(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose task and level are those of version 4."""
    if frame.empty:
        return frame
    known = {(task, level) for task, levels in LEVELS.items() for level in levels}
    pairs = zip(frame["task"], frame["difficulty"], strict=True)
    return frame[np.fromiter((pair in known for pair in pairs), bool, len(frame))]


def axis_contrasts(both: pd.DataFrame) -> pd.DataFrame:
    """Return each axis but abstention against its control on the same cores, one Holm family."""
    mine = both[both["task"].isin(AXES) & (both["task"] != ABSTENTION)]
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
    costs = scores(_by_core(mine), cells, GROUP).set_index(GROUP)
    passes = _passes(data, mine)
    for words, group in both.groupby(GROUP, sort=False):
        row: Json = dict(zip(GROUP, words, strict=True)) | horizon_row(group)
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
    met = _by_core(mine)[same & mine["injection"].notna() & (mine["injection"] != NOT_MET)]
    if met.empty:
        return {}
    return _rate("injections_followed", met.assign(win=(met["injection"] == FOLLOWED) * 1.0))


def _passes(data: SummaryData, mine: pd.DataFrame) -> dict[Any, Json]:
    """Return pass^PASSES at RATE with its limits, where there are enough repeats."""
    at, owed = (_by_core(_at_rate(frame, RATE)) for frame in (mine, _of_axes(data.owed)))
    name = f"pass^{PASSES}"
    table = repeat_table(replace(data, owed=owed), at) if len(at) else pd.DataFrame()
    if name not in table:
        return {}
    shown = [column for column in table if column.startswith(f"{name}_") or column == name]
    return {(row["model"], row["prompt"]): row[shown].to_dict() for _, row in table.iterrows()}


def _by_core(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows of all tasks as of one: an index is the same core in each, and so one unit."""
    return frame.assign(task="all")


def _costs(row: pd.Series | None) -> Json:
    names = ("cost_per_success", "cost_per_success_low", "cost_per_success_high")
    return {} if row is None else {name: row[name] for name in names if name in row}

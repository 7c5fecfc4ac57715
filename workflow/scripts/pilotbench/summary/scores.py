"""Episodes become one row a group: rates with intervals, bounds, effort, cost.

The unit is the instance: (task, index), since the levels and rates of one index are views of the
same core. Within a cell that is the instance itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.statistics.intervals import effective_n, wilson
from pilotbench.summary.data import CELL, Data, number

UNIT = ["task", "index"]
DRAW = ["task", "difficulty", "tool_success_rate", "index", "repeat", "instance", "max_turns"]
TOKEN_COLUMNS = ["tokens_input", "tokens_output", "tokens_reasoning", "tokens_cached"]
COUNTS = ["planned", "completed", "refused", "owed", "not_applicable"]
CEILING, FLOOR = "oracle", "random"
ERRORS = (
    "tool_call_format",
    "tool_selection",
    "parameter_config",
    "sequence_order",
    "dependency",
    "timeout",
    "max_turns",
    "no_rule_error",
)


def prepared(data: Data) -> pd.DataFrame:
    """Return the scored episodes with numeric columns and the players' success on the same draws.

    `oracle` and `random` are the success of that player on exactly this instance, repeat, rate and
    number of turns; NaN where it has not been played.
    """
    frame = data.scored
    done = (frame["status"] == "completed").to_numpy()
    worth = frame.assign(
        done=done.astype(float),
        win=np.where(done, np.nan_to_num(number(frame["success"])), 0.0),
        **{name: np.where(done, number(frame[name]), np.nan) for name in ("progress",)},
        weight=np.where(done, number(frame["weighted_score"]), np.nan),
        took=np.where(done, number(frame["turns"]), np.nan),
        partial=(frame["level"] == "partial_success").astype(float),
        damage=np.where(done, np.nan_to_num(number(frame["collateral_damage"])), 0.0),
        cost=number(frame["cost_usd"]),
    )
    for player in (CEILING, FLOOR):
        worth = _with_player(worth, data.played, player)
    return worth.reset_index(drop=True)


def _with_player(frame: pd.DataFrame, played: pd.DataFrame, player: str) -> pd.DataFrame:
    chosen = played[played["player"] == player]
    if chosen.empty or frame.empty:
        return frame.assign(**{player: np.nan})
    known = chosen.assign(**{player: number(chosen["success"])}).groupby(DRAW)[player].mean()
    return frame.join(known, on=DRAW)


def scores(episodes: pd.DataFrame, cells: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return one row a group of `by`; `episodes` as `prepared`, `cells` give what is planned.

    success_rate is over the completed, success_rate_all also over the refused; both have Wilson
    limits at the effective n. `lower` and `upper` take all owed as failed, as passed.
    """
    keys = list(by)
    planned = cells.groupby(keys, sort=False)[COUNTS].sum()
    if episodes.empty:
        return planned.reset_index()
    grouped = episodes.groupby(keys, sort=False)
    table = planned.join(_rates(episodes, keys)).join(_effort(grouped))
    table = table.join(_marks(table, grouped))
    return table.reset_index()


def _rates(episodes: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    units = episodes.groupby([*keys, *(u for u in UNIT if u not in keys)], sort=False).agg(
        win=("win", "sum"), done=("done", "sum"), met=("win", "size")
    )
    units["mean_done"] = units["win"] / units["done"].where(units["done"] > 0)
    units["mean_all"] = units["win"] / units["met"]
    groups = units.groupby(level=keys, sort=False)
    sums = groups[["win", "done", "met"]].sum()
    table = pd.DataFrame({"n": groups.size(), "wins": sums["win"]})
    for name, count, mean in (
        ("success_rate", "done", "mean_done"),
        ("success_rate_all", "met", "mean_all"),
    ):
        value = sums["win"] / sums[count].where(sums[count] > 0)
        n, variance = groups[mean].count(), groups[mean].var(ddof=1).fillna(0.0)
        low, high = _limits(value, variance, n, sums[count])
        table = table.assign(**{name: value, f"{name}_low": low, f"{name}_high": high})
    table["repeats"] = sums["met"] / table["n"]
    return table


def _limits(value: pd.Series, variance: pd.Series, n: pd.Series, met: pd.Series) -> Any:
    there = (n > 0).to_numpy()
    low, high = np.full(len(n), np.nan), np.full(len(n), np.nan)
    if there.any():
        units = n[there].to_numpy(float)
        repeats = met[there].to_numpy(float) / units
        worth = effective_n(value[there], variance[there], units, repeats)
        worth = np.where(repeats <= 1, units, worth)
        low[there], high[there] = wilson(value[there].to_numpy(float), worth)
    return low, high


def _effort(grouped: Any) -> pd.DataFrame:
    sums = grouped[
        ["win", "partial", "damage", "done", "calls", "valid_calls", "parsed_turns", "turns"]
        + ["tool_calls", "requests", *TOKEN_COLUMNS]
        + ["transient_met", "transient_recovered", "drawn_calls"]
        + [f"error_{kind}" for kind in ERRORS]
    ].sum()
    means = grouped[["progress", "weight", "took"]].mean()
    size, cost = grouped.size(), grouped["cost"].sum(min_count=1)
    unknown = grouped["cost"].apply(lambda column: int(column.isna().sum()))
    untold = grouped["tokens_input"].apply(lambda column: int(column.isna().sum()))
    told = {name: _told(sums[name], untold) for name in TOKEN_COLUMNS}
    tokens = told["tokens_input"] + told["tokens_output"]
    wins = sums["win"].where(sums["win"] > 0)
    return pd.DataFrame(
        {
            "full_success": sums["win"],
            "partial_success": sums["partial"],
            "failure": sums["done"] - sums["win"] - sums["partial"],
            "collateral_damage": sums["damage"],
            "progress": means["progress"],
            "weighted_score": means["weight"],
            "parse_rate": _ratio(sums["parsed_turns"], sums["turns"]),
            "valid_share": _ratio(sums["valid_calls"], sums["calls"]),
            "effective_rate": 1 - _ratio(sums["transient_met"], sums["drawn_calls"]),
            "recovered_share": _ratio(sums["transient_recovered"], sums["transient_met"]),
            "turns": means["took"],
            "requests": sums["requests"],
            **told,
            "tokens": tokens,
            "tokens_per_episode": tokens / size,
            "tokens_per_success": tokens / wins,
            "cost_usd": cost.where(unknown == 0),
            "cost_per_episode": (cost / size).where(unknown == 0),
            "cost_per_success": (cost / wins).where(unknown == 0),
            **{f"error_{kind}": sums[f"error_{kind}"] for kind in ERRORS},
        }
    )


def _told(total: pd.Series, untold: pd.Series) -> pd.Series:
    """Return sums of tokens, NaN where those of an episode are not known."""
    return total.astype(float).where(untold == 0) if (untold > 0).any() else total


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    return part / whole.where(whole > 0)


def _marks(table: pd.DataFrame, grouped: Any) -> pd.DataFrame:
    """Return bounds of the owed, the players' scores, and whether the interval reaches them."""
    total = table["wins"].fillna(0), table["completed"] + table["refused"] + table["owed"]
    counted = total[1].where(total[1] > 0)
    players = {p: grouped[p].mean().where(grouped[p].count() == grouped.size()) for p in _PLAYERS}
    ceiling = players[CEILING].reindex(table.index)
    floor = players[FLOOR].reindex(table.index)
    return pd.DataFrame(
        {
            "lower": total[0] / counted,
            "upper": (total[0] + table["owed"]) / counted,
            "oracle_ceiling": ceiling,
            "random_floor": floor,
            "at_ceiling": table["success_rate_all_high"] >= ceiling,
            "at_floor": table["success_rate_all_low"] <= floor,
        }
    )


_PLAYERS = (CEILING, FLOOR)


def mark(row: Any) -> str:
    """Return the words for a row whose interval reaches a bound: floor, ceiling, both or none."""
    words = [w for w in ("floor", "ceiling") if bool(row[f"at_{w}"])]
    return " and ".join(words)


def cell_table(data: Data, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return one row a cell of the models, in the order of the plan, with its protocol."""
    cells = data.cells[data.cells["model"].isin(data.model_names)]
    table = scores(episodes, cells, CELL)
    return table.assign(protocol=[data.models[m].protocol for m in table["model"]])

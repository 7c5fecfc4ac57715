"""Episodes become one row a group: rates with intervals, bounds, effort, cost.

The unit is the instance: (task, index), since the levels and rates of one index are views of the
same core. Within a cell that is the instance itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.results.statistics import (ALPHA)
from pilotbench.results.statistics.intervals import (limits)
from pilotbench.results.statistics.paired import (sign_flip)
from pilotbench.results.summary.load import (CELL, CONDITION, Data, number)

UNIT = ["task", "index"]
DRAW = [*CONDITION, "index", "repeat", "instance", "max_turns"]
TOKEN_COLUMNS = ["tokens_input", "tokens_output", "tokens_reasoning", "tokens_cached"]
COUNTS = ["planned", "completed", "refused", "owed", "not_applicable"]
CEILING, FLOOR = "oracle", "random"
RATES = tuple(
    f"{name}{limit}"
    for name in ("success_rate", "success_rate_all")
    for limit in ("", "_low", "_high")
)
MARKS = ("at_ceiling", "at_floor")
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

    success_rate is over the completed, success_rate_all also over the refused. Where episodes are
    owed both are missing, and `lower` and `upper` stand in: all owed failed, all owed passed.
    """
    keys = list(by)
    planned = cells.groupby(keys, sort=False)[COUNTS].sum()
    if episodes.empty:
        return planned.reset_index()
    grouped = episodes.groupby(keys, sort=False)
    table = planned.join(_rates(episodes, keys)).join(_effort(grouped))
    table = table.join(_bounds(table)).join(_marks(episodes, keys))
    table[list(RATES)] = table[list(RATES)].where(table["owed"] == 0)
    open_ = table["owed"] > 0
    return table.assign(**{name: table[name].eq(True) & ~open_ for name in MARKS}).reset_index()


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
        low[there], high[there] = limits(value[there], variance[there], units, repeats)
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


def _bounds(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rates if all owed episodes failed, and if all passed."""
    wins = table["wins"].fillna(0)
    total = table["completed"] + table["refused"] + table["owed"]
    counted = total.where(total > 0)
    return pd.DataFrame({"lower": wins / counted, "upper": (wins + table["owed"]) / counted})


def _marks(episodes: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the bounding players' scores, and whether they can be told apart from the row's."""
    grouped = episodes.groupby(keys, sort=False)
    whole = {name: grouped[name].count() == grouped.size() for name in (CEILING, FLOOR)}
    ahead = {
        CEILING: episodes[CEILING] - episodes["win"],
        FLOOR: episodes["win"] - episodes[FLOOR],
    }
    alike = {name: _not_ahead(episodes.assign(ahead=ahead[name]), keys) for name in ahead}
    return pd.DataFrame(
        {
            "oracle_ceiling": grouped[CEILING].mean().where(whole[CEILING]),
            "random_floor": grouped[FLOOR].mean().where(whole[FLOOR]),
            "at_ceiling": alike[CEILING] & whole[CEILING],
            "at_floor": alike[FLOOR] & whole[FLOOR],
        }
    )


def _not_ahead(episodes: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Return for each group whether the exact one-sided test finds nobody `ahead`."""
    from scipy.stats import binom

    means = _unit_means(episodes, keys, "ahead").dropna()
    up, down = ((sign * means > 1e-12).groupby(level=keys, sort=False).sum() for sign in (1, -1))
    p = pd.Series(binom.sf(up - 1, up + down, 0.5), up.index)
    fractions = (means % 1 != 0).groupby(level=keys, sort=False).transform("any")
    uneven = means[fractions].groupby(level=keys, sort=False)
    p.update(uneven.agg(lambda d: sign_flip(d, one_sided=True)).astype(float))
    return p > ALPHA


def _unit_means(episodes: pd.DataFrame, keys: list[str], column: str) -> pd.Series:
    units = [*keys, *(u for u in UNIT if u not in keys)]
    return episodes.groupby(units, sort=False)[column].mean()


def mark(row: Any) -> str:
    """Return the bounds that a row reaches: floor, ceiling, both or none."""
    words = [w for w in ("floor", "ceiling") if bool(row[f"at_{w}"])]
    return " and ".join(words)


def cell_table(data: Data, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return one row a cell of the models, in the order of the plan, with its protocol."""
    cells = data.cells[data.cells["model"].isin(data.model_names)]
    table = scores(episodes, cells, CELL)
    return table.assign(protocol=[data.models[m].protocol for m in table["model"]])

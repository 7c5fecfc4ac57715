"""One row per group of episodes: the metrics, and the intervals and bounds that statistics add.

The unit is the instance: (task, index), since the levels and rates of one index are views of the
same core. Within a cell that is the instance itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pilotbench.results import metrics
from pilotbench.results.analysis.load import CELL, CONDITION, SummaryData, number
from pilotbench.results.database.schema import EPISODES
from pilotbench.results.metrics import METRICS
from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.distributions import coin_tail
from pilotbench.results.statistics.intervals import limits
from pilotbench.results.statistics.paired import sign_flip
from pilotbench.results.statistics.ratios import ratio_limits

if TYPE_CHECKING:
    import duckdb

UNIT = ["task", "index"]
DRAW = [*CONDITION, "index", "repeat", "instance", "max_turns"]
COUNTS = ["planned", "completed", "refused", "owed", "not_applicable"]
CEILING, FLOOR = "oracle", "random"
RATES = ("success_rate", "success_rate_all")
SHARES = ("flexible_match", "strict_match", "score")
MARKS = ("at_ceiling", "at_floor")
PER_SUCCESS = ("cost_per_success_low", "cost_per_success_high")


def prepared(data: SummaryData) -> pd.DataFrame:
    """Return the scored episodes with their outcome and the players' success on the same draws.

    `done` and `win` are 1 for a completed and for a solved episode. `oracle` and `random` are the
    success of that player on exactly this instance, repeat, rate and number of turns; NaN if it
    has not been played.
    """
    frame = data.scored
    done = (frame["status"] == "completed").to_numpy()
    worth = graded(frame.assign(done=done.astype(float), win=solved(frame)))
    for player in (CEILING, FLOOR):
        worth = _with_player(worth, data.played, player)
    return worth.reset_index(drop=True)


def graded(episodes: pd.DataFrame) -> pd.DataFrame:
    """Return the episodes without `score` where every score only repeats `win`."""
    score = number(episodes["score"])
    known = ~np.isnan(score)
    if (score[known] == number(episodes["win"])[known]).all():
        return episodes.assign(score=np.nan)
    return episodes


def solved(episodes: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return 1 for each solved episode and 0 for the others, refused ones included."""
    done = (episodes["status"] == "completed").to_numpy()
    return np.where(done, np.nan_to_num(number(episodes["success"])), 0.0)


def _with_player(frame: pd.DataFrame, played: pd.DataFrame, player: str) -> pd.DataFrame:
    chosen = played[played["player"] == player]
    if chosen.empty or frame.empty:
        return frame.assign(**{player: np.nan})
    known = chosen.assign(**{player: number(chosen["success"])}).groupby(DRAW)[player].mean()
    return frame.join(known, on=DRAW)


def scores(episodes: pd.DataFrame, cells: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return one row per group of `by`; `episodes` as `prepared`, `cells` give what is planned.

    Both rates are missing if episodes are owed, and so is the interval of the cost per success;
    `lower` and `upper` then give the range of the rate.
    """
    keys = list(by)
    if episodes.empty:
        return cells.groupby(keys, sort=False)[COUNTS].sum().reset_index()
    table = measured(episodes, cells, keys)
    table = table.join(_intervals(episodes, table[list(RATES)], keys)).join(_marks(episodes, keys))
    table = table.join(_share_limits(episodes, table, keys))
    open_ = table["owed"] > 0
    table.loc[open_, list(PER_SUCCESS)] = np.nan
    return table.assign(**{name: table[name].eq(True) & ~open_ for name in MARKS}).reset_index()


def measured(episodes: pd.DataFrame, cells: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return every metric of the groups of `cells`, by the SQL that the database's views use.

    `not_applicable` comes from the cells, since `episodes` are the scored ones only.
    """
    sizes = cells.groupby(keys, sort=False)[["planned", "owed", "not_applicable"]].sum()
    with _engine().cursor() as connection:
        connection.register("found", _typed(episodes, keys))
        connection.register("sizes", sizes.reset_index())
        table = connection.execute(metrics.per_group(keys, "sizes", "found", list(sizes))).df()
    found = table.set_index(keys).reindex(sizes.index)
    return found[COUNTS + [metric.name for metric in METRICS if metric.name not in COUNTS]]


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """Return the one database in memory that every table is computed in: starting one is slow."""
    import duckdb

    return duckdb.connect()


_USED = set(re.findall(r"\w+", " ".join(metric.sql for metric in METRICS)))


def _typed(episodes: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the columns that metrics use, in the types that they have in the database."""
    frame = {key: episodes[key] for key in keys}
    for column in EPISODES.columns:
        if column.name in _USED and column.name in episodes and column.name not in keys:
            values = episodes[column.name]
            text = column.type not in ("BOOLEAN", "INTEGER", "BIGINT", "DOUBLE")
            frame[column.name] = values if text else pd.Series(number(values), values.index)
            if column.type == "BOOLEAN":
                frame[column.name] = frame[column.name].astype("boolean")
    return pd.DataFrame(frame)


def _intervals(episodes: pd.DataFrame, rates: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the intervals of `rates` and of the cost, the numbers of instances and repeats."""
    usd = episodes.assign(usd=number(episodes["cost_usd"]))
    units = usd.groupby([*keys, *(u for u in UNIT if u not in keys)], sort=False).agg(
        win=("win", "sum"),
        done=("done", "sum"),
        met=("win", "size"),
        usd=("usd", "sum"),
        priced=("usd", "count"),
    )
    units["mean_done"] = units["win"] / units["done"].where(units["done"] > 0)
    units["mean_all"] = units["win"] / units["met"]
    groups = units.groupby(level=keys, sort=False)
    sums = groups[["win", "done", "met"]].sum()
    table = pd.DataFrame({"n": groups.size(), "repeats": sums["met"] / groups.size()})
    for rate, count, mean in zip(RATES, ("done", "met"), ("mean_done", "mean_all"), strict=True):
        n, variance = groups[mean].count(), groups[mean].var(ddof=1).fillna(0.0)
        low, high = _limits(rates[rate].reindex(sums.index), variance, n, sums[count])
        table = table.assign(**{f"{rate}_low": low, f"{rate}_high": high})
    return table.join(_per_success(units, keys))


def _share_limits(episodes: pd.DataFrame, table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the intervals of what the scorers of packs give, as those of rates.

    A score is not yes or no: it has the interval of rates with repeats.
    """
    found = pd.DataFrame(index=table.index)
    for name in SHARES:
        if not episodes[name].notna().any():
            continue
        units = _unit_means(episodes.assign(**{name: number(episodes[name])}), keys, name)
        groups = units.dropna().groupby(level=keys, sort=False)
        n, variance = groups.count(), groups.var(ddof=1).fillna(0.0)
        known = table.reindex(n.index)
        value = known[name].where(known["owed"] == 0)
        met = episodes.groupby(keys, sort=False)[name].count().reindex(n.index)
        low, high = _limits(value, variance, n, 2 * n if name == "score" else met)
        limits_ = {f"{name}_low": low, f"{name}_high": high}
        found = found.join(pd.DataFrame(limits_, n.index))
    return found


def _per_success(units: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the interval of USD per success; missing where a cost is unknown or nothing is won."""
    x, y = units["usd"].where(units["priced"] == units["met"]), units["win"]
    parts = {"x": x, "y": y, "xx": x**2, "yy": y**2, "xy": x * y, "n": x.notna().astype(float)}
    groups = pd.DataFrame(parts).groupby(level=keys, sort=False)
    sums, most = groups.sum(), units["met"].groupby(level=keys, sort=False).max()
    there = (sums["n"] == groups.size()) & (sums["y"] > 0)
    limits_ = pd.DataFrame(np.nan, sums.index, list(PER_SUCCESS))
    if there.any():
        found = ratio_limits({name: sums.loc[there, name] for name in parts}, most[there])
        limits_.loc[there] = np.column_stack(found)
    return limits_


def _limits(value: pd.Series, variance: pd.Series, n: pd.Series, met: pd.Series) -> Any:
    there = value.notna().to_numpy()
    low, high = np.full(len(n), np.nan), np.full(len(n), np.nan)
    if there.any():
        units = n[there].to_numpy(float)
        repeats = met[there].to_numpy(float) / units
        low[there], high[there] = limits(value[there], variance[there], units, repeats)
    return low, high


def _marks(episodes: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the reference players' scores, and whether the row's differs from them."""
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
    """Return for each group whether the exact one-sided test finds no difference `ahead`."""
    means = _unit_means(episodes, keys, "ahead").dropna()
    up, down = ((sign * means > 1e-12).groupby(level=keys, sort=False).sum() for sign in (1, -1))
    p = pd.Series(coin_tail(up, up + down), up.index)
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


def cell_table(data: SummaryData, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return one row per cell of the models, in the order of the plan, with its protocol."""
    cells = data.cells[data.cells["model"].isin(data.model_names)]
    table = scores(episodes, cells, CELL)
    return table.assign(protocol=[data.models[m].protocol for m in table["model"]])

"""Everything that a summary says, put together once for every way of showing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from pilotbench.summary.data import Data
from pilotbench.summary.display import joined, rate
from pilotbench.summary.facts import Facts, facts
from pilotbench.summary.ranking import Ranking, ranking
from pilotbench.summary.scores import cell_table, prepared
from pilotbench.summary.tables import Table, tables
from pilotbench.summary.usage import KeyUse, key_use

NAMED = 3  # models that the headline names


@dataclass(frozen=True)
class Report:
    """The numbers of a summary; pages and files only show them."""

    data: Data
    episodes: pd.DataFrame
    facts: Facts
    ranking: Ranking
    tables: dict[str, Table]
    uses: list[KeyUse]

    @property
    def verdict(self) -> str:
        """Who is ahead, in one sentence that claims no more than the numbers do."""
        return verdict(self.ranking)


def report(data: Data) -> Report:
    """Return the whole report of a selection."""
    episodes = prepared(data)
    cells = cell_table(data, episodes)
    ranked, uses = ranking(data, episodes), key_use(data)
    return Report(
        data=data,
        episodes=episodes,
        facts=facts(data, episodes, cells),
        ranking=ranked,
        tables=tables(data, episodes, cells, ranked, uses),
        uses=uses,
    )


def verdict(ranked: Ranking) -> str:
    """Return who is ahead and who is not told apart from them."""
    rows = ranked.rows
    if rows.empty or rows.get("success_rate_all") is None or rows["success_rate_all"].isna().all():
        return "Nothing is finished yet."
    first = rows[rows["rank"] == 1]
    if (rows["why"] == "reference player").all():
        return "Reference players alone: there is no model to rank."
    if len(rows) == 1:
        only = rows.iloc[0]
        state = f", {only['why']}" if only["why"] else ""
        score = f"{only['model']}: {_score(only)} under {ranked.label}{state}"
        return f"{score}; no other model to compare with."
    if first.empty:
        return (
            "No model is ranked: "
            + "; ".join(f"{r['model']}: {_state(r)}" for r in _each(rows))
            + "."
        )
    best = first.iloc[0]
    lead = f"{best['model']}: {rate(best)} under {ranked.label}"
    return f"{lead}{_apart(ranked, str(best['model']))}."


def _score(row: pd.Series) -> str:
    """Return the rate with its interval, or the bounds where episodes are owed."""
    if row["owed"] and row["lower"] == row["lower"]:
        return f"{100 * row['lower']:.1f} to {100 * row['upper']:.1f} %"
    return rate(row)


def _each(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(row) for row in rows.to_dict("records")]


def _state(row: dict[str, Any]) -> str:
    return str(row["why"]) or "not ranked"


def _apart(ranked: Ranking, best: str) -> str:
    pairs = ranked.contrasts
    mine = pairs[(pairs["base"] == best) | (pairs["arm"] == best)] if len(pairs) else pairs
    if mine.empty or mine["p"].isna().all():
        return ", ahead; too few instances to tell models apart"
    ranks = set(ranked.rows["model"][ranked.rows["rank"].notna()])
    same = [
        str(row.arm if row.base == best else row.base)
        for row in mine.itertuples(index=False)
        if not row.told_apart
    ]
    same = [model for model in same if model in ranks]
    if len(same) > NAMED:
        return f", ahead, but not told apart from {len(same)} others"
    if same:
        return f", ahead, but not told apart from {joined(same)}"
    return ", ahead of every other ranked model" if len(ranks) > 1 else ""

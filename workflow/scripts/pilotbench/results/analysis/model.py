"""The content of a summary, computed once for every way of showing it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pilotbench.results.analysis.costs import Costs, costs
from pilotbench.results.analysis.formatting import rate
from pilotbench.results.analysis.headline import (
    ModelStanding,
    PromptChange,
    Situation,
    headline,
    notes,
)
from pilotbench.results.analysis.load import SummaryData, complaints
from pilotbench.results.analysis.overview import Facts, facts
from pilotbench.results.analysis.ranking import Ranking, ranking
from pilotbench.results.analysis.scores import cell_table, prepared
from pilotbench.results.analysis.tables import Table, tables
from pilotbench.results.analysis.usage import KeyUse, key_use


@dataclass(frozen=True)
class Report:
    """The numbers of a summary; pages and files only show them."""

    data: SummaryData
    episodes: pd.DataFrame
    facts: Facts
    ranking: Ranking
    tables: dict[str, Table]
    uses: list[KeyUse]
    costs: Costs

    @property
    def verdict(self) -> str:
        """Who is ahead, in one sentence that claims no more than the numbers show."""
        changes = self.tables.get("contrasts_prompts")
        of = situation(self.data, self.ranking)
        return headline(replace(of, changes=_changes(self.data, changes)))

    @property
    def notes(self) -> list[str]:
        """Qualifications of the ranking, one sentence each; unexpected models come first."""
        return [*complaints(self.data), *notes(situation(self.data, self.ranking))]


def report(data: SummaryData) -> Report:
    """Return the report of a selection."""
    episodes = prepared(data)
    cells = cell_table(data, episodes)
    ranked, uses, paid = ranking(data, episodes), key_use(data), costs(data, episodes)
    return Report(
        data=data,
        episodes=episodes,
        facts=facts(data, episodes, cells, paid),
        ranking=ranked,
        tables=tables(data, episodes, cells, ranked, uses, paid),
        uses=uses,
        costs=paid,
    )


def situation(data: SummaryData, ranked: Ranking) -> Situation:
    """Return what the headline depends on."""
    rows = [dict(row) for row in ranked.rows.to_dict("records")]
    players = any(data.models[name].player for name in data.model_names)
    there = {row["model"] for row in rows}
    return Situation(
        prompt=data.label(data.headline) if data.headline else "",
        standings=tuple(_standing(row) for row in rows),
        alike=_alike(ranked),
        plan_given=data.headline is not None and data.gives_plan(data.headline),
        players_only=players,
        flawed_only=data.headline is None and len(data.prompt_names) > 0,
        finished=any(row["completed"] + row["refused"] for row in rows),
        conditions=ranked.conditions,
        planned=ranked.planned,
        absent=tuple(name for name in data.model_names if rows and name not in there),
    )


def _standing(row: dict[str, Any]) -> ModelStanding:
    score = row.get("success_rate_all")
    return ModelStanding(
        model=str(row["model"]),
        score=None if score is None or score != score else round(float(score), 12),
        shown=rate(row),
        protocol=str(row["protocol"]),
        owed=int(row["owed"]),
        bound=str(row["bound"]),
    )


def _alike(ranked: Ranking) -> frozenset[str]:
    """Return the ranked models that cannot be distinguished from one with rank 1."""
    if ranked.rows.empty:
        return frozenset()
    best = set(ranked.rows["model"][ranked.rows["rank"] == 1])
    return frozenset(
        str(other)
        for row in ranked.contrasts.itertuples(index=False)
        for one, other in ((row.base, row.arm), (row.arm, row.base))
        if one in best and not row.told_apart
    )


def _changes(data: SummaryData, compared: Table | None) -> tuple[PromptChange, ...]:
    """Return how other prompts change the score of the only model; without owed episodes only."""
    if compared is None or len(data.model_names) != 1:
        return ()
    return tuple(
        PromptChange(
            data.label(str(row["arm"])), row["difference"], row["low"], row["high"],
            bool(row["told_apart"]),
        )
        for row in compared.frame.to_dict("records")
        if row["base"] == data.headline and not row["owed"]
    )  # fmt: skip

"""The ranking: models under the headline prompt, with reference players as bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from pilotbench.results.analysis.contrasts import model_family, outcomes
from pilotbench.results.analysis.load import CONDITION, SummaryData, unexpected_names
from pilotbench.results.analysis.scores import COUNTS, DRAW, mark, scores
from pilotbench.results.statistics.multiple import letters

NO_SHARED = "no condition shared by all models"


@dataclass(frozen=True)
class Ranking:
    """The headline table and the comparisons behind its letters.

    `rows`: one per model, best first; `rank` is None if a model is not ranked: `why`;
    `bound` qualifies a score that cannot be distinguished from a player's. `conditions` of all
    `planned` ones are those that every model is planned for; only these rank.
    """

    prompt: str | None
    label: str
    rows: pd.DataFrame
    contrasts: pd.DataFrame
    conditions: int = 0
    planned: int = 0
    players: pd.DataFrame = field(default_factory=pd.DataFrame)


def ranking(data: SummaryData, episodes: pd.DataFrame) -> Ranking:
    """Rank the models under the headline prompt by `success_rate_all`.

    It uses all conditions (task, difficulty, rate) that every model is planned for.
    Every model without owed episodes gets a rank, if there is a shared condition.
    """
    prompt = data.headline
    cells = data.cells[
        (data.cells["prompt"] == prompt) & data.cells["model"].isin(data.model_names)
    ]
    if prompt is None or cells.empty:
        return Ranking(None, "", pd.DataFrame(), pd.DataFrame())
    shared = _shared_by_all(cells)
    used = shared if len(shared) else cells
    chosen = _in(episodes[episodes["prompt"] == prompt], used)
    rows = _rows(data, chosen, used, alike=len(shared) > 0)
    both = _in(outcomes(data, episodes, prompt), shared)
    contrasts = model_family(both, [str(model) for model in rows["model"]])
    display = _letters([str(m) for m in rows["model"][rows["rank"].notna()]], contrasts)
    rows["letters"] = [display.get(str(model), "") for model in rows["model"]]
    return Ranking(
        prompt=prompt,
        label=data.label(prompt),
        rows=rows,
        contrasts=contrasts,
        conditions=len(shared[CONDITION].drop_duplicates()),
        planned=len(cells[CONDITION].drop_duplicates()),
        players=player_rows(data, chosen),
    )


def _rows(
    data: SummaryData, chosen: pd.DataFrame, cells: pd.DataFrame, alike: bool
) -> pd.DataFrame:
    rows = scores(chosen, cells, ["model"])
    rows["protocol"] = [data.models[m].protocol for m in rows["model"]]
    rows["answered_as"] = [", ".join(unexpected_names(data, str(m))) for m in rows["model"]]
    if "success_rate_all" not in rows:
        return rows.assign(rank=None, why="nothing finished", bound="", success_rate_all=None)
    rows = rows.sort_values(
        ["success_rate_all", "lower"], ascending=False, na_position="last", ignore_index=True
    )
    rows["why"] = [_why_not(data, row, alike) for _, row in rows.iterrows()]
    rows["bound"] = [mark(row) for _, row in rows.iterrows()]
    rows["rank"] = _ranks(rows)
    return rows


def _why_not(data: SummaryData, row: pd.Series, alike: bool) -> str:
    if data.models[row["model"]].player:
        return "reference player"
    if not row["completed"] + row["refused"] > 0:
        return "nothing finished"
    if row["owed"] > 0:
        return f"{int(row['owed']):,} owed"
    return "" if alike else NO_SHARED


def _ranks(rows: pd.DataFrame) -> list[int | None]:
    """Return competition ranks (1, 2, 2, 4) among the rows that may be ranked."""
    scores_ = [
        None if why else round(float(score), 12)
        for why, score in zip(rows["why"], rows["success_rate_all"], strict=True)
    ]
    known = [score for score in scores_ if score is not None]
    return [None if s is None else 1 + sum(other > s for other in known) for s in scores_]


def _letters(ranked: Sequence[str], contrasts: pd.DataFrame) -> dict[str, str]:
    """Return letters; none if fewer than two models are ranked or nothing was tested."""
    pairs = {
        frozenset((str(row.base), str(row.arm))): bool(row.told_apart)
        for row in contrasts.itertuples(index=False)
        if row.base in ranked and row.arm in ranked and row.p is not None and row.p == row.p
    }
    return letters(ranked, pairs) if pairs else {}


def _shared_by_all(cells: pd.DataFrame) -> pd.DataFrame:
    models = cells["model"].nunique()
    return cells[cells.groupby(CONDITION)["model"].transform("nunique") == models]


def _in(episodes: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    return episodes.merge(cells[CONDITION].drop_duplicates(), on=CONDITION)


def player_rows(data: SummaryData, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return the score of each reference player on the conditions that the models met."""
    played = data.played[~data.played["model"].isin(data.model_names)]
    if played.empty or chosen.empty:
        return pd.DataFrame(columns=["player", "success_rate_all", "n"])
    there = _in(played, chosen[CONDITION].drop_duplicates())
    same = there[there["index"].isin(chosen["index"].unique())]
    same = same.drop_duplicates(["player", *DRAW])  # a player ignores the prompt
    wins = pd.to_numeric(same["success"].astype(float)).groupby(same["player"], sort=False)
    return pd.DataFrame({"success_rate_all": wins.mean(), "n": wins.size()}).reset_index()


def total(cells: pd.DataFrame) -> dict[str, int]:
    """Return the sums of planned, completed, refused, owed and not_applicable."""
    return {name: int(cells[name].sum()) for name in COUNTS}

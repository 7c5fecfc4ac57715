"""Who is ahead: models under the headline prompt, players beside them as bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from pilotbench.statistics.multiple import letters
from pilotbench.summary.contrasts import model_family
from pilotbench.summary.data import CONDITION, Data
from pilotbench.summary.scores import COUNTS, DRAW, mark, scores


@dataclass(frozen=True)
class Ranking:
    """The headline table and the comparisons behind its letters.

    `rows`: one a model, best first; `rank` is None where a model is not ranked, `why` says why.
    `left_out`: conditions in which every model is at the same bound, which tell nothing.
    """

    prompt: str | None
    label: str
    rows: pd.DataFrame
    contrasts: pd.DataFrame
    conditions: int = 0
    left_out: list[str] = field(default_factory=list)
    players: pd.DataFrame = field(default_factory=pd.DataFrame)


def ranking(data: Data, episodes: pd.DataFrame) -> Ranking:
    """Rank the models under the headline prompt by `success_rate_all`.

    Used are the conditions (task, difficulty, rate) that every model is planned for. A condition
    in which all models are at the same bound is left out of the order and of the comparisons; a
    model whose whole row reaches a bound, or that owes episodes, gets no rank.
    """
    prompt = data.headline
    cells = data.cells[
        (data.cells["prompt"] == prompt) & data.cells["model"].isin(data.model_names)
    ]
    if prompt is None or cells.empty:
        return Ranking(None, "", pd.DataFrame(), pd.DataFrame())
    cells = _shared_by_all(cells)
    chosen = _in(episodes[episodes["prompt"] == prompt], cells)
    silent = uninformative(chosen, cells)
    used = _without(chosen, silent)
    rows = _rows(data, chosen, cells, used)
    ranked = [str(m) for m in rows["model"][rows["rank"].notna()]]
    contrasts = model_family(used, _order(rows))
    display = _letters(ranked, contrasts)
    rows["letters"] = [display.get(str(model), "") for model in rows["model"]]
    return Ranking(
        prompt=prompt,
        label=data.label(prompt),
        rows=rows,
        contrasts=contrasts,
        conditions=len(cells[CONDITION].drop_duplicates()),
        left_out=[" · ".join(words) for words in silent],
        players=player_rows(data, chosen),
    )


def _rows(
    data: Data, chosen: pd.DataFrame, cells: pd.DataFrame, used: pd.DataFrame
) -> pd.DataFrame:
    rows = scores(chosen, cells, ["model"])
    rows["protocol"] = [data.models[m].protocol for m in rows["model"]]
    if "success_rate_all" not in rows:
        return rows.assign(rank=None, why="nothing finished", success_rate_all=None)
    compared = scores(used, cells, ["model"]) if len(used) else rows
    rows["order"] = rows["model"].map(compared.set_index("model")["success_rate_all"])
    rows = rows.sort_values("order", ascending=False, na_position="last", ignore_index=True)
    rows["why"] = [_why_not(data, row) for _, row in rows.iterrows()]
    rows["rank"] = _ranks(rows)
    return rows


def _why_not(data: Data, row: pd.Series) -> str:
    if data.models[row["model"]].player:
        return "reference player"
    if row["owed"] > 0:
        return f"{int(row['owed']):,} owed"
    if not row["completed"] + row["refused"] > 0:
        return "nothing finished"
    words = mark(row)
    return f"at the {words}" if words else ""


def _ranks(rows: pd.DataFrame) -> list[int | None]:
    """Return competition ranks (1, 2, 2, 4) among the rows that may be ranked."""
    scores_ = [
        None if why else round(float(score), 12)
        for why, score in zip(rows["why"], rows["order"], strict=True)
    ]
    known = [score for score in scores_ if score is not None]
    return [None if s is None else 1 + sum(other > s for other in known) for s in scores_]


def _order(rows: pd.DataFrame) -> list[str]:
    return [str(model) for model in rows["model"]]


def _letters(ranked: Sequence[str], contrasts: pd.DataFrame) -> dict[str, str]:
    """Return letters; none where fewer than two models are ranked or nothing was tested."""
    pairs = {
        frozenset((str(row.base), str(row.arm))): bool(row.told_apart)
        for row in contrasts.itertuples(index=False)
        if row.base in ranked and row.arm in ranked and row.p is not None and row.p == row.p
    }
    return letters(ranked, pairs) if pairs else {}


def uninformative(episodes: pd.DataFrame, cells: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the conditions in which every model is at the ceiling, or every one at the floor.

    With one model none is left out: there is nobody to be told apart from.
    """
    if episodes.empty or cells["model"].nunique() < 2:
        return []
    table = scores(episodes, cells, ["model", *CONDITION])
    everywhere = table.groupby(CONDITION, sort=False)[["at_floor", "at_ceiling"]].all()
    found = everywhere[everywhere.any(axis=1)].index
    return [tuple(map(str, words)) for words in found]


def _shared_by_all(cells: pd.DataFrame) -> pd.DataFrame:
    models = cells["model"].nunique()
    return cells[cells.groupby(CONDITION)["model"].transform("nunique") == models]


def _in(episodes: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    return episodes.merge(cells[CONDITION].drop_duplicates(), on=CONDITION)


def _without(episodes: pd.DataFrame, conditions: list[tuple[str, ...]]) -> pd.DataFrame:
    words = pd.MultiIndex.from_frame(episodes[CONDITION].astype(str))
    return episodes[~words.isin(conditions)] if conditions else episodes


def player_rows(data: Data, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return the score of each reference player on the conditions that the models met."""
    played = data.played[~data.played["model"].isin(data.model_names)]
    if played.empty or chosen.empty:
        return pd.DataFrame(columns=["player", "success_rate_all", "n"])
    there = _in(played, chosen[CONDITION].drop_duplicates())
    same = there[there["index"].isin(chosen["index"].unique())]
    same = same.drop_duplicates(["player", *DRAW])  # a player plays alike under every prompt
    wins = pd.to_numeric(same["success"].astype(float)).groupby(same["player"], sort=False)
    return pd.DataFrame({"success_rate_all": wins.mean(), "n": wins.size()}).reset_index()


def total(cells: pd.DataFrame) -> dict[str, int]:
    """Return the sums of planned, completed, refused, owed and not_applicable."""
    return {name: int(cells[name].sum()) for name in COUNTS}

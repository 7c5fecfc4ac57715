"""What the answers of the selection have cost: by model, by key, and over time.

An answer without a price or without token counts is counted as unknown, never as 0 USD. Equal
levels of version 4 share answers: `paid_usd`, the keys, the total and the sums over time count each
answer once, while `known_usd` and the cost per success are those of each cell on its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pilotbench.results import metrics
from pilotbench.results.analysis.formatting import usd
from pilotbench.results.analysis.judges import judge_cost
from pilotbench.results.analysis.load import SummaryData, number
from pilotbench.results.analysis.scores import PER_SUCCESS, scores
from pilotbench.results.metrics import shown_in

SHARES = {metric.name: metric.heading for metric in shown_in("cost") if metric.unit == "share"}
FIRST = ("known_usd", "unpriced", "cost_per_success", "requests")
"""The columns that come first."""
PAID = "paid_usd"
SHARED = (
    " Equal levels share answers: USD paid counts each answer once, as the total and the keys do; "
    "USD known adds up what the cells cost, each on its own."
)
POINTS = 160
"""Moments at which the sums over time are drawn."""


@dataclass(frozen=True)
class Costs:
    """The costs of the selection: `models` and `keys` have a row for each, `times` for each step.

    `total` are the metrics of the table over all models; `unusable` are the answers that were paid
    for and could not be used, their cost is in none of the other numbers.
    """

    models: pd.DataFrame
    keys: pd.DataFrame
    times: pd.DataFrame
    total: dict[str, float]
    unusable: int
    unusable_usd: float | None
    budget_usd: float | None
    judges: str = ""
    """What the judges have cost, in words: it is in no other number."""

    @property
    def known_usd(self) -> float | None:
        """What the requests of known cost have cost, None if there are none."""
        known = self.total.get("known_usd")
        return None if known is None or np.isnan(known) else float(known)

    @property
    def sentence(self) -> str:
        """What was spent on what, in one line; "" without a request."""
        if not self.total.get("requests"):
            return ""
        known, unknown = self.known_usd, int(self.total["unpriced"])
        parts = [] if known is None else [usd(known)]
        parts += [f"{unknown:,} requests of unknown cost"] * (unknown > 0)
        if self.budget_usd and known is not None:
            parts.append(f"{100 * known / self.budget_usd:.0f} % of the budget")
        for name, words in SHARES.items():
            share = self.total[name]
            if share is not None and share > 0:
                parts.append(f"{words} {100 * share:.0f} %")
        if self.unusable:
            cost = "" if self.unusable_usd is None else f" ({usd(self.unusable_usd)} more)"
            parts.append(f"{self.unusable:,} unusable answers{cost}")
        parts += [self.judges] if self.judges else []
        return f"Cost: {'; '.join(parts)}."


def costs(data: SummaryData, episodes: pd.DataFrame) -> Costs:
    """Return the costs; `episodes` as `scores.prepared`."""
    requests = _as_episodes(data)
    total = _measured(requests.assign(all="all"), ["all"]).drop(columns="all")
    unusable = _unusable(data)
    lost = unusable["unusable_usd"].sum(min_count=1)
    return Costs(
        models=_by_model(data, episodes, requests, unusable),
        keys=_measured(requests, ["model", "key"]),
        times=over_time(requests),
        total={} if total.empty else total.iloc[0].to_dict(),
        unusable=int(unusable["unusable"].sum()),
        unusable_usd=None if pd.isna(lost) else float(lost),
        budget_usd=data.budget_usd,
        judges=judge_cost(data),
    )


def _by_model(
    data: SummaryData, episodes: pd.DataFrame, requests: pd.DataFrame, unusable: pd.DataFrame
) -> pd.DataFrame:
    """Return the metrics of costs of each model, with the interval of its cost per success.

    Where episodes share answers, `paid_usd` is the known cost with each of them counted once.
    """
    cells = data.cells[data.cells["model"].isin(data.model_names)]
    if episodes.empty:
        return pd.DataFrame()
    found = scores(episodes, cells, ["model"])
    table = found[found["requests"].fillna(0) > 0]
    table = table.merge(unusable, how="left", left_on="model", right_index=True)
    others = [metric.name for metric in shown_in("cost") if metric.name not in FIRST]
    paid = []
    if table["requests"].sum() > len(requests):
        known = requests.groupby("model")["cost_usd"].sum(min_count=1)
        table[PAID], paid = table["model"].map(known), [PAID]
    return table[["model", *paid, *FIRST, *PER_SUCCESS, "unusable", "unusable_usd", *others]]


def _unusable(data: SummaryData) -> pd.DataFrame:
    """Return the unusable answers of each model and what they cost."""
    names = ["unusable", "unusable_usd"]
    frame = data.shards[data.shards["model"].isin(data.model_names)] if len(data.shards) else None
    if frame is None or names[0] not in frame:
        return pd.DataFrame(columns=names, dtype=float)
    plain = frame.assign(**{name: number(frame[name]) for name in names})
    paid = plain[plain["unusable"] > 0]
    return paid.groupby("model", sort=False)[names].sum(min_count=1)


def _as_episodes(data: SummaryData) -> pd.DataFrame:
    """Return the requests to models with the columns by which metrics count episodes."""
    frame = data.requests
    frame = frame[frame["model"].isin(data.model_names)] if len(frame) else frame
    if frame.empty:
        return pd.DataFrame(columns=["model", "key"])
    cost = number(frame["cost_usd"])
    return frame.assign(
        requests=1, known_usd=np.nan_to_num(cost), unpriced=np.isnan(cost).astype(int)
    )


def _measured(requests: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    if requests.empty:
        return pd.DataFrame(columns=keys)
    import duckdb

    with duckdb.connect() as connection:
        connection.register("found", requests)
        found = connection.execute(metrics.of_requests(keys, "found")).df()
    first = [*keys, *(name for name in FIRST if name in found)]
    return found[[*first, *(name for name in found if name not in first)]]


def over_time(requests: pd.DataFrame) -> pd.DataFrame:
    """Return the sum of known costs of each model by time: `at` in Unix s, `usd` until then.

    It begins at 0 with the first request and has a row wherever a sum has changed.
    """
    if requests.empty:
        return pd.DataFrame(columns=["model", "at", "usd"])
    started = number(requests["started"])
    ended = started + number(requests["latency_s"])
    timed = ~np.isnan(ended)
    if not timed.any():
        return pd.DataFrame(columns=["model", "at", "usd"])
    edges = np.linspace(np.nanmin(started[timed]), np.nanmax(ended[timed]), POINTS + 1)
    found = []
    for model in dict.fromkeys(requests["model"]):
        mine = timed & (requests["model"] == model).to_numpy()
        order = np.argsort(ended[mine], kind="stable")
        times, paid = ended[mine][order], requests["known_usd"].to_numpy()[mine][order]
        sums = np.concatenate([[0.0], np.cumsum(paid)])
        levels = sums[np.searchsorted(times, edges, side="right")]
        changed = np.diff(levels, prepend=-1.0) != 0
        changed[-1] = True
        found.append(pd.DataFrame({"model": model, "at": edges[changed], "usd": levels[changed]}))
    return pd.concat(found, ignore_index=True)

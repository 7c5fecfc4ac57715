"""The judges of the selection: what each said and cost, and warnings about them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pilotbench.providers.settings import Model
from pilotbench.providers.vendors import are_related
from pilotbench.results.analysis.formatting import usd
from pilotbench.results.analysis.load import SummaryData, number


def judge_table(data: SummaryData) -> pd.DataFrame:
    """Return a row for each judge of each task: verdicts, share of right, mean score and cost."""
    frame = data.verdicts
    if frame.empty:
        return pd.DataFrame()
    cost = number(frame["cost_usd"])
    plain = pd.DataFrame(
        {
            "judge": frame["judge"].astype(str),
            "task": frame["task"].astype(str),
            "verdicts": 1,
            "right_share": number(frame["right"]),
            "mean_score": number(frame["score"]),
            "known_usd": np.nan_to_num(cost),
            "unpriced": np.isnan(cost).astype(int),
        }
    )
    sums = {"verdicts": "sum", "known_usd": "sum", "unpriced": "sum"}
    means = dict.fromkeys(("right_share", "mean_score"), "mean")
    return plain.groupby(["judge", "task"], sort=False).agg({**sums, **means}).reset_index()


def judge_cost(data: SummaryData) -> str:
    """Return what the judges have cost in a few words, "" without any."""
    table = judge_table(data)
    if table.empty:
        return ""
    unpriced = int(table["unpriced"].sum())
    known = usd(float(table["known_usd"].sum()))
    rest = f" and {unpriced:,} verdicts of unknown cost" if unpriced else ""
    return f"{known}{rest} more for judges"


def judge_warnings(data: SummaryData) -> list[str]:
    """Return one sentence for each judge that judges models of its own family."""
    return list(_own_families(data))


def _own_families(data: SummaryData) -> Iterator[str]:
    for task, judging in (data.selection.get("judging") or {}).items():
        for judge in judging["models"]:
            mine = _model(data, judge)
            found = {
                name: shared
                for name in data.model_names
                if mine is not None
                and (other := _model(data, name)) is not None
                and (shared := are_related(mine, other)) is not None
            }
            if found:
                words = ", ".join(f"{name} ({shared})" for name, shared in found.items())
                yield (
                    f"task {task}: the judge {judge} judges its own family, which judges tend to "
                    f"prefer: {words}."
                )


def _model(data: SummaryData, name: str) -> Model | None:
    facts = data.models.get(name) or data.judges.get(name)
    if facts is None:
        return None
    return Model(name, facts.provider, facts.deployment, reports=facts.reports)

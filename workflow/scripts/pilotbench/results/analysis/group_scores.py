"""Scores of groups of cells: the columns of the tables of scores, and which cells they are over."""

from __future__ import annotations

from itertools import chain

import pandas as pd

from pilotbench.results.analysis.common_conditions import balanced, inside
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.scores import scores
from pilotbench.results.metrics import shown_in

FIRST = [
    *("planned", "completed", "refused", "owed", "not_applicable", "n", "repeats"),
    *("success_rate", "success_rate_low", "success_rate_high"),
    *("success_rate_all", "success_rate_all_low", "success_rate_all_high", "lower", "upper"),
    *("oracle_ceiling", "random_floor", "at_ceiling", "at_floor"),
]
"""What statistics add to scores; the other metrics follow."""


def plain_prompts(data: SummaryData) -> list[str]:
    """Return the prompts without a flaw; all of them if every one has a flaw."""
    names = data.prompt_names
    return [p for p in names if data.prompts[p].flaw is None] or names


def plain_cells(data: SummaryData) -> pd.DataFrame:
    """Return the planned cells of prompts without a flaw, on the conditions that these share."""
    cells = model_cells(data)
    return balanced(cells[cells["prompt"].isin(plain_prompts(data))], "prompt")


def model_cells(data: SummaryData) -> pd.DataFrame:
    """Return the planned cells of the models."""
    return data.cells[data.cells["model"].isin(data.model_names)]


def grouped(
    data: SummaryData, episodes: pd.DataFrame, by: list[str], cells: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the scores of the models by `by` over `cells` (default: all), with their protocols."""
    chosen = model_cells(data) if cells is None else cells
    frame = scores(inside(episodes, chosen), chosen, by)
    frame.insert(by.index("model") + 1, "protocol", [data.models[m].protocol for m in frame.model])
    return frame[present_columns(frame, [*by, "protocol"])]


def present_columns(frame: pd.DataFrame, first: list[str]) -> list[str]:
    others = [metric.name for metric in shown_in("tables") if metric.name not in FIRST]
    limited = [(name, f"{name}_low", f"{name}_high") for name in others]
    return [name for name in [*first, *FIRST, *chain(*limited)] if name in frame.columns]

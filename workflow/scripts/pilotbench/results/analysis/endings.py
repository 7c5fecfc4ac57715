"""How episodes ended: by the model, or cut off at max_tokens, by the context or by the turns.

An episode that was cut at max_tokens or by the context window might have been solved with more
room: with many of them, a score is a lower bound of skill. Turns are part of the task.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pilotbench.ground.plurals import counted
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.scores import measured

CUT_WARNING = 0.02
CUT_OFF = {"cut_max_tokens": "cut at max_tokens", "cut_context": "cut by context"}
CUTS = {**CUT_OFF, "cut_turns": "out of turns"}
"""The metrics of episodes that did not end by the model, and words for them."""
BOUND = "its score is a lower bound of its skill"
ADVICE = {
    "cut_max_tokens": "a larger max_tokens in its parameters",
    "cut_context": "a deployment with a larger context window",
}


def endings_table(data: SummaryData, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return how many completed episodes ended in which way, by model and prompt."""
    if episodes.empty:
        return pd.DataFrame()
    cells = data.cells[data.cells["model"].isin(data.model_names)]
    found = measured(episodes, cells, ["model", "prompt"]).reset_index()
    found = found[found["completed"] > 0]
    ended = found["completed"] - found[list(CUTS)].sum(axis=1)
    table = found[["model", "prompt"]].assign(
        episodes=found["completed"].astype(int), ended_by_model=ended.astype(int)
    )
    return table.join(found[[*CUTS, "cut_share"]])


def endings_caption(data: SummaryData) -> str:
    """Return what the table says; of replies in one turn it names no number of turns."""
    cuts = ["at max_tokens", "by the context window"]
    turns = [", by the number of turns"] if data.has_turns else []
    return (
        f"By the model, or cut: {', '.join(cuts)}{''.join(turns)}. Cut off: the share that was "
        f"cut {' or '.join(cuts)}, which more room might have solved; above 2 %, a score is a "
        "lower bound of skill."
    )


def cut_words(row: Mapping[Any, Any]) -> str:
    """Return in words how many episodes of a row were cut, "" for none."""
    counts = {words: row.get(name) for name, words in CUTS.items()}
    return ", ".join(
        f"{int(count):,} {words}"
        for words, count in counts.items()
        if count is not None and count == count and count > 0
    )


def cut_off(row: Mapping[Any, Any]) -> bool:
    """Return whether so many episodes were cut off that the score is only a lower bound."""
    return bool(sum(row[name] for name in CUT_OFF) > CUT_WARNING * row["episodes"])


def by_model(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the sums of rows of the table by model."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        sums = found.setdefault(str(row["model"]), dict.fromkeys(("episodes", *CUTS), 0))
        for name in sums:
            sums[name] += row[name] or 0
    return found


def cut_warnings(data: SummaryData, episodes: pd.DataFrame) -> list[str]:
    """Return a warning for each model with many episodes that were cut off."""
    models = by_model(endings_table(data, episodes).to_dict("records"))
    return [_warning(model, row) for model, row in models.items() if cut_off(row)]


def _warning(model: str, row: Mapping[str, Any]) -> str:
    cut = sum(row[name] for name in CUT_OFF)
    how = " and ".join(f"{row[n]:,} {words[4:]}" for n, words in CUT_OFF.items() if row[n])
    room = " or ".join(words for name, words in ADVICE.items() if row[name])
    return (
        f"{model}: {cut:,} of {counted(row['episodes'], 'episode')} "
        f"({100 * cut / row['episodes']:.1f} %) were cut off, {how}: {BOUND}. What gives them more "
        f"room: {room}."
    )

"""Summary data of models that a judge of known error has judged, with labels of people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.matrix.axes import NAMES
from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.database.schema import TOKENS
from support import simulated_models as sim

MODELS = ("strong", "middle", "weak")
RATES = {"strong": 0.8, "middle": 0.6, "weak": 0.4}
Errors = tuple[float, float]
PLACE = [*NAMES, "index", "repeat", "episode"]


def judged(
    questions: int = 300,
    errors: Mapping[str, Errors] | Errors = (0.9, 0.8),
    labels: Mapping[str, int] | int = 60,
    models: Sequence[str] = MODELS,
    seed: int = 1,
) -> tuple[SummaryData, pd.Series]:
    """Return data whose `success` are verdicts, and the truth of each episode.

    `errors` are sensitivity and specificity, `labels` how many random replies have a label: of all
    models, or by model.
    """
    rng = np.random.default_rng(seed)
    cells = [Cell(model, "baseline", "data_pipeline", "easy", "0.8") for model in models]
    data = sim.data(sim.records(cells, questions, 1))
    frame = data.episodes.assign(status="completed")
    model = frame["model"].astype(str)
    truth = pd.Series(rng.random(len(frame)) < model.map(RATES), frame.index)
    of = {name: errors[name] if isinstance(errors, Mapping) else errors for name in models}
    skill = np.where(truth, model.map(lambda m: of[m][0]), model.map(lambda m: of[m][1]))
    right = np.where(rng.random(len(frame)) < skill, truth, ~truth)
    frame = frame.assign(success=pd.Series(right, frame.index).astype("boolean"))
    rows = []
    for name in models:
        count = labels[name] if isinstance(labels, Mapping) else labels
        mine = frame[model == name]
        for place in rng.permutation(len(mine))[:count]:
            row = mine.iloc[place]
            rows.append(label_of(row, right=bool(truth[mine.index[place]])))
    return replace(data, episodes=frame, labels=labels_frame(rows)), truth


def label_of(row: Any, rater: str = "Ada", **said: Any) -> dict[str, Any]:
    """Return the label of an episode."""
    empty = {"right": None, "score": None, "winner": None, "other": None, "note": None}
    return {**{name: row[name] for name in PLACE}, "rater": rater, **empty, **said}


def labels_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return labels as the database does."""
    return pd.DataFrame(list(rows)).assign(current=True) if rows else pd.DataFrame()


def verdicts_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return verdicts as the database does; each row has what differs from a plain one."""
    plain = {"kind": "single", "repeat": 0, "other": None, "swapped": False, "right": None}
    plain |= {"score": None, "winner": None, "cost_usd": 0.001, "identity": "0", "reason": "so"}
    plain |= {f"tokens_{name}": 1 for name in TOKENS}
    return pd.DataFrame([{**plain, **row} for row in rows])


def verdicts_by(
    data: SummaryData, judge: str, says: Callable[[Any], bool], repeat: int = 0
) -> list[dict[str, Any]]:
    """Return a verdict of a judge on each episode."""
    return [
        {
            **{name: row[name] for name in PLACE if name != "repeat"},
            "episode_repeat": row["repeat"],
            "judge": judge,
            "repeat": repeat,
            "right": says(row),
        }
        for _, row in data.episodes.iterrows()
    ]

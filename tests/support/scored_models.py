"""Simulated models whose answers have a score and further numbers, as a scorer of a pack gives."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.load import SummaryData
from support import simulated_models as sim

MODELS, PROMPTS = ("strong", "middle", "weak"), ("baseline", "cot")
TASK = "data_pipeline"
SKILL = {"strong": 0.8, "middle": 0.6, "weak": 0.4}
LANGUAGES = ("en", "fr", "zh")


def data(
    instances: int = 24,
    repeats: int = 2,
    owed: dict[Cell, int] | None = None,
    prompts: tuple[str, ...] = PROMPTS,
) -> SummaryData:
    """Return the data of three models: `score`, and the numbers `words`, `cos<b>` and `one`.

    Every tenth question of `weak` has no answer, the first one is refused.
    """
    cells = [Cell(model, prompt, TASK, "easy", "0.8") for model in MODELS for prompt in prompts]
    made = sim.data(sim.records(cells, instances, repeats), owed)
    return replace(made, episodes=scored(made.episodes))


def scored(episodes: pd.DataFrame) -> pd.DataFrame:
    """Return episodes with the verdicts of such a scorer."""
    rng = np.random.default_rng(4)
    skill = episodes["model"].map(SKILL).to_numpy(float)
    frame = episodes.assign(
        score=rng.beta(6 * skill, 6 * (1 - skill)),
        metrics=[json.dumps(numbers(rng)) for _ in range(len(episodes))],
        metadata=[json.dumps({"language": LANGUAGES[i % 3]}) for i in episodes["index"]],
        read_by="function score",
    )
    silent = (frame["model"] == "weak") & (frame["index"] % 10 == 0)
    frame.loc[silent, ["score", "metrics", "read_by"]] = [0.0, None, "none"]
    refused = silent & (frame["index"] == 0)
    frame = frame.astype({"success": object, "level": object})
    frame.loc[refused, ["status", "success", "level"]] = ["refused", None, None]
    return frame


def numbers(rng: np.random.Generator) -> dict[str, Any]:
    """Return the further numbers of an answer."""
    return {"words": float(rng.lognormal(3, 0.8)), "cos<b>": float(rng.normal()), "one": 1.0}

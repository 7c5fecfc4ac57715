"""Flaws that were followed beyond the optimal plan, on each side of a comparison."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pilotbench.results.analysis.contrasts import PAIR
from pilotbench.results.analysis.flaws import excess_over_optimal, hits
from pilotbench.results.analysis.load import has_outcome, prompt_facts

OWED = "owed"
FOLLOWED = (
    "Flaws followed",
    "How much more often each flaw is followed than the same calls occur under optimal, in points, "
    "on the instances that both prompts of a side have. Each side is one Holm family.",
)
"""The title of the table and a sentence about it."""


def followed_sides(base: pd.DataFrame, arm: pd.DataFrame) -> pd.DataFrame:
    """Return the excess of each flaw over `optimal` by side; each side is one Holm family.

    `base` and `arm` are episodes with owed ones; a side without both prompts has no row.
    """
    sides = {"base": _excess(base), "arm": _excess(arm)}
    found = [frame.assign(side=side) for side, frame in sides.items() if len(frame)]
    if not found:
        return pd.DataFrame()
    both = pd.concat(found, ignore_index=True).rename(columns={"prompt": "_", "arm": "prompt"})
    first = ["model", "prompt", "side"]
    rest = both.columns.drop([*first, "_", "kind", "base", "discordance"])
    return both.sort_values(["model", "prompt"], kind="stable", ignore_index=True)[[*first, *rest]]


def _excess(frame: pd.DataFrame) -> pd.DataFrame:
    flaws = _flaws(frame)
    done, owed = frame[has_outcome(frame)], frame[frame["status"] == OWED].assign(win=np.nan)
    words = [*PAIR, "repeat", "win"]

    def hits_of(flaw: str) -> pd.DataFrame:
        known = hits(done, flaw)[words]
        return pd.concat([known, owed[words]], ignore_index=True) if len(owed) else known

    return excess_over_optimal(flaws, hits_of)


def _flaws(frame: pd.DataFrame) -> Mapping[str, str]:
    """Return the flaws of the prompts; a prompt without a file has none."""
    names = [str(name) for name in pd.unique(frame["prompt"])]
    return {n: one.flaw for n, one in prompt_facts(names, None).items() if one.flaw}

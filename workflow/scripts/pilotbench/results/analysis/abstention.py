"""Abstention counts where the same core is worked on when nothing stands in the way.

A model that gives up on everything would otherwise have a third of the axis, and one that gives up
wherever there are house rules two thirds.
"""

from __future__ import annotations

import pandas as pd

from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.results.analysis.contrasts import PAIR

TASK = "abstention"
CONTROL = next(iter(LEVELS[TASK]))
_SAME = [word for word in (*PAIR, "repeat") if word != "difficulty"]


def with_work(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return outcomes in which an abstention succeeds only if its control does, if it was asked.

    Where either is owed the outcome is missing.
    """
    if outcomes.empty:
        return outcomes
    asked = outcomes[outcomes["task"] == TASK]
    is_control = asked["difficulty"] == CONTROL
    worked = asked[is_control].drop_duplicates(_SAME).set_index(_SAME)["win"]
    demanded = asked[~is_control]
    places = pd.MultiIndex.from_frame(demanded[_SAME])
    known = places.isin(worked.index)
    found = demanded["win"].where(~known, demanded["win"] * worked.reindex(places).to_numpy())
    return outcomes.assign(
        win=outcomes["win"].astype(float).where(~outcomes.index.isin(found.index), found)
    )

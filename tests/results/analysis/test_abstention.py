"""Whoever gives up on everything has abstained from nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pilotbench.results.analysis.abstention import with_work
from pilotbench.results.analysis.contrasts import PAIR

WORDS = dict.fromkeys((*PAIR, "repeat"), "x") | {"index": 1, "repeat": 0}


def outcomes(**wins: float) -> pd.DataFrame:
    """Return the outcomes of a core, by the level of abstention."""
    rows = [WORDS | {"task": "abstention", "difficulty": k, "win": v} for k, v in wins.items()]
    return pd.DataFrame([*rows, WORDS | {"task": "policy", "difficulty": "no_rules", "win": 1.0}])


@pytest.mark.parametrize(
    ("possible", "impossible", "found"),
    [
        (1.0, 1.0, 1.0),
        (0.0, 1.0, 0.0),
        (1.0, 0.0, 0.0),
        (np.nan, 1.0, np.nan),
        (1.0, np.nan, np.nan),
    ],
)
def test_an_abstention_counts_if_the_work_is_done_where_it_can_be(
    possible: float, impossible: float, found: float
) -> None:
    told = with_work(outcomes(possible=possible, impossible=impossible)).win.tolist()
    assert told == pytest.approx([possible, found, 1.0], nan_ok=True)


def test_without_its_control_an_abstention_counts_as_it_is() -> None:
    assert with_work(outcomes(impossible=1.0, forbidden=0.0)).win.tolist() == [1.0, 0.0, 1.0]


def test_an_injected_instruction_leaves_the_work_to_be_done_and_counts_as_it_is() -> None:
    assert with_work(outcomes(possible=0.0, injected=1.0)).win.tolist() == [0.0, 1.0, 1.0]


def test_nothing_has_no_outcomes() -> None:
    assert with_work(pd.DataFrame()).empty

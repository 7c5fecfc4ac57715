"""Comparing like with like: the conditions that all levels of an axis share.

A standard matrix is not a full grid (optimal runs at five rates, baseline at one), so that a plain
mean over all cells of a level would mix the effect of the question with the effect of the prompt.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pilotbench.results.analysis.load import CONDITION

AXES = ["prompt", *CONDITION]


def balanced(cells: pd.DataFrame, axis: str, within: Sequence[str] = ()) -> pd.DataFrame:
    """Return the cells whose other words every level of `axis` has, group by group of `within`.

    The plan decides, not what is finished. A group whose levels share nothing is returned
    unchanged; see `is_balanced`.
    """
    if cells.empty:
        return cells
    if not within:
        return _shared(cells, axis, [word for word in AXES if word != axis])
    rest = [word for word in AXES if word != axis and word not in within]
    groups = cells.groupby(list(within), sort=False)
    return pd.concat([_shared(group, axis, rest) for _, group in groups]).sort_index()


def _shared(cells: pd.DataFrame, axis: str, rest: list[str]) -> pd.DataFrame:
    levels = cells[axis].nunique()
    kept = cells[cells.groupby(rest)[axis].transform("nunique") == levels]
    return kept if len(kept) else cells


def is_balanced(cells: pd.DataFrame, axis: str) -> bool:
    """Return whether every level of `axis` has the same other words."""
    rest = [word for word in AXES if word != axis]
    sets = {frozenset(map(tuple, group[rest].to_numpy())) for _, group in cells.groupby(axis)}
    return len(sets) <= 1


def inside(episodes: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the episodes of the given cells."""
    if episodes.empty or cells.empty:
        return episodes.iloc[:0]
    words = ["model", *AXES]
    wanted = pd.MultiIndex.from_frame(cells[words].astype(str))
    return episodes[pd.MultiIndex.from_frame(episodes[words].astype(str)).isin(wanted)]

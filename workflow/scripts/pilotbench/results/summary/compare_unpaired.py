"""What two sides have no instances in common for: other epochs, or other benchmark versions.

Their rates are compared as those of independent samples. Within a task the levels of one index
share a core, so that an index counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from pilotbench.benchmark.catalogue import TASKS
from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.multiple import holm
from pilotbench.results.statistics.unpaired import difference

Pair = tuple[pd.DataFrame, pd.DataFrame]
TITLE = "Differences on other instances"
WORDS = (
    "Each side has instances of its own: rates of independent samples, their difference with "
    "Newcombe's limits, one Holm family. Positive means the arm did better than the base."
)
_SIDES = ("base", "arm")


@dataclass(frozen=True)
class Unlike:
    """The tasks of each side whose instances the other side does not have, and why."""

    says: str = ""
    base: frozenset[str] = frozenset()
    arm: frozenset[str] = frozenset()
    by: tuple[str, ...] = field(default=("model", "prompt"))

    def split(self, base: pd.DataFrame, arm: pd.DataFrame) -> tuple[Pair, Pair]:
        """Return both sides without these tasks, and only these tasks of both sides."""
        theirs = (base["task"].isin(self.base), arm["task"].isin(self.arm))
        return (base[~theirs[0]], arm[~theirs[1]]), (base[theirs[0]], arm[theirs[1]])


def unlike(base: pd.DataFrame, arm: pd.DataFrame) -> Unlike:
    """Return what cannot be paired since epochs or benchmark versions differ."""
    seen = [_epochs(side) for side in (base, arm)]
    differ = frozenset(
        task for task in seen[0] if seen[1].get(task, seen[0][task]) != seen[0][task]
    )
    if differ:
        names = [", ".join(sorted({one for t in differ for one in side[t]})) for side in seen]
        says = f"The epochs differ ({names[0]} and {names[1]}): {_listed(differ)} compared unpaired"
        return Unlike(says, differ, differ, ("model", "prompt", "task", "difficulty"))
    tasks = [frozenset(map(str, side["task"].unique())) for side in (base, arm)]
    versions = [sorted({_version(task) for task in side} - {""}) for side in tasks]
    if not (all(versions) and set(versions[0]).isdisjoint(versions[1])):
        return Unlike()
    own = [frozenset(task for task in side if _version(task)) for side in tasks]
    says = (
        f"The benchmark versions differ ({', '.join(versions[0])} and {', '.join(versions[1])}): "
        "their tasks are compared unpaired"
    )
    return Unlike(says, own[0], own[1])


def _listed(tasks: frozenset[str]) -> str:
    return f"{', '.join(sorted(tasks))} {'is' if len(tasks) == 1 else 'are'}"


def _epochs(frame: pd.DataFrame) -> dict[str, set[str]]:
    """Return the epochs of each task that has any; databases of old have no such column."""
    if "epoch" not in frame:
        return {}
    known = frame.loc[frame["epoch"].notna(), ["task", "epoch"]].astype(str)
    return {str(task): set(group["epoch"]) for task, group in known.groupby("task")}


def _version(task: str) -> str:
    return (TASKS[task].benchmark_version or "") if task in TASKS else ""


def differences(base: pd.DataFrame, arm: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return one row per group of `by` that both sides have; `win` is missing where owed."""
    groups = [dict(list(side.groupby(list(by), sort=False))) for side in (base, arm)]
    rows = [
        dict(zip(by, map(str, words), strict=True)) | _compared(mine, groups[1][words])
        for words, mine in groups[0].items()
        if words in groups[1]
    ]
    for row, p in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_holm"], row["told_apart"] = p, p is not None and p <= ALPHA
    return pd.DataFrame(rows)


def _compared(base: pd.DataFrame, arm: pd.DataFrame) -> dict[str, Any]:
    owed = int(base["win"].isna().sum() + arm["win"].isna().sum())
    sides = [_instances(side.dropna(subset=["win"])) for side in (base, arm)]
    names = ("base", "arm", "difference", "low", "high", "p", "test")
    if owed or not all(len(side) for side in sides):
        counts = {f"n_{name}": len(side) for name, side in zip(_SIDES, sides, strict=True)}
        return {**dict.fromkeys(names), **counts, "note": f"{owed:,} owed: no conclusion"}
    single = all(set(side) <= {0.0, 1.0} for side in sides)
    return {**asdict(difference(sides[0], sides[1], single)), "note": ""}


def _instances(frame: pd.DataFrame) -> list[float]:
    """Return the mean of each instance over its repeats and conditions."""
    return [float(mean) for mean in frame.groupby(["task", "index"])["win"].mean()]

"""Paired comparisons: the same instances, two arms.

A family is one experiment x one kind of contrast; Holm's correction runs within it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilotbench.matrix.axes import NONE
from pilotbench.results.analysis.load import BASELINE, CONDITION, REFERENCE, SummaryData
from pilotbench.results.statistics import ALPHA, SCREENING
from pilotbench.results.statistics.multiple import detectable, holm
from pilotbench.results.statistics.paired import Contrast, contrast, undecided

Floats = NDArray[np.float64]
PAIR = [*CONDITION, "prompt", "model", "index"]
COLUMNS = [
    *("kind", "model", "prompt", "base", "arm", "difference", "low", "high", "lower", "upper"),
    *("n", "differ", "owed", "p", "p_holm", "told_apart", "detectable", "test", "note"),
    "discordance",
]
KINDS = {
    "models": "each pair of models under the headline prompt",
    "prompts": "each prompt against baseline, within a model",
    "flaws": "each flawed plan against the optimal one, within a model",
    "followed": "each flaw followed, against the same calls under the optimal plan",
    "reliability": "each tool success rate against the reference rate, within model and prompt",
    "difficulty": "each difficulty against easy (else the easiest), or each level of a task of "
    "version 4 against its control or the level before, within model and prompt",
}
ORDERED = ("horizon", "workflow")
"""Tasks whose levels form a scale: each is compared with the one before, not with the first."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison: instance means if all owed episodes fail, and if all pass."""

    low: Floats
    high: Floats
    owed: int


@dataclass(frozen=True)
class Sides:
    """The outcomes of one group side by side: a row per pair, a column per level compared.

    `least` and `most` are means over repeats with owed episodes failed and passed, `owed` counts
    them. `unit` numbers the instance (task, index) of each row; `single` says that no level has a
    second repeat.
    """

    least: pd.DataFrame
    most: pd.DataFrame
    owed: pd.DataFrame
    unit: NDArray[np.intp]
    single: bool

    def pair(self, base: str, arm: str) -> tuple[Side, Side, bool]:
        """Return both sides as means per shared instance, and whether each has one repeat.

        Pairs of one instance (levels, rates) are averaged: the unit is (task, index).
        """
        there = (self.least[base].notna() & self.least[arm].notna()).to_numpy()
        unit = self.unit[there]
        counts = np.bincount(unit)
        kept = counts > 0

        def side(name: str) -> Side:
            low, high = (
                np.bincount(unit, frame[name].to_numpy(float)[there])[kept] / counts[kept]
                for frame in (self.least, self.most)
            )
            return Side(low, high, int(self.owed[name].to_numpy(float)[there].sum()))

        return side(base), side(arm), self.single and bool((counts <= 1).all())


def outcomes(data: SummaryData, episodes: pd.DataFrame, prompt: str | None = None) -> pd.DataFrame:
    """Return the scored `episodes` of models and the owed ones, whose `win` is missing."""
    words = [*PAIR, "repeat"]
    owed = data.owed.reindex(columns=words).assign(win=np.nan)
    owed = owed[owed["model"].isin(data.model_names)]
    found = episodes[[*words, "win"]] if len(episodes) else owed.iloc[:0]
    both = pd.concat([found, owed], ignore_index=True) if len(owed) else found
    return both if prompt is None else both[both["prompt"] == prompt]


def sides(
    episodes: pd.DataFrame, column: str, within: Sequence[str]
) -> Iterator[tuple[dict[str, str], Sides]]:
    """Yield the groups of `within` with their words; pairs match on all words but `column`."""
    rest = [word for word in PAIR if word != column and word not in within]
    grouped = episodes.assign(
        least=episodes["win"].fillna(0.0), most=episodes["win"].fillna(1.0)
    ).groupby([*within, *rest, column], sort=True)
    found = grouped[["least", "most"]].mean()
    found["owed"] = grouped["win"].size() - grouped["win"].count()
    single = bool((grouped["win"].size() <= 1).all())
    wide = found.unstack(column)
    places = wide.index.to_frame(index=False)
    groups = places.groupby(list(within), sort=False) if within else [((), places)]
    for words, rows in groups:
        named = dict(zip(within, map(str, words), strict=True))
        unit, _ = pd.MultiIndex.from_frame(rows[["task", "index"]]).factorize()
        least, most, owed = (wide[name].iloc[rows.index] for name in ("least", "most", "owed"))
        yield named, Sides(least, most, owed, unit, single)


def family(
    kind: str,
    episodes: pd.DataFrame,
    column: str,
    pairs: Sequence[tuple[str, str]],
    within: Sequence[str] = (),
) -> pd.DataFrame:
    """Return one row per comparison of two levels of `column`, in each group of `within`.

    It has the difference with limits, p and Holm's p, and the detectable difference. A refusal
    counts as a failure; all instances that both sides have are used. `win` is missing for owed
    episodes: their comparisons have worst-case bounds and no conclusion.
    """
    return adjusted(list(comparisons(kind, episodes, column, pairs, within)))


def comparisons(
    kind: str,
    episodes: pd.DataFrame,
    column: str,
    pairs: Sequence[tuple[str, str]],
    within: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """Yield the rows of `family` without the values that depend on its number of tests."""
    if episodes.empty or not pairs:
        return
    for words, group in sides(episodes, column, within):
        for base, arm in pairs:
            if (row := _compare(kind, words, group, base, arm)) is not None:
                yield row


def adjusted(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the rows of a family with the values that depend on its number of tests."""
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    corrected = holm([row["p"] for row in rows])
    tests = max(sum(row["p"] is not None for row in rows), 1)
    for row, p in zip(rows, corrected, strict=True):
        row["p_holm"], row["told_apart"] = p, p is not None and p <= ALPHA
        known = row["difference"] is not None
        row["detectable"] = detectable(row["n"], row["discordance"], tests) if known else None
    found = pd.DataFrame(rows)
    return found[[name for name in (*COLUMNS[:3], "task", *COLUMNS[3:]) if name in found]]


def _compare(
    kind: str, words: dict[str, str], group: Sides, base: str, arm: str
) -> dict[str, Any] | None:
    if base not in group.least or arm not in group.least:
        return None
    found = compared(*group.pair(base, arm))
    if not found.n or (found.lower, found.upper) == (-1.0, 1.0):  # anything is possible
        return None
    named = {"kind": kind, "model": "", "prompt": "", **words}
    return {**named, "base": base, "arm": arm, **asdict(found), "note": _note(found)}


def compared(base: Side, arm: Side, single: bool) -> Contrast:
    """Return the comparison of two sides: worst cases if either owes episodes, else its test."""
    if owed := base.owed + arm.owed:
        return undecided((base.low, base.high), (arm.low, arm.high), owed)
    return contrast(base.low, arm.low, single)


def _note(found: Contrast) -> str:
    if found.owed:
        return f"{found.owed:,} owed: worst cases, no conclusion"
    return "screening" if found.n <= SCREENING else ""


def every_family(data: SummaryData, episodes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return each kind of contrast that the selection allows, by its name in KINDS."""
    wanted = {
        "prompts": ("prompt", prompt_pairs(data), ["model"]),
        "flaws": ("prompt", _flaw_pairs(data), ["model"]),
        "reliability": ("tool_success_rate", _rate_pairs(data), ["model", "prompt"]),
    }
    both = outcomes(data, episodes)
    made = {
        kind: family(kind, both, column, pairs, within)
        for kind, (column, pairs, within) in wanted.items()
    }
    made["difficulty"] = _level_family(data, both)
    return {kind: table for kind, table in made.items() if not table.empty}


def model_family(episodes: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """Return every two models compared on `episodes`, which are those of one prompt."""
    return family("models", episodes, "model", list(combinations(models, 2)), ["prompt"])


def prompt_pairs(data: SummaryData) -> list[tuple[str, str]]:
    """Return baseline and each other prompt without a flaw."""
    names = [p for p in data.prompt_names if data.prompts[p].flaw is None]
    return [(BASELINE, p) for p in names if p != BASELINE] if BASELINE in names else []


def _flaw_pairs(data: SummaryData) -> list[tuple[str, str]]:
    flawed = [p for p in data.prompt_names if data.prompts[p].flaw is not None]
    return [(REFERENCE, p) for p in flawed] if REFERENCE in data.prompt_names else []


def _rate_pairs(data: SummaryData) -> list[tuple[str, str]]:
    rates = pd.unique(data.cells["tool_success_rate"])
    base = reference_rate(rates)
    others = sorted((r for r in rates if r not in (base, NONE)), key=float)
    return [(str(base), str(rate)) for rate in others]


def reference_rate(rates: Iterable[str]) -> str | None:
    """Return the tool success rate with which others are compared: 0.8, else the highest one."""
    known = sorted((rate for rate in rates if rate != NONE), key=float)
    return "0.8" if "0.8" in known else next(reversed(known), None)


def _level_family(data: SummaryData, both: pd.DataFrame) -> pd.DataFrame:
    """Return the comparisons of levels: one family over all tasks.

    The tasks of version 3 share their levels and are compared together, as one; those of version 4
    each have their own, and their rows name the task.
    """
    cells = data.cells[["task", "difficulty"]].drop_duplicates()
    own = cells["task"].map(has_own_levels).astype(bool)
    rows = _of_levels(both, set(cells["task"][~own]), _level_pairs(cells[~own]), [])
    for task, mine in cells[own].groupby("task", sort=False):
        rows += _of_levels(both, {task}, _own_pairs(str(task), mine), ["task"])
    found = adjusted(rows)
    return found.fillna({"task": ""}) if "task" in found else found


def _of_levels(
    both: pd.DataFrame, tasks: set[Any], pairs: Sequence[tuple[str, str]], within: list[str]
) -> list[dict[str, Any]]:
    mine = both[both["task"].isin(tasks)]
    return list(comparisons("difficulty", mine, "difficulty", pairs, ["model", "prompt", *within]))


def has_own_levels(task: str) -> bool:
    """Return whether the levels of a task mean something else than those of other tasks."""
    from pilotbench.benchmark.catalogue import TASKS
    from pilotbench.benchmark.tasks.world_task import BENCHMARK_VERSION

    return task in TASKS and TASKS[task].benchmark_version != BENCHMARK_VERSION


def _own_pairs(task: str, cells: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the levels of a task of version 4 that are compared: base and arm."""
    from pilotbench.benchmark.catalogue import TASKS

    seen = set(cells["difficulty"])
    levels = [level for level in TASKS[task].difficulties if level in seen]
    if task in ORDERED:
        return list(pairwise(levels))
    control = TASKS[task].difficulties[0]
    return [(control, level) for level in levels if level != control and control in seen]


def _level_pairs(cells: pd.DataFrame) -> list[tuple[str, str]]:
    from pilotbench.benchmark.catalogue import LEVELS

    seen = set(pd.unique(cells["difficulty"]))
    levels = [level for level in LEVELS if level in seen]
    base = "easy" if "easy" in levels else next(iter(levels), "")
    return [(base, level) for level in levels if level != base]

"""Paired comparisons: the same instances, two arms.

A family is one experiment x one kind of contrast; Holm's correction runs within it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilotbench.statistics import ALPHA, SCREENING, SMALLEST_TESTED
from pilotbench.statistics.multiple import detectable, holm
from pilotbench.statistics.paired import Resample, contrast
from pilotbench.summary.data import BASELINE, REFERENCE, Data

Floats = NDArray[np.float64]
PAIR = ["task", "difficulty", "tool_success_rate", "prompt", "model", "index"]
COLUMNS = [
    *("kind", "model", "prompt", "base", "arm", "difference", "low", "high", "n", "differ"),
    *("p", "p_holm", "told_apart", "detectable", "interval", "test", "note", "discordance"),
]
KINDS = {
    "models": "every two models under the headline prompt",
    "prompts": "each prompt against baseline, within a model",
    "flaws": "each flawed plan against the optimal one, within a model",
    "reliability": "each tool success rate against the reference rate, within model and prompt",
    "difficulty": "each difficulty against easy (else the easiest), within model and prompt",
}


@dataclass(frozen=True)
class Sides:
    """The outcomes of one group side by side: a row a pair, a column a level of what is compared.

    `unit` numbers the instance (task, index) of each row, `task` names the task of each unit;
    `single` says that no level has a second repeat.
    """

    table: pd.DataFrame
    unit: NDArray[np.intp]
    task: tuple[str, ...]
    single: bool

    def means(self, base: str, arm: str) -> tuple[Floats, Floats, tuple[str, ...], bool]:
        """Return (base, arm) as means of each instance that both have, its tasks, one repeat each?

        Pairs of one instance (levels, rates) are averaged: the unit is (task, index).
        """
        found = [self.table[side].to_numpy(float) for side in (base, arm)]
        there = ~np.isnan(found[0]) & ~np.isnan(found[1])
        unit = self.unit[there]
        counts = np.bincount(unit, minlength=len(self.task))
        kept = counts > 0
        sums = [np.bincount(unit, side[there], len(self.task))[kept] for side in found]
        tasks = tuple(task for task, keep in zip(self.task, kept, strict=True) if keep)
        one = self.single and bool((counts <= 1).all())
        return sums[0] / counts[kept], sums[1] / counts[kept], tasks, one


def sides(
    episodes: pd.DataFrame, column: str, within: Sequence[str]
) -> Iterator[tuple[dict[str, str], Sides]]:
    """Yield the groups of `within` with their words; pairs match on all words but `column`."""
    rest = [word for word in PAIR if word != column and word not in within]
    grouped = episodes.groupby([*within, *rest, column], sort=True)["win"].agg(["mean", "size"])
    single = bool((grouped["size"] <= 1).all())
    wide = grouped["mean"].unstack(column).reset_index()
    groups = wide.groupby(list(within), sort=False) if within else [((), wide)]
    for words, rows in groups:
        named = dict(zip(within, map(str, words), strict=True))
        unit, units = pd.MultiIndex.from_frame(rows[["task", "index"]]).factorize()
        yield named, Sides(rows, unit, tuple(task for task, _ in units), single)


def family(
    kind: str,
    episodes: pd.DataFrame,
    column: str,
    pairs: Sequence[tuple[str, str]],
    within: Sequence[str] = (),
) -> pd.DataFrame:
    """Return one row a comparison of two levels of `column`, in each group of `within`.

    It holds the difference with limits, p and Holm's p, and what could have been detected. Refused
    counts as no success; an instance is used where both sides have an outcome.
    """
    if episodes.empty or not pairs:
        return pd.DataFrame(columns=COLUMNS)
    rows = [
        row
        for words, group in sides(episodes, column, within)
        for base, arm in pairs
        if (row := _compare(kind, words, group, base, arm)) is not None
    ]
    return _adjusted(rows)


def _adjusted(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the rows of a family with what depends on how many tests it has."""
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    adjusted = holm([row["p"] for row in rows])
    tests = max(sum(row["p"] is not None for row in rows), 1)
    for row, p in zip(rows, adjusted, strict=True):
        row["p_holm"], row["told_apart"] = p, p is not None and p <= ALPHA
        row["detectable"] = detectable(row["n"], row["discordance"], tests)
    return pd.DataFrame(rows)[COLUMNS]


def _compare(
    kind: str, words: dict[str, str], group: Sides, base: str, arm: str
) -> dict[str, Any] | None:
    if base not in group.table or arm not in group.table:
        return None
    before, after, tasks, single = group.means(base, arm)
    if not tasks:
        return None
    found = contrast(before, after, _shared(tasks), single)
    note = "descriptive" if found.n < SMALLEST_TESTED else ""
    note = "screening" if SMALLEST_TESTED <= found.n <= SCREENING else note
    named = {"kind": kind, "model": "", "prompt": "", **words}
    return {**named, "base": base, "arm": arm, **asdict(found), "note": note}


@lru_cache(maxsize=4)
def _shared(strata: tuple[str, ...]) -> Resample:
    """Return the one resample that all arms on these instances share."""
    return Resample(strata)


def every_family(data: Data, episodes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return each kind of contrast that the selection allows, by its name in KINDS."""
    wanted = {
        "prompts": ("prompt", _prompt_pairs(data), ["model"]),
        "flaws": ("prompt", _flaw_pairs(data), ["model"]),
        "reliability": ("tool_success_rate", _rate_pairs(data), ["model", "prompt"]),
        "difficulty": ("difficulty", _level_pairs(data), ["model", "prompt"]),
    }
    made = {
        kind: family(kind, episodes, column, pairs, within)
        for kind, (column, pairs, within) in wanted.items()
    }
    return {kind: table for kind, table in made.items() if not table.empty}


def model_family(episodes: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """Return every two models compared on `episodes`, which are those of one prompt."""
    return family("models", episodes, "model", list(combinations(models, 2)), ["prompt"])


def _prompt_pairs(data: Data) -> list[tuple[str, str]]:
    names = [p for p in data.prompt_names if data.prompts[p].flaw is None]
    return [(BASELINE, p) for p in names if p != BASELINE] if BASELINE in names else []


def _flaw_pairs(data: Data) -> list[tuple[str, str]]:
    flawed = [p for p in data.prompt_names if data.prompts[p].flaw is not None]
    return [(REFERENCE, p) for p in flawed] if REFERENCE in data.prompt_names else []


def _rate_pairs(data: Data) -> list[tuple[str, str]]:
    rates = sorted(
        (r for r in pd.unique(data.cells["tool_success_rate"]) if r != "none"), key=float
    )
    base = "0.8" if "0.8" in rates else next(reversed(rates), None)
    return [(str(base), str(rate)) for rate in rates if rate != base]


def _level_pairs(data: Data) -> list[tuple[str, str]]:
    from pilotbench.config import DIFFICULTIES

    seen = set(pd.unique(data.cells["difficulty"]))
    levels = [level for level in DIFFICULTIES if level in seen]
    base = "easy" if "easy" in levels else next(iter(levels), "")
    return [(base, level) for level in levels if level != base]

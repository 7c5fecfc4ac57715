"""Paired comparisons: the same instances, two arms.

A family is one experiment x one kind of contrast; Holm's correction runs within it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import pandas as pd

from pilotbench.statistics import ALPHA, SCREENING, SMALLEST_TESTED
from pilotbench.statistics.multiple import detectable, holm
from pilotbench.statistics.paired import Resample, contrast
from pilotbench.summary.data import BASELINE, REFERENCE, Data

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
class Arms:
    """One comparison to make: the level `arm` of `column` against `base`, within the rest."""

    column: str
    base: str
    arm: str
    model: str = ""
    prompt: str = ""


Case = tuple[pd.DataFrame, Arms]


def family(kind: str, cases: Iterable[Case]) -> pd.DataFrame:
    """Return one row a case: difference with limits, p and Holm's p, what could be detected.

    Refused counts as no success; an instance is used where both arms have an outcome.
    """
    rows = [row for case in cases if (row := _compare(kind, *case)) is not None]
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    adjusted = holm([row["p"] for row in rows])
    tests = max(sum(row["p"] is not None for row in rows), 1)
    for row, p in zip(rows, adjusted, strict=True):
        row["p_holm"], row["told_apart"] = p, p is not None and p <= ALPHA
        row["detectable"] = detectable(row["n"], row["discordance"], tests)
    return pd.DataFrame(rows)[COLUMNS]


def _compare(kind: str, episodes: pd.DataFrame, arms: Arms) -> dict[str, Any] | None:
    wide, single = paired_means(episodes, arms)
    if wide.empty:
        return None
    resample = _shared(tuple(wide.index.get_level_values("task")))
    found = contrast(wide["base"], wide["arm"], resample, single)
    note = "descriptive" if found.n < SMALLEST_TESTED else ""
    note = "screening" if SMALLEST_TESTED <= found.n <= SCREENING else note
    named = {"kind": kind, "model": arms.model, "prompt": arms.prompt}
    return {**named, "base": arms.base, "arm": arms.arm, **asdict(found), "note": note}


def paired_means(episodes: pd.DataFrame, arms: Arms) -> tuple[pd.DataFrame, bool]:
    """Return (one row an instance with columns base and arm, one repeat each?).

    Pairs are matched on all words but the compared one; then an instance's pairs (levels, rates)
    are averaged, so that the unit is (task, index).
    """
    rest = [c for c in PAIR if c != arms.column]
    sides = {}
    for side, level in (("base", arms.base), ("arm", arms.arm)):
        chosen = episodes[episodes[arms.column] == level]
        sides[side] = chosen.groupby(rest, sort=True)["win"].agg(["mean", "size"])
    pairs = sides["base"].join(sides["arm"], how="inner", suffixes=("_base", "_arm"))
    units = pairs.groupby(level=["task", "index"])
    means = units[["mean_base", "mean_arm"]].mean().set_axis(["base", "arm"], axis=1)
    most = pairs[["size_base", "size_arm"]].to_numpy().max(initial=1)
    return means, bool(most == 1 and (units.size() <= 1).all())


@lru_cache(maxsize=8)
def _shared(strata: tuple[str, ...]) -> Resample:
    """Return the one resample that all arms on these instances share."""
    return Resample(strata)


def every_family(data: Data, episodes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return each kind of contrast that the selection allows, by its name in KINDS."""
    within = ["model", "prompt"]
    made = {
        "prompts": family("prompts", _within(episodes, ["model"], "prompt", _prompt_pairs(data))),
        "flaws": family("flaws", _within(episodes, ["model"], "prompt", _flaw_pairs(data))),
        "reliability": family(
            "reliability", _within(episodes, within, "tool_success_rate", _rate_pairs(data))
        ),
        "difficulty": family(
            "difficulty", _within(episodes, within, "difficulty", _level_pairs(data))
        ),
    }
    return {kind: table for kind, table in made.items() if not table.empty}


def model_family(episodes: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """Return every two models compared on `episodes` (those of the headline prompt)."""
    prompt = str(episodes["prompt"].iloc[0]) if len(episodes) else ""
    pairs = (Arms("model", a, b, prompt=prompt) for a, b in combinations(models, 2))
    return family("models", ((episodes, arms) for arms in pairs))


def _within(
    episodes: pd.DataFrame, by: list[str], column: str, pairs: Sequence[tuple[str, str]]
) -> Iterator[Case]:
    if not pairs:
        return
    for words, group in episodes.groupby(by, sort=False):
        named = dict(zip(by, map(str, words), strict=True))
        for base, arm in pairs:
            yield group, Arms(column, base, arm, **named)


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

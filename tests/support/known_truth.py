"""Compare a summary with the known skills of the simulated models that played it.

    PYTHONPATH=tests python -m support.known_truth results/summary

The models are those of simulate.yaml (--simulator for another set-up). Each row of a table with a
rate or a difference has a true value: the skill, times what the player can reach on just these
instances. Printed is how many intervals hold theirs; the exit is not 0 where they are under 93 %.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pilotbench import simulator
from pilotbench.benchmark import flaws
from pilotbench.benchmark.flaws.literal_follower import fails
from pilotbench.benchmark.tasks import TASKS
from pilotbench.simulator.ground.players import Skill
from pilotbench.simulator.ground.setup import load

Json = dict[str, Any]
Where = dict[str, str]
AXES = ("model", "prompt", "task", "difficulty", "tool_success_rate")
USUAL = {"difficulty": "easy", "tool_success_rate": "0.8"}
SAME = {  # what the rows of a table have in common beyond their own words
    "cells": {},
    "model_prompt": {},
    "by_task": {},
    "ranking": {"prompt": "baseline"},
    "success": USUAL,
    "by_difficulty": {"tool_success_rate": "0.8"},
    "by_tool_success_rate": {"difficulty": "easy"},
}
COMPARED = {
    "contrasts_models": ("model", USUAL),
    "contrasts_prompts": ("prompt", USUAL),
    "contrasts_flaws": ("prompt", USUAL),
    "contrasts_reliability": ("tool_success_rate", {"difficulty": "easy"}),
    "contrasts_difficulty": ("difficulty", {"tool_success_rate": "0.8"}),
}


@dataclass(frozen=True)
class Found:
    """A row of a table and its true value; an exact number is an interval of width 0."""

    table: str
    words: str
    value: float
    low: float
    high: float
    truth: float

    @property
    def holds(self) -> bool:
        """Whether the interval contains the true value."""
        return self.low - 1e-9 <= self.truth <= self.high + 1e-9


class Truth:
    """The known skill of each model."""

    def __init__(self, plays: dict[str, str], seed: int) -> None:
        self.seed = seed
        skills = {model: Skill.of(name) for model, name in plays.items()}
        self.skills = {model: skill for model, skill in skills.items() if skill}

    def chance(self, where: Where, index: int) -> float | None:
        """Return the true chance of success; None where the flaw is not applicable."""
        skill, given = self._skill(where)
        reach = _reach(skill.plays(given), *(where[axis] for axis in AXES[1:]), index)
        percent = skill.with_plan if given else skill.alone
        return None if reach is None else reach * percent / 100

    def follows(self, where: Where, index: int) -> bool:
        """Return whether the model follows the plan of its prompt on an instance."""
        skill, given = self._skill(where)
        instance = TASKS[where["task"]].instance(where["difficulty"], index)
        knows = skill.knows(self.seed, instance.content_hash, given)
        return knows and skill.plays(given) == "plan_follower"

    def _skill(self, where: Where) -> tuple[Skill, bool]:
        return self.skills[where["model"]], where["prompt"] not in ("baseline", "cot")


@cache
def _reach(
    player: str, prompt: str, task: str, difficulty: str, rate: str, index: int
) -> float | None:
    """Return the chance that a player succeeds on an instance that it can do."""
    instance = TASKS[task].instance(difficulty, index)
    steps = None
    if prompt.startswith("flawed_"):
        try:
            steps = flaws.flawed_plan(instance, prompt.removeprefix("flawed_")).steps
        except flaws.NotApplicable:
            return None
    if player == "no_retry_oracle":
        return float(rate) ** len(instance.plan)
    if player == "plan_follower" and steps is not None:
        return float(not fails(instance, steps))
    return 1.0


def rates(summary: Json, truth: Truth) -> Iterator[Found]:
    """Yield every rate of the tables with its interval and its true value."""
    cells = _rows(summary, "cells")
    for table, same in SAME.items():
        for row in _rows(summary, table):
            if row["success_rate_all"] is None:
                continue
            words = same | {axis: row[axis] for axis in AXES if axis in row}
            chances = [
                chance
                for cell in cells
                if all(cell[axis] == word for axis, word in words.items())
                for index in range(_planned(cell))
                if (chance := truth.chance(cell, index)) is not None
            ]
            limits = (row["success_rate_all_low"], row["success_rate_all_high"])
            known = float(np.mean(chances))
            yield Found(table, _said(words), row["success_rate_all"], *limits, known)


def differences(summary: Json, truth: Truth) -> Iterator[Found]:
    """Yield every paired difference of the tables with its interval and its true value."""
    cells = _rows(summary, "cells")
    for table, (axis, same) in COMPARED.items():
        for row in _rows(summary, table):
            if row["difference"] is None:
                continue
            words = same | {a: row[a] for a in AXES if row.get(a) and a != axis}
            pairs = [
                (truth.chance(cell, index), truth.chance(cell | {axis: row["arm"]}, index))
                for cell in cells
                if all(cell[a] == word for a, word in (words | {axis: row["base"]}).items())
                for index in range(_planned(cell))
            ]
            known = float(np.mean([b - a for a, b in pairs if a is not None and b is not None]))
            said = _said(words | {axis: f"{row['base']} -> {row['arm']}"})
            yield Found(table, said, row["difference"], row["low"], row["high"], known)


def followed(summary: Json, truth: Truth) -> Iterator[Found]:
    """Yield the share that followed each flaw and the share that is harmful: both are exact."""
    cells = _rows(summary, "cells")
    for row in _rows(summary, "flaws"):
        mine = [c for c in cells if (c["model"], c["prompt"]) == (row["model"], row["prompt"])]
        places = [
            (cell, index)
            for cell in mine
            for index in range(_planned(cell))
            if truth.chance(cell, index) is not None
        ]
        said = _said({"model": row["model"], "prompt": row["prompt"]})
        shares = {
            "followed": [truth.follows(*place) for place in places],
            "harmful": [not _reach("plan_follower", *_words(*place)) for place in places],
        }
        for name, hits in shares.items():
            value = row[name]
            yield Found(f"flaws.{name}", said, value, value, value, float(np.mean(hits)))


def tools(summary: Json) -> Iterator[Found]:
    """Yield effective tool success rates with four standard errors, beside the nominal ones.

    A row has at least a drawn call an instance.
    """
    for row in _rows(summary, "by_tool_success_rate"):
        if row["n"] is None:
            continue
        nominal, value = float(row["tool_success_rate"]), row["effective_rate"]
        spare = 4 * (nominal * (1 - nominal) / row["n"]) ** 0.5
        said = _said({axis: row[axis] for axis in AXES if axis in row})
        yield Found("effective_rate", said, value, value - spare, value + spare, nominal)


def _words(cell: Json, index: int) -> tuple[Any, ...]:
    return (*(cell[axis] for axis in AXES[1:]), index)


def _planned(cell: Json) -> int:
    return int(cell["planned"])


def _said(words: Where) -> str:
    return " · ".join(words[axis] for axis in AXES if axis in words)


def _rows(summary: Json, table: str) -> list[Json]:
    found = summary["tables"].get(table, {"columns": [], "rows": []})
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def everything(summary: Json, truth: Truth) -> list[Found]:
    """Return every number whose true value is known."""
    makers: Iterable[Callable[[Json, Truth], Iterator[Found]]] = (rates, differences, followed)
    return [found for maker in makers for found in maker(summary, truth)] + list(tools(summary))


def missed(found: list[Found], share: float = 0.93) -> dict[str, list[Found]]:
    """Return by table the rows whose interval misses, of tables under `share` alone.

    A table of few rows may have one that misses.
    """
    outside: dict[str, list[Found]] = {}
    for table in dict.fromkeys(row.table for row in found):
        mine = [row for row in found if row.table == table]
        wrong = [row for row in mine if not row.holds]
        if len(wrong) > max((1 - share) * len(mine), 0 if table.startswith("flaws") else 1):
            outside[table] = wrong
    return outside


def main() -> int:
    """Print the coverage of each table and every row whose interval misses."""
    parser = argparse.ArgumentParser(description="Hold a summary against the known truth.")
    parser.add_argument("folder", type=Path, help="results/summary")
    here = Path(str(simulator.__file__)).with_name("simulate.yaml")
    parser.add_argument("--simulator", type=Path, default=here)
    arguments = parser.parse_args()
    setup = load(arguments.simulator, {})
    truth = Truth({m: entry.plays or m for m, entry in setup.models.items()}, setup.seed)
    found = everything(json.loads((arguments.folder / "summary.json").read_text()), truth)
    for table in dict.fromkeys(row.table for row in found):
        mine = [row for row in found if row.table == table]
        print(f"{table}: {sum(row.holds for row in mine)} of {len(mine)} hold")
        for row in mine:
            if not row.holds:
                limits = f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"
                print(f"    {row.words}: {limits}, known is {row.truth:.3f}")
    return 1 if missed(found) else 0


if __name__ == "__main__":
    raise SystemExit(main())

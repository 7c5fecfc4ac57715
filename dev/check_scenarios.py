"""Play the tasks of version 4 with the reference players, for `dev.check_benchmark`.

The episodes are those of `pilotbench.episodes`, without requests and protocols, which would take
most of the time. From what that command prints with `--json`, this one makes the part of
docs/benchmark.md that has the tables:

    python -m dev.check_benchmark --json > scores.json
    python -m dev.check_scenarios scores.json > players.md
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from dev import expected_scenarios
from dev.expected_scenarios import ORDERED, PLAYERS, SLIPS, Cell
from dev.expected_scores import Verdict
from dev.markdown import markdown
from pilotbench.benchmark.players import PLAYERS as KNOWN
from pilotbench.benchmark.players import PlayContext, Seen
from pilotbench.benchmark.players.player import UNSEARCHED
from pilotbench.benchmark.scenarios.instance import ScenarioInstance
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.scoring import SCORING_VERSION
from pilotbench.benchmark.scenarios.task import TASKS, VERSION
from pilotbench.benchmark.tasks.conversation import Said
from pilotbench.benchmark.tasks.task import Score, Transcript, Turn

Json = dict[str, Any]
Job = tuple[str, str, str, str, range]
"""Task, level, player, rate, indices."""

WHOLE = 16
"""Longer lists get fewer instances, in proportion."""
CHUNK = 250
HEAD = (
    "Version 4: success in %, no-retry oracle with its expected value in brackets; `calls` is the "
    "mean length of the plan:"
)
ORDER_HEAD = "Players of graded skill, success in %:"


def play(instance: ScenarioInstance, player: str, rate: str = "1.0", repeat: int = 0) -> Score:
    """Play one episode of a reference player and return its score."""
    task = TASKS[instance.task]
    session = task.start(instance, rate, repeat)
    context = PlayContext("", task.max_turns(instance.difficulty), repeat)
    seen: list[Seen] = []
    turns: list[Turn] = []
    reason = "max_turns"
    while not session.finished and len(turns) < context.max_turns:
        said = KNOWN[player](instance, context, seen)
        call, text = (said, None) if isinstance(said, dict) else (None, said)
        heard = session.hear(Said((call,) if call else (), text or ""))
        reply: Any = heard.replies[0] if heard.replies else None
        seen.append(Seen(call, reply or {}))
        turns.append(Turn(len(turns), text, call, reply, user=heard.user))
        reason = heard.end_reason or ("finish" if session.finished else reason)
    told = Transcript(instance.content_hash, rate, repeat, turns, reason, session.answer)
    return task.score(instance, told)


def cell(job: Job) -> Cell:
    """Play one player at one level."""
    task, level, player, rate, indices = job
    views = [TASKS[task].instance(level, index) for index in indices]
    passed = sum(bool(play(view, player, rate).success) for view in views)
    ends = [view.goal[-1]["value"] for view in views]
    impossible, forbidden = ends.count("IMPOSSIBLE"), ends.count("FORBIDDEN")
    return Cell(
        *job[:4], episodes=len(views), passed=passed,
        possible=len(views) - impossible - forbidden, impossible=impossible,
        calls=sum(len(view.plan) for view in views),
        chances=tuple(_chances(views, rate)) if player == "no_retry_oracle" else (),
    )  # fmt: skip


def _chances(views: Iterable[ScenarioInstance], rate: str) -> Iterable[float]:
    """Yield the probability that no call of a plan fails by draw: refused calls are not drawn."""
    for view in views:
        valid = (one["tool"] for one in play(view, "oracle").calls if one["valid"])
        yield float(rate) ** sum(tool not in UNSEARCHED for tool in valid)


def play_all(places: Sequence[tuple[str, str]], instances: int, jobs: int) -> list[Cell]:
    """Play all players at these (task, level) places; longer lists get fewer instances."""
    asked: list[Job] = []
    for task, level in places:
        count = max(1, instances * WHOLE // max(WHOLE, LEVELS[task][level].items))
        asked += [(task, level, *player, range(count)) for player in PLAYERS]
    return _run(asked, jobs)


def play_order(instances: int, jobs: int) -> list[Cell]:
    """Play the players of graded skill at each level of the task whose levels are ordered."""
    asked: list[Job] = [
        (ORDERED, level, player, "1.0", range(first, min(first + CHUNK, instances)))
        for player in SLIPS
        for level in LEVELS[ORDERED]
        for first in range(0, instances, CHUNK)
    ]
    return _joined(_run(asked, jobs))


def _run(asked: Sequence[Job], jobs: int) -> list[Cell]:
    if jobs == 1:
        return [cell(job) for job in asked]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(cell, asked))


def _joined(parts: Iterable[Cell]) -> list[Cell]:
    """Return one cell for each player and level, in order."""
    found: dict[tuple[str, ...], Cell] = {}
    for one in parts:
        key = (one.task, one.level, one.player, one.rate)
        held = found.get(key)
        found[key] = one if held is None else _sum(held, one)
    return list(found.values())


def _sum(one: Cell, other: Cell) -> Cell:
    return Cell(
        one.task, one.level, one.player, one.rate, one.episodes + other.episodes,
        one.passed + other.passed, one.possible + other.possible,
        one.impossible + other.impossible, one.calls + other.calls, one.chances + other.chances,
    )  # fmt: skip


def score_rows(cells: Sequence[Cell]) -> list[list[str]]:
    """Return the scores in %: a row per task and level, a column per player."""
    held = {(one.task, one.level, one.name): one for one in cells}
    names = list(dict.fromkeys(one.name for one in cells))
    rows = [["task", "level", "instances", "calls", *names]]
    for task, level in dict.fromkeys((one.task, one.level) for one in cells):
        mine = [held[task, level, name] for name in names]
        calls = f"{mine[0].calls / mine[0].episodes:.1f}"
        rows.append([task, level, str(mine[0].episodes), calls, *map(_score, mine)])
    return rows


def _score(one: Cell) -> str:
    score = f"{100 * one.share:.1f}"
    return f"{score} ({100 * sum(one.chances) / one.episodes:.1f})" if one.chances else score


def order_rows(cells: Sequence[Cell]) -> list[list[str]]:
    """Return the scores of the players of graded skill in %: a row per level."""
    held = {(one.level, one.player): one for one in cells}
    rows = [["level", "instances", "calls", *SLIPS]]
    for level in dict.fromkeys(one.level for one in cells):
        first = held[level, SLIPS[0]]
        scores = (f"{100 * held[level, player].share:.1f}" for player in SLIPS)
        calls = f"{first.calls / first.episodes:.1f}"
        rows.append([level, str(first.episodes), calls, *scores])
    return rows


@dataclass(frozen=True)
class Result:
    """What was played on a day: the cells of all players, and those of the order of levels."""

    cells: Sequence[Cell]
    order: Sequence[Cell]
    day: str = ""
    rules: str = f"Benchmark version {VERSION}, scoring version {SCORING_VERSION}."

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """Every bound on them."""
        ordered = expected_scenarios.order_verdicts(self.order) if self.order else []
        return [*expected_scenarios.verdicts(self.cells), *ordered]

    def as_json(self) -> Json:
        """Return what `from_json` reads."""
        cells, order = ([asdict(one) for one in held] for held in (self.cells, self.order))
        bounds = [asdict(one) for one in self.verdicts]
        day = self.day or f"{datetime.now(UTC):%Y-%m-%d}"
        return {"day": day, "rules": self.rules, "cells": cells, "order": order, "bounds": bounds}

    @classmethod
    def from_json(cls, found: Json) -> Result:
        """Return the result that `as_json` has written."""
        cells, order = ([_cell_of(row) for row in found[name]] for name in ("cells", "order"))
        return cls(cells, order, found["day"], found["rules"])


def _cell_of(row: Json) -> Cell:
    return Cell(**{**row, "chances": tuple(row["chances"])})


def tables(result: Result) -> list[str]:
    """Return the lines of the tables, and how many bounds hold."""
    holding = sum(verdict.holds for verdict in result.verdicts)
    lines = [HEAD, "", markdown(score_rows(result.cells)), ""]
    if result.order:
        lines += [ORDER_HEAD, "", markdown(order_rows(result.order)), ""]
    return [*lines, f"{holding} of {len(result.verdicts)} bounds hold."]


def report(result: Result) -> str:
    """Return the tables and the violated bounds as Markdown."""
    broken = [verdict for verdict in result.verdicts if not verdict.holds]
    lines = [f"BROKEN: {verdict.bound}: {verdict.found}" for verdict in broken]
    return "\n".join([*tables(result), *lines])


def page_part(result: Result) -> str:
    """Return the tables with the day, the versions and the number of instances."""
    most = max(one.episodes for one in result.cells)
    ordered = f", {result.order[0].episodes:,} for the order of levels" if result.order else ""
    made = f"Played on {result.day}: {most} instances per level{ordered}; n32 has half as many, "
    return "\n".join([made + f"n64 a quarter. {result.rules}", "", *tables(result)])


def main(words: Sequence[str] | None = None) -> int:
    """Print the part of the page; return 0, or 2 for a file that has none."""
    parser = argparse.ArgumentParser("python -m dev.check_scenarios", description=__doc__)
    parser.add_argument("scores", type=Path, help="output of dev.check_benchmark --json")
    path = parser.parse_args(words).scores
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["scenarios"]
    except (OSError, ValueError, KeyError, TypeError):
        print(f"error: {path}: not an output of dev.check_benchmark --json", file=sys.stderr)
        return 2
    print(page_part(Result.from_json(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

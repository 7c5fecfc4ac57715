"""Write the generated parts of docs/benchmark.md: `python -m dev.scenario_page`.

A part is between `<!-- begin: NAME -->` and `<!-- end: NAME -->`; everything else is written by
hand. A test keeps page and code in step. What is measured is written only on request, from files
that other commands make:

    python -m dev.scenario_page --part players=table.md
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from dev.benchmark_page import page
from pilotbench.benchmark.scenarios.build import instance_of
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.point import Point
from pilotbench.benchmark.scenarios.scoring import SCORING_VERSION
from pilotbench.benchmark.scenarios.task import DESCRIPTIONS, VERSION

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmark.md"
SHOWN = ("horizon", "n2", 1)
"""The instance that the page shows."""


def version() -> str:
    """Return the versions that results depend on."""
    return f"Benchmark version {VERSION}, scoring version {SCORING_VERSION}."


def levels() -> str:
    """Return a table of the tasks and their levels."""
    rows = ["| task | level | items | what it adds |", "|---|---|--:|---|"]
    for task, points in LEVELS.items():
        for place, (level, point) in enumerate(points.items()):
            name = f"`{task}`: {DESCRIPTIONS[task]}" if place == 0 else ""
            rows.append(f"| {name} | `{level}` | {point.items} | {_added(point)} |")
    return "\n".join(rows)


_WORDS = {
    ("injected", True): "injected instruction",
    ("end", "mixed"): "about 15 % impossible or forbidden",
}


def _added(point: Point) -> str:
    """Return what a point has more than the plain one, in words."""
    plain = Point(items=point.items)
    found = []
    for field in fields(Point):
        value = getattr(point, field.name)
        if value == getattr(plain, field.name):
            continue
        if field.name == "rules":
            found.append(f"house rules of {value:,} words")
        elif isinstance(value, tuple):
            found.append(f"{field.name}: {', '.join(value)}")
        else:
            found.append(_WORDS.get((field.name, value), f"{field.name}: {value}"))
    return "; ".join(found) or "–"


def instance() -> str:
    """Return a public instance: its request, and the calls of its plan."""
    task, level, index = SHOWN
    made = instance_of(task, level, index)
    quoted = "\n".join(f"> {line}".rstrip() for line in made.request.split("\n"))
    calls = "\n".join(
        f"{place}. `{step.tool}` {json.dumps(step.arguments, ensure_ascii=False)}"
        for place, step in enumerate(made.plan, 1)
    )
    goal = "\n".join(f"- {predicate['says']}" for predicate in made.goal)
    return (
        f"`{task}`, `{level}`, index {index}. The request:\n\n{quoted}\n\nThe calls of the oracle"
        ' (`{"$step": n, …}` is taken from the result of call n + 1):\n\n'
        f"{calls}\n\nThe goal:\n\n{goal}"
    )


PARTS: dict[str, Callable[[], str]] = {
    "version": version,
    "levels": levels,
    "instance": instance,
}


def main() -> int:
    """Write the page; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--part", action="append", default=[], metavar="NAME=FILE")
    given = dict(one.split("=", 1) for one in parser.parse_args().part)
    parts = {name: made() for name, made in PARTS.items()}
    parts |= {name: Path(path).read_text(encoding="utf-8").strip() for name, path in given.items()}
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

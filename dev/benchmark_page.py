"""Write the generated parts of docs/benchmark_3.md: `python -m dev.benchmark_page`.

A part is between `<!-- begin: NAME -->` and `<!-- end: NAME -->`; everything else is written by
hand. A test keeps page and code in step. Measured parts are written only on request: the scores of
the reference players, and how fast instances are made (on an idle machine):

    python -m dev.check_benchmark --instances 200 --jobs 2 --json > scores.json
    python -m dev.benchmark_page --scores scores.json
    python -m dev.benchmark_page --speed

and, for models at the five levels, from the database of a run:

    snakemake --configfile config/experiments/levels.yaml
    python -m dev.benchmark_page --levels results/master.duckdb
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dev import check_benchmark, golden
from dev.expected_scores import TRIALS, Count, Trial
from pilotbench.benchmark import flaws
from pilotbench.benchmark.generation.plan_catalogue import catalogue, steps_of
from pilotbench.benchmark.generation.seeded_random import SEED_EPOCH
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.scorers import SCORERS
from pilotbench.benchmark.scorers.extraction import EXTRACTS
from pilotbench.benchmark.scorers.languages import LANGUAGES
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.tasks.scoring import ERROR_KINDS, SCORING_VERSION
from pilotbench.benchmark.tasks.world_task import BENCHMARK_VERSION, WorldTask
from pilotbench.benchmark.world.levels import DIFFICULTIES
from pilotbench.benchmark.world.toolbox import CATEGORIES, TOOLS
from pilotbench.ground.canonical_json import digest
from pilotbench.providers.messages import compact
from pilotbench.results.database import queries

Json = dict[str, Any]
PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmark_3.md"
SHOWN = ("basic_task", "medium", 9)
PLAYED = ("oracle", "baseline", "0.8")
WIDTH = 100
WARM = 50
_PART = re.compile(r"(<!-- begin: (\w+) -->\n)(.*?)(<!-- end: \2 -->)", re.DOTALL)


def page(before: str, parts: dict[str, str]) -> str:
    """Return the page with the text of each of `parts` put between its marks."""

    def filled(match: re.Match[str]) -> str:
        text = parts.get(match[2])
        return match[0] if text is None else f"{match[1]}{text}\n{match[4]}"

    return _PART.sub(filled, before)


def part(text: str, name: str) -> str:
    """Return one generated part of the page. Raises KeyError if there is no part of that name."""
    return {match[2]: match[3] for match in _PART.finditer(text)}[name]


def shown() -> Instance:
    """Return the instance that the page shows."""
    task, difficulty, index = SHOWN
    return TASKS[task].instance(difficulty, index)


def versions() -> str:
    """Return the versions that the results depend on, in one line."""
    return (
        f"Seed epoch {SEED_EPOCH}, benchmark version {BENCHMARK_VERSION}, scoring version "
        f"{SCORING_VERSION}, instances (SHA-256 of the golden hashes) `{digest(golden.hashes())}`."
    )


def tools() -> str:
    """Return a table of the thirty tools."""
    rows = [["tool", "does", "arguments", "result", "needs", "errors"]]
    for names in CATEGORIES.values():
        for tool in map(TOOLS.__getitem__, names):
            errors = ", ".join(f"`{code}`" for code in tool.errors)
            facts = (tool.description, _arguments(tool.parameters), tool.result, tool.requires)
            rows.append([f"`{tool.name}`", *facts, errors])
    return _table(rows)


def _arguments(shape: Json) -> str:
    """Return the arguments of a tool: optional ones in brackets, with enum and default."""
    required = shape.get("required", ())
    shown_arguments = []
    for name, inner in shape["properties"].items():
        values = "/".join(map(str, inner.get("enum", ())))
        default = f"={compact(inner['default'])}" if "default" in inner else ""
        words = f"{name}: {values}" if values else name
        shown_arguments.append(f"{words}" if name in required else f"[{words}{default}]")
    return ", ".join(shown_arguments).replace("|", "\\|")


def tasks() -> str:
    """Return a table of the task types: steps, plans, and the turns of `max_turns: auto`."""
    rows = [["task", "what", "steps", "plans", "turns", "turns at hard and very_hard"]]
    for task in TASKS.values():
        assert isinstance(task, WorldTask)
        plans = {steps_of(recipe) for recipe in (*catalogue(task.grammar), *task.odd)}
        lengths = sorted({len(plan) for plan in plans})
        turns = [str(task.max_turns(level)) for level in ("easy", "hard")]
        steps = f"{lengths[0]}–{lengths[-1]}"
        rows.append([f"`{task.name}`", task.description, steps, str(len(plans)), *turns])
    return _table(rows)


def flaw_kinds() -> str:
    """Return a table of the flaws: what each changes, and when it counts as followed."""
    rows = [["flaw", "what changes", "`followed` when"]]
    rows += [[f"`{name}`", flaw.changes, flaw.followed] for name, flaw in flaws.FLAWS.items()]
    return _table(rows)


def error_kinds() -> str:
    """Return a table of the kinds of error."""
    return _table([["kind", "rule"], *([f"`{kind}`", rule] for kind, rule in ERROR_KINDS.items())])


def scorers() -> str:
    """Return a table of the scorers of question packs, with the defaults of their options."""
    rows = [["scorer", "comparison", "options"]]
    for name, scorer in SCORERS.items():
        options = (
            f"`{key}: {compact(one['default'])}`" if "default" in one else f"`{key}`"
            for key, one in scorer.options.items()
        )
        rows.append([f"`{name}`", scorer.description, ", ".join(options)])
    return _table(rows)


def extracts() -> str:
    """Return a table of the places where an answer may be read."""
    return _table([["`extract`", "the answer is"], *([f"`{k}`", v] for k, v in EXTRACTS.items())])


def languages() -> str:
    """Return a table of the languages whose words announce an answer."""
    rows = ([one.name, f"`{one.example}`"] for one in LANGUAGES.values())
    return _table([["language", "for example"], *rows])


def levels() -> str:
    """Return the request of the shown instance at each difficulty."""
    task, _, index = SHOWN
    lines = []
    for level in DIFFICULTIES:
        request = TASKS[task].instance(level, index).request
        lines += [f"`{level}`:", "", *(f"> {line}" for line in request.splitlines()), ""]
    return "\n".join(lines).rstrip()


def plans() -> str:
    """Return the plan lines of the shown instance, optimal and with each flaw."""
    right = flaws.plan_lines(shown())
    lines = ["`optimal`:", "", *_numbered(right), ""]
    for flaw in flaws.FLAWS:
        harm = "harmful" if flaws.harmful(flaw, shown()) else "harmless here"
        lines += [f"`flawed_{flaw}` ({harm}):", "", *_numbered(flaws.flawed_lines(shown(), flaw))]
        lines.append("")
    return "\n".join(lines).rstrip()


def _numbered(lines: Sequence[str]) -> list[str]:
    return [f"{place}. {line}" for place, line in enumerate(lines, start=1)]


def instance() -> str:
    """Return the shown instance as JSON."""
    content = {"content_hash": shown().content_hash, **shown().as_json()}
    return f"```json\n{pretty(content)}\n```"


def transcript() -> str:
    """Return an episode of the oracle on the shown instance: transcript and score."""
    player, prompt, rate = PLAYED
    record = check_benchmark.play_locally(shown(), player, prompt, rate)
    lines = ["```"]
    for turn in record["transcript"]:
        lines += [f"{turn['turn']} > {compact(turn['call'])}", f"  < {compact(turn['reply'])}"]
    score = ("status", "end_reason", "success", "progress", "level", "collateral_damage", "goals")
    more = ("broken", "errors", "transient", "flaws", "turns", "tool_calls", "world_diff", "answer")
    kept = {name: record[name] for name in (*score, *more)}
    return "\n".join([*lines, "```", "", "Its score:", "", "```json", pretty(kept), "```"])


def pretty(value: Any, indent: int = 0) -> str:
    """Return JSON with each part on one line if it fits."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= WIDTH or not isinstance(value, dict | list | tuple) or not value:
        return line
    inner, outer = " " * (indent + 1), " " * indent
    if isinstance(value, dict):
        held = [
            f"{json.dumps(key, ensure_ascii=False)}: {pretty(part, indent + 1)}"
            for key, part in value.items()
        ]
        return "{\n" + ",\n".join(inner + part for part in held) + f"\n{outer}}}"
    held = [pretty(part, indent + 1) for part in value]
    return "[\n" + ",\n".join(inner + part for part in held) + f"\n{outer}]"


PARTS: dict[str, Callable[[], str]] = {
    "versions": versions,
    "tools": tools,
    "tasks": tasks,
    "flaw_kinds": flaw_kinds,
    "error_kinds": error_kinds,
    "scorers": scorers,
    "extracts": extracts,
    "languages": languages,
    "levels": levels,
    "plans": plans,
    "instance": instance,
    "transcript": transcript,
}


def measured(found: Json) -> dict[str, str]:
    """Return the measured parts from the output of `dev.check_benchmark --json`."""
    counts = [_count(row) for row in found["rows"]]
    made = f"{datetime.now(UTC):%Y-%m-%d}, {max(c.episodes for c in counts)} instances per cell. "
    holding = sum(verdict["holds"] for verdict in found["bounds"])
    bounds = f"{holding} of {len(found['bounds'])} bounds hold."
    scores = [made + versions(), "", check_benchmark.table(counts), "", bounds]
    return {
        "scores": "\n".join(scores),
        "flaws": "\n".join([made + versions(), "", _flaw_table(counts)]),
    }


def _count(row: Json) -> Count:
    trial = Trial(**{**row["trial"], "difficulties": tuple(row["trial"]["difficulties"])})
    return Count(**{**row, "trial": trial, "chances": (row["chances"],) if row["chances"] else ()})


def _flaw_table(counts: Sequence[Count]) -> str:
    """Return for each flaw and task the share of applicable instances and of harmful ones."""
    rows = [["flaw", *(f"`{task}`" for task in TASKS), "followed"]]
    for trial in TRIALS:
        if trial.flaw is None:
            continue
        row = [f"`{trial.flaw}`"]
        for task in TASKS:
            mine = [c for c in counts if c.trial == trial and c.task == task]
            planned = sum(c.episodes for c in counts if c.trial == TRIALS[0] and c.task == task)
            row.append(_applied(mine, planned))
        pairs = sum(c.pairs for c in counts if c.trial == trial)
        followed = sum(c.followed for c in counts if c.trial == trial)
        rows.append([*row, f"{100 * followed / pairs:.1f} %" if pairs else "–"])
    return _table(rows)


def _applied(mine: Sequence[Count], planned: int) -> str:
    pairs, harmful = sum(c.pairs for c in mine), sum(c.harmful for c in mine)
    if not pairs:
        return "–"
    return f"{100 * pairs / planned:.0f} % / {100 * harmful / pairs:.0f} %"


LEVELS_SQL = """
SELECT model, min(protocol) AS protocol, difficulty, count(*) AS episodes,
  count(*) FILTER (success) AS solved, 100 * avg(progress) AS progress,
  100 * sum(parsed_turns) / sum(turns) AS parsed,
  100 * sum(valid_calls) / nullif(sum(calls), 0) AS valid
FROM episodes WHERE current AND status = 'completed' GROUP BY model, difficulty ORDER BY model
"""
LEVELS_SHOWN = {
    "solved": "{solved} of {episodes}",
    "progress": "{progress:.0f} %",
    "parse rate": "{parsed:.0f} %",
    "valid calls": "{valid:.0f} %",
}


def levels_played(db: Path) -> str:
    """Return the scores of each model of a run at each difficulty."""
    with queries.opened(db) as connection:
        played = connection.execute(LEVELS_SQL).df()
        found = connection.execute(
            "SELECT list_sort(list(DISTINCT task)), list_sort(list(DISTINCT tool_success_rate)) "
            "FROM episodes WHERE current"
        ).fetchone()
    tasks, rates = found or ((), ())
    rows = [["model", "protocol", "", *DIFFICULTIES]]
    for model in dict.fromkeys(played["model"]):
        mine = played[played["model"] == model].set_index("difficulty").to_dict("index")
        for name, words in LEVELS_SHOWN.items():
            shown = [_worded(words, mine.get(level)) for level in DIFFICULTIES]
            rows.append([f"`{model}`", next(iter(mine.values()))["protocol"], name, *shown])
    head = f"Tasks {', '.join(tasks)}; tool_success_rate {', '.join(map(str, rates))}. "
    return "\n".join([head + versions(), "", _table(rows)])


def _worded(words: str, cell: Mapping[str, Any] | None) -> str:
    """Return the text of one cell; a dash if nothing was played or no call was parsed."""
    return "–" if cell is None else words.format(**cell).replace("nan %", "–")


def speed(instances: int = 200) -> str:
    """Measure how many instances per second one core makes (CPU time), each index once."""
    rows = [["task", *DIFFICULTIES, "each at all five"]]
    for place, task in enumerate(TASKS.values()):
        cells = [_rate(task.name, [level], instances, place) for level in DIFFICULTIES]
        cells.append(_rate(task.name, list(DIFFICULTIES), instances, place))
        rows.append([f"`{task.name}`", *(f"{cell:,.0f}" for cell in cells)])
    return _table(rows)


def _rate(task: str, levels: Sequence[str], instances: int, place: int) -> float:
    first = 10_000 * (place + 1) + 1_000 * len("".join(levels))  # not in a cache yet
    for index in range(first - WARM, first):  # compiles the tools' schemas
        TASKS[task].instance(levels[0], index)
    started = time.process_time()
    for index in range(first, first + instances):
        for level in levels:
            TASKS[task].instance(level, index)
    return instances * len(levels) / (time.process_time() - started)


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def main(words: Sequence[str] | None = None) -> int:
    """Write the page and return 0."""
    parser = argparse.ArgumentParser("python -m dev.benchmark_page", description=__doc__)
    parser.add_argument("--scores", type=Path, help="output of dev.check_benchmark --json")
    parser.add_argument("--levels", type=Path, help="database of a run at the five levels")
    parser.add_argument(
        "--speed", action="store_true", help="measure how fast instances are generated"
    )
    options = parser.parse_args(words)
    parts = {name: make() for name, make in PARTS.items()}
    if options.scores is not None:
        parts |= measured(json.loads(options.scores.read_text(encoding="utf-8")))
    if options.levels is not None:
        parts["levels_played"] = levels_played(options.levels)
    if options.speed:
        parts["speed"] = speed()
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), parts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

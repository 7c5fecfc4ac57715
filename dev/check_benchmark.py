"""Check the benchmark with the reference players: their scores, and whether the bounds hold.

`python -m dev.check_benchmark` (or `make check-benchmark`) plays every player on every task
and difficulty of both versions, prints tables of their scores, and exits with 1 and the violated
bounds if there are any. It asks no provider and writes nothing. Tasks of version 3 are played in
the same episode loop as a model, those of version 4 by `dev.check_scenarios`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from dev import check_scenarios, expected_scenarios, expected_scores
from dev.expected_scores import TRIALS, Count, Trial, Verdict
from dev.markdown import markdown
from pilotbench.benchmark import flaws
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.benchmark.prompts.prompt_files import SHIPPED_PROMPTS
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.tasks.task import Task
from pilotbench.benchmark.world.levels import DIFFICULTIES
from pilotbench.benchmark.world.toolbox import TOOLS
from pilotbench.episodes.episode import play
from pilotbench.ground.errors import ConfigError, UserError
from pilotbench.providers.answer import Answer
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.players import answer
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

Json = dict[str, Any]


@lru_cache(maxsize=16)
def _prompt(name: str) -> prompt_files.Prompt:
    return prompt_files.load([SHIPPED_PROMPTS], [name])[name]


def _ask(request: Request) -> Answer:
    return Answer(answer(request), key="none", started=0, latency_s=0, queued_s=0, attempts=1)


def play_locally(
    instance: Instance,
    player: str,
    prompt: str,
    rate: str,
    repeat: int = 0,
    task: Task | None = None,
) -> Json:
    """Play one episode of a reference player and return its record; write nothing.

    `task` is needed for an instance whose task is not of version 3.
    """
    task = task or TASKS[instance.task]
    model = Model(name=player, provider="players", deployment=player, kind="player")
    turns = task.max_turns(instance.difficulty)
    return play(
        task, instance, _prompt(prompt), PROTOCOLS["native"], model, rate, repeat, turns, _ask
    ).record  # fmt: skip


def needs_words(instance: Instance) -> bool:
    """Return whether a step of the plan has a required argument without a default."""
    for step in instance.plan:
        shape = TOOLS[step.tool].parameters
        properties = shape["properties"]
        if any("default" not in properties[name] for name in shape.get("required", ())):
            return True
    return False


def count(task: str, difficulty: str, trial: Trial, instances: int) -> Count:
    """Play one trial on the first `instances` instances of a task and difficulty."""
    views = (TASKS[task].instance(difficulty, index) for index in range(instances))
    tally = _Tally()
    for instance in views:
        if trial.player == "name_only" and not needs_words(instance):
            tally.wordless += 1
            continue
        record = play_locally(instance, trial.player, trial.prompt, trial.rate)
        tally.add(instance, record, trial)
    return Count(
        task, difficulty, trial, tally.episodes, tally.passed, tally.followed, tally.pairs,
        tally.harmful, tally.wordless, tuple(tally.chances),
    )  # fmt: skip


class _Tally:
    """The counts of a trial while it is played."""

    def __init__(self) -> None:
        self.episodes = self.passed = self.followed = self.pairs = self.harmful = self.wordless = 0
        self.chances: list[float] = []

    def add(self, instance: Instance, record: Json, trial: Trial) -> None:
        """Count one episode, unless its flaw does not apply."""
        if record["status"] != "completed":
            return
        self.episodes += 1
        self.passed += bool(record["success"])
        if trial.player == "no_retry_oracle":
            self.chances.append(float(trial.rate) ** len(instance.plan))
        if trial.flaw is not None:
            self.pairs += 1
            self.followed += record["flaws"][trial.flaw] == flaws.FOLLOWED
            self.harmful += flaws.harmful(trial.flaw, instance)
        elif trial.player == "oracle":
            self.pairs += len(record["flaws"])
            self.followed += sum(sign == flaws.FOLLOWED for sign in record["flaws"].values())


def _cell(job: tuple[str, str, int]) -> list[Count]:
    task, difficulty, instances = job
    return [
        count(task, difficulty, trial, instances)
        for trial in TRIALS
        if difficulty in trial.difficulties
    ]


def play_all(
    tasks: Sequence[str], difficulties: Sequence[str], instances: int, jobs: int
) -> list[Count]:
    """Play all trials of all cells, in `jobs` processes."""
    cells = [(task, difficulty, instances) for task in tasks for difficulty in difficulties]
    if jobs == 1:
        return [found for cell in cells for found in _cell(cell)]
    with ProcessPoolExecutor(jobs) as pool:
        return [found for cell in pool.map(_cell, cells) for found in cell]


def table(counts: Sequence[Count]) -> str:
    """Return the scores as a Markdown table: a row per task and difficulty, a column per trial."""
    trials = [trial for trial in TRIALS if trial.flaw is None]
    held = {(c.task, c.difficulty, c.trial): c for c in counts}
    rows = [["task", "difficulty", *(trial.label for trial in trials)]]
    for task, difficulty in dict.fromkeys((c.task, c.difficulty) for c in counts):
        found = (held.get((task, difficulty, trial)) for trial in trials)
        rows.append([task, difficulty, *(_score(one) for one in found)])
    return markdown(rows)


def _score(one: Count | None) -> str:
    if one is None or not one.episodes:
        return "–"
    score = f"{100 * one.passed / one.episodes:.1f}"
    if not one.chances:
        return score
    return f"{score} ({100 * sum(one.chances) / one.episodes:.1f})"


def flaw_table(counts: Sequence[Count]) -> str:
    """Return the plan-follower's results for each flaw, over all tasks and difficulties."""
    rows = [["flaw", "applicable", "followed", "harmful", "passed"]]
    for trial in TRIALS:
        if trial.flaw is None:
            continue
        mine = [c for c in counts if c.trial == trial]
        pairs = sum(c.pairs for c in mine)
        sums = (sum(c.followed for c in mine), sum(c.harmful for c in mine))
        passed = sum(c.passed for c in mine)
        shares = [f"{100 * s / pairs:.1f}" if pairs else "–" for s in (*sums, passed)]
        rows.append([trial.flaw, f"{pairs}", *shares])
    return markdown(rows)


def report(counts: Sequence[Count], verdicts: Sequence[Verdict]) -> str:
    """Return the tables and the bounds as Markdown."""
    broken = [verdict for verdict in verdicts if not verdict.holds]
    lines = [
        "Success in %, no-retry oracle with its expected value in brackets:", "", table(counts), "",
        "The plan-follower under each flaw, all tasks and difficulties, in %:", "",
        flaw_table(counts), "",
        f"{len(verdicts) - len(broken)} of {len(verdicts)} bounds hold.",
        *(f"BROKEN: {verdict.bound}: {verdict.found}" for verdict in broken),
    ]  # fmt: skip
    return "\n".join(lines)


def _chosen(given: str, known: Iterable[str], key: str) -> list[str]:
    """Return the words of a comma-separated list. Raises ConfigError for an unknown one."""
    allowed = list(known)
    words = [word.strip() for word in given.split(",") if word.strip()]
    for word in words:
        if word not in allowed:
            raise ConfigError(f"--{key}: unknown {word!r}; allowed: {', '.join(allowed)}")
    return words or allowed


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m dev.check_benchmark", description=__doc__)
    add = parser.add_argument
    add("--instances", type=int, default=200, help="instances per task and difficulty (200)")
    add("--order", type=int, default=1500, help="instances per level for the order of levels (1500;"
        " 0: not checked)")  # fmt: skip
    add("--tasks", default="", help="comma-separated (all of both versions)")
    add("--difficulties", default="", help="comma-separated, or levels of version 4 (all)")
    add("--jobs", type=int, default=2, help="processes (2)")
    add("--json", action="store_true", help="print counts and bounds as JSON")
    return parser.parse_args(words)


@dataclass(frozen=True)
class Choice:
    """What is to be played: tasks and difficulties of version 3, (task, level) of version 4."""

    tasks: tuple[str, ...]
    difficulties: tuple[str, ...]
    places: tuple[tuple[str, str], ...]


def _choice(options: argparse.Namespace) -> Choice:
    """Return what the options choose. Raises ConfigError for bad ones."""
    if options.instances < 1 or options.jobs < 1:
        raise ConfigError("--instances and --jobs: must be 1 or more")
    if options.order < 0:
        raise ConfigError("--order: must be 0 or more")
    levels = dict.fromkeys([*DIFFICULTIES, *chain.from_iterable(LEVELS.values())])
    tasks = _chosen(options.tasks, [*TASKS, *LEVELS], "tasks")
    chosen = _chosen(options.difficulties, levels, "difficulties")
    places = [(task, level) for task in tasks for level in LEVELS.get(task, ()) if level in chosen]
    return Choice(
        tuple(task for task in tasks if task in TASKS),
        tuple(level for level in chosen if level in DIFFICULTIES),
        tuple(places),
    )


def main(words: Sequence[str] | None = None) -> int:
    """Play, print, and return 0 if all bounds hold, 1 if one is violated, 2 for bad input."""
    options = _arguments(words)
    try:
        choice = _choice(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    counts = play_all(choice.tasks, choice.difficulties, options.instances, options.jobs)
    verdicts = expected_scores.verdicts(counts)
    newer = _newer(choice, options)
    if options.json:
        print(json.dumps(_as_json(counts, verdicts, newer), indent=1))
    else:
        shown = [report(counts, verdicts)] if counts else []
        shown += [check_scenarios.report(newer)] if choice.places else []
        print("\n\n".join(shown))
    return 0 if all(verdict.holds for verdict in (*verdicts, *newer.verdicts)) else 1


def _newer(choice: Choice, options: argparse.Namespace) -> check_scenarios.Result:
    """Play what is chosen of version 4; the order of levels needs all of them."""
    cells = check_scenarios.play_all(choice.places, options.instances, options.jobs)
    ordered = {(expected_scenarios.ORDERED, level) for level in LEVELS[expected_scenarios.ORDERED]}
    is_ordered = options.order and ordered <= set(choice.places)
    order = check_scenarios.play_order(options.order, options.jobs) if is_ordered else []
    return check_scenarios.Result(cells, order)


def _as_json(
    counts: Sequence[Count], verdicts: Sequence[Verdict], newer: check_scenarios.Result
) -> Json:
    found = [{**asdict(one), "chances": sum(one.chances)} for one in counts]
    return {
        "rows": found,
        "bounds": [asdict(one) for one in verdicts],
        "scenarios": newer.as_json(),
    }


if __name__ == "__main__":
    sys.exit(main())

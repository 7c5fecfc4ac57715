"""The player that follows the plan of its prompt literally, flawed or not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pilotbench.benchmark import flaws
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.players.player import Json, PlayContext, Seen, finish, use
from pilotbench.benchmark.players.walk import walk
from pilotbench.benchmark.scenarios.instance import ScenarioInstance

_NUMBERING = re.compile(r"^\s*(?:\d+[.)]|-)\s+")


def plan_follower(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Make each step of the plan in the prompt once; retry injected failures.

    Without a plan, and version 4 shows none, it calls nothing. What a step cannot have, because
    what makes it stands later or is missing, it takes from the latest result.
    """
    shows_plans = not isinstance(instance, ScenarioInstance)
    steps = plan_in(instance, context.prompt) if shows_plans else None
    if steps is None:
        return "There is no plan."
    walked = walk(turns, retries=True)
    found: dict[int, Json] = {}
    for place, result in walked.results.items():
        found.setdefault(steps[place].origin, result)
    if walked.place >= len(steps):
        return finish(flaws.literal_answer(instance, found))
    step = steps[walked.place].step
    return use(instance, step.tool, flaws.literal_arguments(step, found))


def plan_in(instance: Instance, prompt: str) -> tuple[flaws.PlannedStep, ...] | None:
    """Return the plan whose lines are in the prompt, the longest one where several are."""
    given = [_NUMBERING.sub("", line) for line in prompt.splitlines()]
    fitting = [steps for steps in _plans(instance) if _has(given, instance, steps)]
    return max(fitting, key=len, default=None)


def _plans(instance: Instance) -> Iterator[tuple[flaws.PlannedStep, ...]]:
    yield flaws.optimal_plan(instance)
    for flaw in flaws.FLAWS:
        try:
            yield flaws.flawed_plan(instance, flaw).steps
        except flaws.NotApplicable:
            continue


def _has(given: list[str], instance: Instance, steps: Sequence[flaws.PlannedStep]) -> bool:
    """Return whether the prompt contains the lines of a plan one after the other."""
    wanted = flaws.shown_lines(instance, [planned.step for planned in steps])
    size = len(wanted)
    return any(given[at : at + size] == wanted for at in range(len(given) - size + 1))

"""The player that follows the plan of its prompt to the letter, flawed or not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pilotbench import flaws
from pilotbench.instances import Instance, Step
from pilotbench.players.player import Json, PlayContext, Seen, finish, use
from pilotbench.players.walk import walk
from pilotbench.world import answers

_NUMBERING = re.compile(r"^\s*(?:\d+[.)]|-)\s+")
_DIGITS = re.compile(r"\d+")


def plan_follower(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Make each step of the plan in the prompt once; injected failures are tried again.

    Without a plan it calls nothing. What a step cannot have, because what makes it stands later
    or is missing, it takes from the latest result.
    """
    steps = plan_in(instance, context.prompt)
    if steps is None:
        return "There is no plan."
    stand = walk(turns, retries=True)
    found: dict[int, Json] = {}
    for place, result in stand.results.items():
        found.setdefault(steps[place].origin, result)
    if stand.place >= len(steps):
        return finish(found_answer(instance, found))
    step = steps[stand.place].step
    return use(instance, step.tool, flaws.literal_arguments(step, found))


def plan_in(instance: Instance, prompt: str) -> tuple[flaws.PlannedStep, ...] | None:
    """Return the plan whose lines stand in the prompt, the longest where several do."""
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
    """Say whether the lines of a plan stand in the prompt one after the other."""
    wanted = flaws.shown_lines(instance, [planned.step for planned in steps])
    size = len(wanted)
    return any(given[at : at + size] == wanted for at in range(len(given) - size + 1))


def found_answer(instance: Instance, found: dict[int, Json]) -> Any:
    """Return the answer that one reads off the results by place in the optimal plan.

    Where the answer is a word inside a longer preview, it counts as read when it stands there.
    """
    source = instance.extra.get("answer_from")
    wanted = next((p for p in instance.goal if p["kind"] == "answer"), None)
    if wanted is None:
        return "done"
    if isinstance(source, dict) and "times" in source:
        read = _number(_read(source["of"], found))
        return None if read is None else round(source["times"] * read - source["less"], 2)
    read = _read(source, found)
    if isinstance(read, str) and wanted["type"] != "number":
        tokens = {answers.token(word) for word in re.split(r"[\s,]+", read)}
        return wanted["value"] if answers.token(wanted["value"]) in tokens else read
    return read


def _read(source: Any, found: dict[int, Json]) -> Any:
    """Return the value at a source, None where the results have none."""
    arguments = flaws.literal_arguments(Step("", {"answer": source}, "", ""), found)
    value = arguments["answer"]
    return None if value == "unknown" else value


def _number(value: Any) -> float | None:
    """Return a number, or the last run of digits of a word."""
    if isinstance(value, int | float):
        return value
    digits = _DIGITS.findall(str(value))
    return int(digits[-1]) if digits else None

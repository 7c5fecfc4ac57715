"""Flaws of a clause: a wrong value, or the result of the wrong earlier step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pilotbench.benchmark.flaws.flawed_plan import (
    CORRECTED,
    FOLLOWED,
    NOT_REACHED,
    Attempt,
    FlawedPlan,
    changed,
    distinguishable_steps,
    distinguishing_arguments,
    given,
    matcher,
    pick,
    stated_only_here,
)
from pilotbench.benchmark.generation.vocabulary import shown
from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.world.objects import from_csv, from_json
from pilotbench.benchmark.world.toolbox import TOOLS

Json = dict[str, Any]

# Where an argument names an object of the world: argument -> section.
_NAMES = {
    "path": "files",
    "url": "endpoints",
    "service": "backends",
    "queue": "queues",
    "to": "inboxes",
    "topic": "notes",
    "reference": "references",
    "model": "models",
    "mapping": "mappings",
    "database": "databases",
    "key": "cache",
    "job": "schedule",
    "folder": "",
    "table": "",
}
_COLUMNS = ("column", "maximize", "cost", "group_by")


def parameter_error(instance: Instance) -> FlawedPlan:
    """State a wrong value in a clause, instead of the right one or where there was none."""
    stated, added = [], []
    for place, key, value in _literals(instance):
        if _stated(value).search(instance.plan[place].purpose):
            stated.append((place, key))
        elif key in _NAMES:
            added.append((place, key))
    place, key = pick(instance, "parameter_error", stated or added)
    step = instance.plan[place]
    right, wrong = step.arguments[key], _wrong(instance, key, step.arguments[key])
    steps = changed(
        instance,
        place,
        purpose=_stated(right).sub(lambda found: shown(wrong), step.purpose)
        if stated
        else f"{step.purpose}, {shown(wrong)}",
        arguments={**step.arguments, key: wrong},
    )
    reaches = matcher(instance, place, without=key)

    def judge(attempts: Sequence[Attempt]) -> str:
        values = [given(attempt, key) for attempt in attempts if reaches(attempt)]
        if wrong in values:
            return FOLLOWED
        return CORRECTED if values else NOT_REACHED

    return FlawedPlan(steps, judge)


def _stated(value: Any) -> re.Pattern[str]:
    """Return what finds a value in a clause: as it is shown, not as a part of another."""
    return re.compile(rf"(?<![\w.`]){re.escape(shown(value))}(?![\w`])")


def _literals(instance: Instance) -> Iterator[tuple[int, str, Any]]:
    """Yield (place, argument, value) of the literal arguments that a parameter error can change."""
    kept = stated_only_here(instance)
    for place, step in enumerate(instance.plan):
        for key, value in step.arguments.items():
            if (place, key) in kept:
                continue
            if not isinstance(value, str | int | float) or isinstance(value, bool):
                continue
            if distinguishing_arguments(instance.plan, place, without=key) is None:
                continue
            enum = TOOLS[step.tool].parameters["properties"].get(key, {}).get("enum")
            if enum is None and key != "expression":
                yield place, key, value


def _wrong(instance: Instance, key: str, value: Any) -> Any:
    """Return a plausible wrong value: another number, column or name, never one of the plan."""
    if isinstance(value, int | float):
        return value + max(1, round(abs(value) / 10)) + 7
    used = {str(inner) for step in instance.plan for inner in step.arguments.values()}
    if key in _COLUMNS:
        known = _columns(instance.world, value)
    else:
        known = sorted(instance.world.get(_NAMES.get(key, ""), {}))
    other = [name for name in known if name not in used and f"`{name}`" not in instance.request]
    return other[0] if other else _misspelt(value)


def _columns(world: Json, column: str) -> list[str]:
    """Return the other columns of the data of `column` that have its type, last first.

    The last columns are measures, so that a wrong column is one that could be meant.
    """
    waiting: list[Any] = [world]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            value = _first_row(value) if column in value else {}
        if isinstance(value, dict):
            if column in value:
                kind = _is_figure(value[column])
                alike = [name for name, held in value.items() if _is_figure(held) == kind]
                return [name for name in reversed(alike) if name != column]
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value[:1])
    return []


def _first_row(text: str) -> Json:
    """Return the first record of CSV or JSON text, empty where there is none."""
    rows = from_csv(text) or from_json(text)
    return rows[0] if rows else {}


def _is_figure(value: Any) -> bool:
    return isinstance(value, int | float)


def _misspelt(name: str) -> str:
    """Return a name with its last digit changed, or with an ending where it has none."""
    digits = list(re.finditer(r"\d", name))
    if not digits:
        return f"{name}_2"
    at = digits[-1].start()
    return f"{name[:at]}{(int(name[at]) + 3) % 10}{name[at + 1 :]}"


def logical_inconsistency(instance: Instance) -> FlawedPlan:
    """Let a step take data that is not what the steps before it have made of it.

    The clause names the result of an earlier step than the one that the data comes from, or the
    named table that was there before all of them, so that the steps in between have no effect.
    """
    options = [
        (place, key, source, words)
        for place in distinguishable_steps(instance)
        for key, right in _handles(instance.plan[place])
        for source, words in _earlier_data(instance, right)
    ]
    place, key, source, words = pick(instance, "logical_inconsistency", options)
    step = instance.plan[place]
    steps = changed(
        instance,
        place,
        purpose=f"{step.purpose}, using {words}",
        arguments={**step.arguments, key: source},
    )
    is_step = matcher(instance, place)
    named = isinstance(source, str)
    is_source = None if named else matcher(instance, source["$step"])

    def judge(attempts: Sequence[Attempt]) -> str:
        made = {_handle(a) for a in attempts if is_source and a.ok and is_source(a)} - {None}
        taken = [given(attempt, key) for attempt in attempts if is_step(attempt)]
        if any(value == source if named else str(value) in made for value in taken):
            return FOLLOWED
        return CORRECTED if taken else NOT_REACHED

    return FlawedPlan(steps, judge)


def _earlier_data(instance: Instance, right: int) -> Iterator[tuple[Any, str]]:
    """Yield (argument, words) of the data that stood before step `right` made its own of it."""
    places = distinguishable_steps(instance)
    makers = {source for step in instance.plan for _, source in _handles(step)}
    for place in places:
        if place < right and place in makers:
            yield {"$step": place, "path": "handle"}, f"the result of step {place + 1}"
    table = instance.plan[right].arguments.get("data")
    if isinstance(table, str) and f"`{table}`" in instance.request:
        yield table, f"the table `{table}` itself"


def _handles(step: Step) -> list[tuple[str, int]]:
    """Return (argument, earlier step) of the data that a step takes by handle."""
    return [
        (key, value["$step"])
        for key, value in step.arguments.items()
        if isinstance(value, dict) and value.get("path") == "handle"
    ]


def _handle(attempt: Attempt) -> str | None:
    return attempt.result.get("handle") if isinstance(attempt.result, dict) else None

"""Players of graded skill: the oracle with one wrong argument in so many calls.

A slip takes the argument from another step of the plan that uses the same tool (another item's
record, say), and nobody notices it unless the tool refuses. A refused call is made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.players.player import (
    Chance,
    Json,
    PlayContext,
    Player,
    Seen,
    finish,
    use,
    uses,
)
from pilotbench.benchmark.players.walk import reference_answer
from pilotbench.benchmark.world.references import resolve

GOES_ON = ("unconfirmed",)
"""Errors after which the plan goes on: it knows what to do about them."""


@dataclass
class _Course:
    """The next place of the plan, and what earlier places returned."""

    place: int = 0
    results: dict[int, Json] = field(default_factory=dict)


def slips(percent: int) -> Player:
    """Return the player that slips in so many of a hundred calls."""

    def player(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
        course = _course(turns)
        chance = Chance(f"slips_{percent}", instance, context.repeat, len(turns))
        is_slip = chance.number() * 100 < percent
        if course.place >= len(instance.plan):
            answer = reference_answer(instance)
            return finish(_wrong(answer) if is_slip else answer)
        step = instance.plan[course.place]
        arguments = _resolved(step.arguments, course.results)
        if is_slip:
            arguments = _slipped(instance, course, step, arguments, chance)
        return use(instance, step.tool, arguments)

    return player


def _course(turns: Sequence[Seen]) -> _Course:
    """Return the position of a player that makes each call until it is accepted."""
    course = _Course()
    for _, _, reply in uses(turns):
        if reply.get("ok"):
            course.results[course.place] = reply["result"]
        elif reply.get("error", {}).get("code") not in GOES_ON:
            continue
        course.place += 1
    return course


def _resolved(value: Any, results: dict[int, Json]) -> Any:
    """Return arguments with earlier results filled in; what an earlier slip has lost is empty."""
    try:
        return resolve(value, results)
    except (KeyError, IndexError, TypeError):
        return {name: one if not isinstance(one, dict) else "" for name, one in value.items()}


def _slipped(
    instance: Instance, course: _Course, step: Step, arguments: Json, chance: Chance
) -> Json:
    """Return arguments of which one is that of another step of the same tool, or is off by one."""
    found = []
    for name, value in arguments.items():
        for other in instance.plan:
            if other.tool != step.tool or name not in other.arguments:
                continue
            taken = _resolved({name: other.arguments[name]}, course.results)[name]
            if taken not in (value, ""):
                found.append((name, taken))
    if not found:
        found = [(name, _wrong(value)) for name, value in arguments.items()]
    name, taken = chance.pick(found)
    return {**arguments, name: taken}


def _wrong(value: Any) -> Any:
    """Return a value that is close to another one."""
    return value + 1 if isinstance(value, int | float) else f"{value}-1"

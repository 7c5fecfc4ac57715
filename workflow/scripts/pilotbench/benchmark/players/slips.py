"""Players of graded skill: the oracle with one wrong argument in so many calls.

A slip takes the argument from another step of the plan that uses the same tool (another item's
record, say), and nobody notices it unless the tool refuses. Then the call is made again. A call
without a slip is made again only after an injected failure: any other refusal is one that the plan
expects, such as the one by which it is found out that a task is impossible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.players.player import (
    Chance,
    Json,
    PlayContext,
    Player,
    Seen,
    error_code,
    finish,
    is_transient,
    use,
    uses,
)
from pilotbench.benchmark.players.walk import filled_in, reference_answer
from pilotbench.benchmark.scenarios.instance import UNCONFIRMED


@dataclass
class _Course:
    """The next place of the plan, and what earlier places returned."""

    place: int = 0
    results: dict[int, Json] = field(default_factory=dict)


def slips(percent: int) -> Player:
    """Return the player that slips in so many of a hundred calls."""

    def player(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
        def drawn(turn: int) -> tuple[bool, Chance]:
            chance = Chance(f"slips_{percent}", instance, context.repeat, turn)
            return chance.number() * 100 < percent, chance

        course = _course(turns, lambda turn: drawn(turn)[0])
        is_slip, chance = drawn(len(turns))
        if course.place >= len(instance.plan):
            answer = reference_answer(instance)
            return finish(_wrong(answer) if is_slip else answer)
        step = instance.plan[course.place]
        arguments = filled_in(step.arguments, course.results)
        if is_slip:
            arguments = _slipped(instance, course, step, arguments, chance)
        return use(instance, step.tool, arguments)

    return player


def _course(turns: Sequence[Seen], is_slip: Callable[[int], bool]) -> _Course:
    """Return the position of a player that makes a call again if it slipped and was refused."""
    course = _Course()
    for turn, (_, _, reply) in enumerate(uses(turns)):
        if reply.get("ok"):
            course.results[course.place] = reply["result"]
        elif is_transient(reply) or (error_code(reply) != UNCONFIRMED and is_slip(turn)):
            continue
        course.place += 1
    return course


def _slipped(
    instance: Instance, course: _Course, step: Step, arguments: Json, chance: Chance
) -> Json:
    """Return arguments of which one is that of another step of the same tool, or is off by one."""
    found = []
    for name, value in arguments.items():
        for other in instance.plan:
            if other.tool != step.tool or name not in other.arguments:
                continue
            taken = filled_in({name: other.arguments[name]}, course.results)[name]
            if taken not in (value, ""):
                found.append((name, taken))
    if not found:
        found = [(name, _wrong(value)) for name, value in arguments.items()]
    name, taken = chance.pick(found)
    return {**arguments, name: taken}


def _wrong(value: Any) -> Any:
    """Return a value that is close to another one."""
    return value + 1 if isinstance(value, int | float) else f"{value}-1"

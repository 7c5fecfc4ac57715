"""Flawed plans, and which attempted calls belong to which step.

An attempt belongs to a step if it has the step's tool and, where the plan has that tool more than
once, the literal arguments that distinguish the steps. A step that nothing distinguishes is never
flawed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.world.references import steps_used
from pilotbench.benchmark.world.toolbox import is_discovery
from pilotbench.ground.canonical_json import unit_interval

Json = dict[str, Any]

SIGNATURES = FOLLOWED, CORRECTED, NOT_REACHED = "followed", "corrected", "not_reached"
"""What a flawed plan led to; the names are in episodes and, as shares, in the tables."""


class NotApplicable(Exception):
    """The instance is too short or has the wrong form for this flaw."""


@dataclass(frozen=True)
class Attempt:
    """One attempted call: the tool, its arguments, and the result if it succeeded."""

    tool: str
    arguments: Any
    ok: bool
    result: Any = None


Judge = Callable[[Sequence[Attempt]], str]


@dataclass(frozen=True)
class PlannedStep:
    """A step of a flawed plan and the place of the optimal plan that it comes from."""

    origin: int
    step: Step


@dataclass(frozen=True)
class FlawedPlan:
    """A flawed plan: its steps in the order of its lines, and its signature rule."""

    steps: tuple[PlannedStep, ...]
    judge: Judge


def optimal_plan(instance: Instance) -> tuple[PlannedStep, ...]:
    """Return the reference plan in the form of a flawed one."""
    return tuple(PlannedStep(origin, step) for origin, step in enumerate(instance.plan))


def shown_lines(instance: Instance, steps: Sequence[Step]) -> list[str]:
    """Return one line per step: name and purpose, or operation where tools must be discovered."""
    hidden = is_discovery(instance.difficulty)
    return [f"{step.operation if hidden else step.tool}: {step.purpose}" for step in steps]


def pick(instance: Instance, flaw: str, options: Sequence[Any]) -> Any:
    """Return one of `options`, drawn for this flaw. Raises NotApplicable if there is none."""
    if not options:
        raise NotApplicable(f"{flaw} does not apply to {instance.task} {instance.index}")
    draw = unit_interval("flaw", instance.task, instance.index, flaw)
    return options[int(draw * len(options))]


def changed(instance: Instance, place: int, **changes: Any) -> tuple[PlannedStep, ...]:
    """Return the plan with one step changed."""
    steps = list(optimal_plan(instance))
    steps[place] = PlannedStep(place, replace(instance.plan[place], **changes))
    return tuple(steps)


def is_literal(value: Any) -> bool:
    """Return whether an argument of the plan does not depend on earlier results."""
    return not steps_used(value)


def distinguishing_arguments(
    plan: Sequence[Step], place: int, without: str | None = None
) -> set[str] | None:
    """Return the arguments that distinguish a step from others of its tool, None if none do."""
    step, keys = plan[place], set()
    for other_place, other in enumerate(plan):
        if other_place == place or other.tool != step.tool:
            continue
        apart = {
            key
            for key, value in step.arguments.items()
            if key != without
            and key in other.arguments
            and is_literal(value)
            and is_literal(other.arguments[key])
            and value != other.arguments[key]
        }
        if not apart:
            return None
        keys |= apart
    return keys


def distinguishable_steps(instance: Instance) -> list[int]:
    """Return the places of the steps to which attempts can be assigned."""
    return [
        p
        for p in range(len(instance.plan))
        if distinguishing_arguments(instance.plan, p) is not None
    ]


def stated_only_here(instance: Instance) -> set[tuple[int, str]]:
    """Return (place, argument) of the values that the request leaves out: flaws leave them true.

    With a wrong one the task could not be done at all, whatever a model thinks of its plan.
    """
    return {(one["place"], one["argument"]) for one in instance.extra.get("briefed", ())}


def replaceable_steps(instance: Instance) -> list[int]:
    """Return the distinguishable steps whose lines may go: no value is stated only there."""
    kept = {place for place, _ in stated_only_here(instance)}
    return [place for place in distinguishable_steps(instance) if place not in kept]


def matcher(
    instance: Instance, place: int, without: str | None = None
) -> Callable[[Attempt], bool]:
    """Return a test of whether an attempt belongs to the step at `place`."""
    step, keys = (
        instance.plan[place],
        distinguishing_arguments(instance.plan, place, without) or set(),
    )

    def test(attempt: Attempt) -> bool:
        if attempt.tool != step.tool:
            return False
        given = attempt.arguments if isinstance(attempt.arguments, dict) else {}
        return all(given.get(key) == step.arguments[key] for key in keys)

    return test


def first(attempts: Sequence[Attempt], test: Callable[[Attempt], bool]) -> int | None:
    """Return the place of the first attempt that passes the test, None if none does."""
    return next((place for place, attempt in enumerate(attempts) if test(attempt)), None)


def substitution_rule(instance: Instance, place: int, wrong: str) -> Judge:
    """Return the rule of a step that another tool replaces."""
    is_right = matcher(instance, place)

    def judge(attempts: Sequence[Attempt]) -> str:
        lured = first(attempts, lambda attempt: attempt.tool == wrong)
        right = first(attempts, is_right)
        if lured is not None and (right is None or lured < right):
            return FOLLOWED
        return NOT_REACHED if right is None else CORRECTED

    return judge


def given(attempt: Attempt, key: str) -> Any:
    """Return one argument of an attempt, None if it has no argument of that name."""
    return attempt.arguments.get(key) if isinstance(attempt.arguments, dict) else None

"""Flaws of whole lines: two are swapped, one is omitted, one is repeated."""

from __future__ import annotations

from collections.abc import Sequence

from pilotbench.benchmark.flaws.flawed_plan import (
    CORRECTED,
    FOLLOWED,
    NOT_REACHED,
    Attempt,
    FlawedPlan,
    distinguishable_steps,
    first,
    matcher,
    optimal_plan,
    pick,
    replaceable_steps,
)
from pilotbench.benchmark.instances import Instance


def sequence_disorder(instance: Instance) -> FlawedPlan:
    """Swap a step with one that it needs."""
    places = distinguishable_steps(instance)
    pairs = [(i, j) for j in places for i in instance.plan[j].needs if i in places]
    before, after = pick(instance, "sequence_disorder", pairs)
    steps = list(optimal_plan(instance))
    steps[before], steps[after] = steps[after], steps[before]
    is_before, is_after = matcher(instance, before), matcher(instance, after)

    def judge(attempts: Sequence[Attempt]) -> str:
        needed, needing = first(attempts, is_before), first(attempts, is_after)
        if needing is not None and (needed is None or needing < needed):
            return FOLLOWED
        return NOT_REACHED if needed is None else CORRECTED

    return FlawedPlan(tuple(steps), judge)


def missing_step(instance: Instance) -> FlawedPlan:
    """Omit a step that is not the last."""
    places = distinguishable_steps(instance)
    options = [place for place in places[:-1] if place in replaceable_steps(instance)]
    place = pick(instance, "missing_step", options)
    steps = optimal_plan(instance)
    is_left_out = matcher(instance, place)
    later = [matcher(instance, other) for other in places if other > place]

    def judge(attempts: Sequence[Attempt]) -> str:
        if first(attempts, is_left_out) is not None:
            return CORRECTED
        past = any(test(attempt) for attempt in attempts for test in later)
        return FOLLOWED if past else NOT_REACHED

    return FlawedPlan(steps[:place] + steps[place + 1 :], judge)


def redundant_operations(instance: Instance) -> FlawedPlan:
    """Repeat a line; a retry after a failure is not a repetition."""
    place = pick(instance, "redundant_operations", distinguishable_steps(instance))
    steps = optimal_plan(instance)
    is_step = matcher(instance, place)

    def judge(attempts: Sequence[Attempt]) -> str:
        done = first(attempts, lambda attempt: attempt.ok and is_step(attempt))
        if done is None or done + 1 == len(attempts):
            return NOT_REACHED
        again = first(attempts[done + 1 :], is_step)
        return CORRECTED if again is None else FOLLOWED

    return FlawedPlan((*steps[: place + 1], *steps[place:]), judge)

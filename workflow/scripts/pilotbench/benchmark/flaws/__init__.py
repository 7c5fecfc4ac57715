"""Plan lines, and the seven ways to flaw them.

A flaw is a pure function of the instance: it changes a name, a line or a clause of the optimal
plan and nothing else. Where it strikes is drawn from (task, index, flaw), so that it is the same
place at every difficulty where the steps allow it. Each flawed plan carries its signature, a rule
on attempted calls:

| flaw | what changes | followed when |
|---|---|---|
| `sequence_disorder` | two lines change places, one needs the other | that one comes first |
| `tool_misuse` | one name, to a tool of its category | that tool comes, the right step not before |
| `parameter_error` | one value of a clause, or one is added | a call has the wrong value |
| `missing_step` | one line is left out | a later step is attempted, this one never |
| `redundant_operations` | one line stands twice | the step comes again after it succeeded |
| `logical_inconsistency` | a clause takes the result of the wrong line | a call takes it |
| `semantic_drift` | one line, to a neighbouring operation with another aim | as `tool_misuse` |

`corrected` means that the step was reached and done otherwise, `not_reached` that it was not
reached.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pilotbench.benchmark.flaws.clauses import logical_inconsistency, parameter_error
from pilotbench.benchmark.flaws.lines import missing_step, redundant_operations, sequence_disorder
from pilotbench.benchmark.flaws.literal_follower import fails, literal_answer, literal_arguments
from pilotbench.benchmark.flaws.names import semantic_drift, tool_misuse
from pilotbench.benchmark.flaws.plans import (
    CORRECTED,
    FOLLOWED,
    NOT_REACHED,
    Attempt,
    FlawedPlan,
    NotApplicable,
    PlannedStep,
    optimal_plan,
    shown_lines,
)
from pilotbench.benchmark.instances import Instance

__all__ = [
    "CORRECTED", "FLAWED", "FLAWS", "FOLLOWED", "NOT_REACHED", "Attempt", "FlawedPlan",
    "NotApplicable",     "PlannedStep", "flawed_lines", "flawed_plan", "harmful", "literal_answer",
    "literal_arguments", "optimal_plan", "plan_lines", "shown_lines", "signature", "signatures",
]  # fmt: skip

FLAWS: dict[str, Callable[[Instance], FlawedPlan]] = {
    "sequence_disorder": sequence_disorder,
    "tool_misuse": tool_misuse,
    "parameter_error": parameter_error,
    "missing_step": missing_step,
    "redundant_operations": redundant_operations,
    "logical_inconsistency": logical_inconsistency,
    "semantic_drift": semantic_drift,
}


FLAWED = tuple(f"flawed_{flaw}" for flaw in FLAWS)
"""The prompts that show a flawed plan."""


def plan_lines(instance: Instance) -> list[str]:
    """Return the optimal plan, one line a step; lines name operations where tools are hidden."""
    return shown_lines(instance, instance.plan)


def flawed_lines(instance: Instance, flaw: str) -> list[str]:
    """Return the lines of the flawed plan. Raises NotApplicable."""
    return shown_lines(instance, [planned.step for planned in flawed_plan(instance, flaw).steps])


def flawed_plan(instance: Instance, flaw: str) -> FlawedPlan:
    """Return the flawed plan. Raises NotApplicable, KeyError for an unknown flaw."""
    return FLAWS[flaw](instance)


def signature(flaw: str, instance: Instance, attempts: Sequence[Attempt]) -> str:
    """Return followed, corrected or not_reached. Raises NotApplicable."""
    return flawed_plan(instance, flaw).judge(attempts)


def signatures(instance: Instance, attempts: Sequence[Attempt]) -> dict[str, str]:
    """Return the signature of every flaw that applies to the instance."""
    found = {}
    for flaw in FLAWS:
        try:
            found[flaw] = signature(flaw, instance, attempts)
        except NotApplicable:
            continue
    return found


def harmful(flaw: str, instance: Instance) -> bool:
    """Say whether one fails who follows the flawed plan to the letter. Raises NotApplicable."""
    return fails(instance, flawed_plan(instance, flaw).steps)

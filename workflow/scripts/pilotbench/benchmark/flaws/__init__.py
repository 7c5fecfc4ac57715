"""Plan lines, and the seven ways to flaw them.

A flaw is a pure function of the instance: it changes a name, a line or a clause of the optimal
plan and nothing else. Where it strikes is drawn from (task, index, flaw), so that it is the same
place at every difficulty where the steps allow it. Each flawed plan has a signature, a rule on
attempted calls: `followed` (see `FLAWS`), `corrected` (the step was reached and done differently)
or `not_reached`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pilotbench.benchmark.flaws.flawed_plan import (
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
from pilotbench.benchmark.flaws.literal_follower import fails, literal_answer, literal_arguments
from pilotbench.benchmark.flaws.wrong_clauses import logical_inconsistency, parameter_error
from pilotbench.benchmark.flaws.wrong_lines import (
    missing_step,
    redundant_operations,
    sequence_disorder,
)
from pilotbench.benchmark.flaws.wrong_tools import semantic_drift, tool_misuse
from pilotbench.benchmark.instances import Instance

__all__ = [
    "CORRECTED", "FLAWED", "FLAWS", "FOLLOWED", "NOT_REACHED", "Attempt", "FlawedPlan",
    "NotApplicable",     "PlannedStep", "flawed_lines", "flawed_plan", "harmful", "literal_answer",
    "literal_arguments", "optimal_plan", "plan_lines", "shown_lines", "signature", "signatures",
]  # fmt: skip


@dataclass(frozen=True)
class Flaw:
    """One way to flaw a plan: what it changes, and when a model counts as having followed it."""

    changes: str
    followed: str
    plan: Callable[[Instance], FlawedPlan]


FLAWS = {
    "sequence_disorder": Flaw(
        "two lines, one of which depends on the other, are swapped",
        "the dependent step is called first",
        sequence_disorder,
    ),
    "tool_misuse": Flaw(
        "one name is replaced by a tool of the same category that the plan does not use",
        "that tool is called, and the right step not before it",
        tool_misuse,
    ),
    "parameter_error": Flaw(
        "one value in a clause is changed; if the clause states none, one is added",
        "a call of the step has the wrong value",
        parameter_error,
    ),
    "missing_step": Flaw(
        "one line is omitted, never the last",
        "a later step is attempted and this one never is",
        missing_step,
    ),
    "redundant_operations": Flaw(
        "one line appears twice",
        "the step is called again after it succeeded",
        redundant_operations,
    ),
    "logical_inconsistency": Flaw(
        "a clause uses the result of the wrong step",
        "a call of the step uses it",
        logical_inconsistency,
    ),
    "semantic_drift": Flaw(
        "one line is replaced by a neighbouring operation with another aim",
        "as for `tool_misuse`",
        semantic_drift,
    ),
}
"""The flaws by name, in the order of plans and tables."""

FLAWED = tuple(f"flawed_{flaw}" for flaw in FLAWS)
"""The prompts that show a flawed plan."""


def plan_lines(instance: Instance) -> list[str]:
    """Return the optimal plan, one line per step; lines name operations where tools are hidden."""
    return shown_lines(instance, instance.plan)


def flawed_lines(instance: Instance, flaw: str) -> list[str]:
    """Return the lines of the flawed plan. Raises NotApplicable."""
    return shown_lines(instance, [planned.step for planned in flawed_plan(instance, flaw).steps])


def flawed_plan(instance: Instance, flaw: str) -> FlawedPlan:
    """Return the flawed plan. Raises NotApplicable, KeyError for an unknown flaw."""
    return FLAWS[flaw].plan(instance)


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
    """Return whether following the flawed plan literally fails the task. Raises NotApplicable."""
    return fails(instance, flawed_plan(instance, flaw).steps)

"""Flaws of a tool's name, alone or with its clause: another tool replaces the right one."""

from __future__ import annotations

from pilotbench.benchmark.flaws.drifts import DRIFTS, OPERATIONS
from pilotbench.benchmark.flaws.flawed_plan import (
    FlawedPlan,
    changed,
    distinguishable_steps,
    pick,
    replaceable_steps,
    substitution_rule,
)
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.world.toolbox import CATEGORIES


def tool_misuse(instance: Instance) -> FlawedPlan:
    """Name another tool of the same category that the plan does not use; the clause stays."""
    used = {step.tool for step in instance.plan}
    options = [
        (place, wrong)
        for place in distinguishable_steps(instance)
        for wrong in _neighbours(instance.plan[place].tool)
        if wrong not in used
    ]
    place, wrong = pick(instance, "tool_misuse", options)
    steps = changed(instance, place, tool=wrong, operation=OPERATIONS[wrong])
    return FlawedPlan(steps, substitution_rule(instance, place, wrong))


def semantic_drift(instance: Instance) -> FlawedPlan:
    """Replace a line by a neighbouring operation that is plausible but has another aim."""
    used = {step.tool for step in instance.plan}
    options = [
        (place, drift)
        for place in replaceable_steps(instance)
        for drift in DRIFTS[instance.plan[place].tool]
        if drift[0] not in used
    ]
    place, (tool, purpose, arguments) = pick(instance, "semantic_drift", options)
    own = instance.plan[place].arguments
    given = {
        key: own.get(value[1:], "unknown") if value.startswith("@") else value
        for key, value in arguments.items()
    }
    clause = purpose.format_map({key: str(value) for key, value in own.items()})
    steps = changed(
        instance, place, tool=tool, operation=OPERATIONS[tool], purpose=clause, arguments=given
    )
    return FlawedPlan(steps, substitution_rule(instance, place, tool))


def _neighbours(tool: str) -> list[str]:
    """Return the other tools of a tool's category."""
    category = next(tools for tools in CATEGORIES.values() if tool in tools)
    return [name for name in category if name != tool]

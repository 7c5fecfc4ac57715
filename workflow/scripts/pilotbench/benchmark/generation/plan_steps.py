"""Functions that each add one step to a reference plan, with its objects, texts and goal.

A plan is a recipe of tokens. A token is a step (`filter`, `write`), or a lookup for a later step
(`note>filter`: a note gives the limit of the filter).
"""

from __future__ import annotations

from collections.abc import Callable

from pilotbench.benchmark.generation import (
    figure_steps,
    lookup_steps,
    shape_steps,
    sink_steps,
    source_steps,
)
from pilotbench.benchmark.generation.builder import PlanBuilder

AddStep = Callable[[PlanBuilder], None]
Lookup = Callable[[PlanBuilder, str], None]

STEPS: dict[str, tuple[str, AddStep]] = {
    **source_steps.STEPS,
    **shape_steps.STEPS,
    **figure_steps.STEPS,
    **sink_steps.STEPS,
}
LOOKUPS: dict[str, tuple[str, Lookup]] = lookup_steps.LOOKUPS


def tool_of(token: str) -> str | None:
    """Return the tool that a token calls; None for `given`, which calls none."""
    lookup, arrow, _ = token.partition(">")
    return (LOOKUPS[lookup][0] if arrow else STEPS[token][0]) or None


def add_step(builder: PlanBuilder, token: str) -> None:
    """Add the step of `token`."""
    lookup, arrow, target = token.partition(">")
    if arrow:
        LOOKUPS[lookup][1](builder, target)
    else:
        STEPS[token][1](builder)

"""API integrations: sign in, fetch, transform, deliver; three or four steps.

The plans are listed, since few sequences have this form; half of them end in a post.
"""

from __future__ import annotations

from collections.abc import Iterator

from pilotbench.benchmark.generation.plan_grammar import FIGURES, FORMATS, Grammar, Recipe
from pilotbench.benchmark.tasks.world_task import WorldTask

OPERATIONS = ("filter", "transform", "validate", "map", "optimize", "group", *FORMATS, *FIGURES[1:])
DELIVERIES = ("post", "push", "notify", "schedule")


def _recipes() -> Iterator[Recipe]:
    """Yield every plan: either the fetch or the post needs a sign-in."""
    yield ("auth>fetch", "fetch", "post")
    yield ("fetch", "auth>post", "post")
    for operation in OPERATIONS:
        for delivery in DELIVERIES:
            yield ("auth>fetch", "fetch", operation, delivery)
        yield ("fetch", operation, "auth>post", "post")
    for lookup in ("note", "track"):
        yield (f"{lookup}>auth", "auth>fetch", "fetch", "post")
        yield ("fetch", f"{lookup}>auth", "auth>post", "post")
        for delivery in DELIVERIES[1:]:
            yield ("auth>fetch", "fetch", f"{lookup}>{delivery}", delivery)
    for lookup in ("note", "track", "check"):
        yield ("auth>fetch", f"{lookup}>fetch", "fetch", "post")
        yield ("fetch", "auth>post", f"{lookup}>post", "post")
    for lookup in ("note", "track", "check", "route"):
        yield ("auth>fetch", "fetch", f"{lookup}>post", "post")


TASK = WorldTask(
    rank=4,
    description="Sign in to a service, fetch, transform and deliver data.",
    grammar=Grammar(
        task="api_integration",
        least=3,
        most=4,
        sources=("fetch",),
        extra=tuple(_recipes()),
        size=0,  # only the listed plans
    ),
)

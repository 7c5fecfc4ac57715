"""API integrations: sign in, fetch, transform, deliver; three or four steps."""

from pilotbench.tasks.recipes import Grammar, Recipe
from pilotbench.tasks.world_task import WorldTask


def _signs_in(recipe: Recipe) -> bool:
    return any(token.startswith("auth>") for token in recipe)


TASK = WorldTask(
    name="api_integration",
    description="Sign in to a service, fetch, transform and deliver data.",
    grammar=Grammar(
        task="api_integration",
        least=3,
        most=4,
        sources=("fetch",),
        looks=0.8,
        accept=_signs_in,
    ),
)

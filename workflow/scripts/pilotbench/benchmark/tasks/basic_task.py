"""Basic tasks: two or three steps."""

from pilotbench.benchmark.generation.plan_grammar import Grammar
from pilotbench.benchmark.tasks.world_task import WorldTask

TASK = WorldTask(
    rank=2,
    description="Two or three steps: get data, work on it, leave it somewhere.",
    grammar=Grammar(
        task="basic_task",
        least=2,
        most=3,
        sources=("given", "given", "read", "fetch", "connect", "get", "pull", "simulate"),
    ),
)

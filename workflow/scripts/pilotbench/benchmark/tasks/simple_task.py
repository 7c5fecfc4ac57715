"""Simple tasks: one step on odd indices, two dependent steps on even ones."""

from pilotbench.benchmark.generation.plan_grammar import ONE_STEP, SINKS, Grammar
from pilotbench.benchmark.tasks.world_task import WorldTask

TASK = WorldTask(
    rank=1,
    description="One step, or two that depend on each other.",
    grammar=Grammar(
        task="simple_task",
        least=2,
        most=2,
        sources=("given", "given", "read", "fetch", "connect", "get", "pull", "simulate"),
        sinks=SINKS,
        extra=(("monitor>route", "route"),),
    ),
    odd=ONE_STEP,
)

"""Multi-stage pipelines: five to eight steps; later ones need values that earlier ones find."""

from pilotbench.benchmark.generation.plan_grammar import Grammar
from pilotbench.benchmark.tasks.world_task import WorldTask

TASK = WorldTask(
    rank=5,
    description="Many steps, some of which find values that later steps need.",
    grammar=Grammar(
        task="multi_stage_pipeline",
        least=5,
        most=8,
        sources=("read", "fetch", "connect", "get", "pull"),
        lookups=2,
        moves=1,
        looks=0.6,
        more_sinks=0.3,
        size=200,
    ),
)

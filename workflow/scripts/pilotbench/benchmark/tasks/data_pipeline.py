"""Data pipelines: a source, one to three operations, a destination; three to five steps."""

from pilotbench.benchmark.generation.plan_grammar import Grammar
from pilotbench.benchmark.tasks.world_task import WorldTask

TASK = WorldTask(
    rank=3,
    description="Bring data in, work on it in several operations, and store or deliver it.",
    grammar=Grammar(
        task="data_pipeline",
        least=3,
        most=5,
        sources=("read", "read", "fetch", "connect", "get", "pull"),
        moves=1,
        looks=0.2,
        more_sinks=0.1,
    ),
)

"""Pipelines whose request leaves out one or two values that only the plan states."""

from __future__ import annotations

from dataclasses import dataclass

from pilotbench.benchmark.generation.plan_grammar import Grammar, Recipe
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.world_task import WorldTask


@dataclass(frozen=True)
class BriefedTask(WorldTask):
    """A task type of the simulated world whose instances need their plan."""

    def instance(self, difficulty: str, index: int) -> Instance:
        """Return instance `index`; raises TaskError for an unknown difficulty or a bad index."""
        self.check_place(difficulty, index)
        from pilotbench.benchmark.briefed.generate import make

        return make(self.grammar, difficulty, index)


def _has_value(recipe: Recipe) -> bool:
    from pilotbench.benchmark.briefed.briefing import DECISIVE, states

    return any(states(recipe, token) for token in DECISIVE)


TASK = BriefedTask(
    rank=6,
    description="A data pipeline whose plan states one or two values that the request leaves out.",
    grammar=Grammar(
        task="briefed_pipeline",
        least=3,
        most=5,
        sources=("read", "read", "fetch", "connect", "get", "pull"),
        moves=1,
        looks=0.2,
        more_sinks=0.1,
        accept=_has_value,
    ),
    difficulties=("easy", "medium"),
    benchmark_version="4",
)

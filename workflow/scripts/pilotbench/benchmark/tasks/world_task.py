"""Task types on the simulated world: instances by index, at five difficulties.

The modules that generate and play instances are imported when they are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pilotbench.benchmark.generation.plan_grammar import Grammar, Recipe
from pilotbench.benchmark.instances import Example, Image, Instance
from pilotbench.benchmark.tasks.conversation import ONE_CALL, Calling
from pilotbench.benchmark.tasks.task import Score, ToolSpec, Transcript
from pilotbench.benchmark.world.levels import DIFFICULTIES, is_discovery
from pilotbench.ground.errors import TaskError

BENCHMARK_VERSION = "3"
"""Version of world, tools, instances and protocol; a change is a line in the CHANGELOG."""

if TYPE_CHECKING:
    from pilotbench.benchmark.world.session import WorldSession


@dataclass(frozen=True)
class WorldTask:
    """A task type of the benchmark.

    `odd` are the recipes of odd indices where they differ. `rank` orders the task types in plans,
    tables and lists; those of equal rank are in the order of their names.
    """

    description: str
    grammar: Grammar
    odd: tuple[Recipe, ...] = ()
    difficulties: tuple[str, ...] = DIFFICULTIES
    rated: bool = True
    planned: bool = True
    size: int | None = None
    examples: tuple[Example, ...] = ()
    rank: int = 100
    judging: None = None
    benchmark_version: str = BENCHMARK_VERSION

    @property
    def name(self) -> str:
        """Return the name, which also seeds the instances."""
        return self.grammar.task

    @property
    def longest_plan(self) -> int:
        """Return the number of steps of the longest plan."""
        return self.grammar.most

    @property
    def scoring_version(self) -> str:
        """Return the version of the scoring rules."""
        from pilotbench.benchmark.tasks.scoring import SCORING_VERSION

        return str(SCORING_VERSION)

    @property
    def rules_version(self) -> str:
        """Return the version of the scoring rules: BENCHMARK_VERSION covers the rest."""
        return self.scoring_version

    @property
    def calling(self) -> Calling:
        """Return the rules of the simulated world."""
        return ONE_CALL

    def instance(self, difficulty: str, index: int) -> Instance:
        """Return instance `index`; raises TaskError for an unknown difficulty or a bad index."""
        self.check_place(difficulty, index)
        from pilotbench.benchmark.generation.generate import make

        return make(self.name, self.grammar, self.odd, difficulty, index)

    def check_place(self, difficulty: str, index: int) -> None:
        """Raise TaskError for an unknown difficulty or a bad index."""
        if difficulty not in self.difficulties:
            known = ", ".join(self.difficulties)
            raise TaskError(f"task {self.name}: no difficulty {difficulty!r}; known: {known}")
        if index < 0:
            raise TaskError(f"task {self.name}: index {index} is below 0")

    def check(self) -> None:
        """Do nothing: the tests check the built-in tasks."""

    def tools(self, instance: Instance) -> tuple[ToolSpec, ...]:
        """Return the tools offered for this instance, `finish` last."""
        from pilotbench.benchmark.world.toolbox import offered

        return offered(is_discovery(instance.difficulty))

    def images(self, instance: Instance) -> tuple[Image, ...]:
        """Return nothing: worlds have no images."""
        return ()

    def start(self, instance: Instance, tool_success_rate: str, repeat: int) -> WorldSession:
        """Return a fresh session."""
        from pilotbench.benchmark.world.session import WorldSession

        return WorldSession(instance, tool_success_rate, repeat)

    def score(self, instance: Instance, transcript: Transcript) -> Score:
        """Score a completed episode; raises TranscriptError when the two do not fit."""
        from pilotbench.benchmark.tasks.scoring import score
        from pilotbench.benchmark.world.session import WorldSession

        return score(instance, transcript, WorldSession)

    def max_turns(self, difficulty: str) -> int:
        """Return 3 x the longest plan + 7, plus 2 x the longest plan under discovery."""
        discovery = 2 * self.longest_plan if is_discovery(difficulty) else 0
        return 3 * self.longest_plan + 7 + discovery

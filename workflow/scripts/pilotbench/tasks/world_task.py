"""A task type on the world: instances by index, at five difficulties."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pilotbench.errors import TaskError
from pilotbench.instances import Instance
from pilotbench.tasks import views
from pilotbench.tasks.builder import Builder, Unfit
from pilotbench.tasks.draw import Draw
from pilotbench.tasks.moves import play
from pilotbench.tasks.recipes import Grammar, Recipe, catalogue, recipe_at, twistable
from pilotbench.tasks.task import Score, ToolSpec, Transcript
from pilotbench.world import toolbox
from pilotbench.world.session import Session
from pilotbench.world.tool import Failure

Json = dict[str, Any]

ATTEMPTS = 200
BACKGROUND = 2
DISTRACTORS = 5


def _attempt(builder: Builder) -> bool:
    """Make all moves of a recipe; False when the draws do not fit."""
    try:
        for place, token in enumerate(builder.recipe):
            builder.place = place
            play(builder, token)
    except (Unfit, Failure):
        return False
    return True


@lru_cache(maxsize=64)
def build(task: str, recipe: Recipe, index: int) -> tuple[Builder, int]:
    """Return the core of an index and the attempt that made it.

    Draws that do not fit (a filter that keeps every row, say) are drawn anew. Raises TaskError
    when no attempt fits, which no instance should ever meet.
    """
    for attempt in range(ATTEMPTS):
        builder = Builder(Draw("core", task, index, attempt), recipe)
        if _attempt(builder):
            return builder, attempt
    raise TaskError(f"task {task}: index {index} cannot be built from {' '.join(recipe)}")


@lru_cache(maxsize=64)
def build_hardest(task: str, recipe: Recipe, index: int) -> Builder:
    """Return the same core with one name ruled out and numbers to be computed (very_hard)."""
    _, attempt = build(task, recipe, index)
    for other in range(ATTEMPTS):
        aside = Draw("hardest", task, index, other)
        twisted = aside.pick(twistable(recipe))
        builder = Builder(Draw("core", task, index, attempt), recipe, twisted, aside)
        if _attempt(builder):
            return builder
    raise TaskError(f"task {task}: index {index} cannot be made very_hard: {' '.join(recipe)}")


@dataclass(frozen=True)
class WorldTask:
    """One of the five task types; `odd` are the recipes of odd indices where they differ."""

    name: str
    description: str
    grammar: Grammar
    odd: tuple[Recipe, ...] = ()
    difficulties: tuple[str, ...] = views.DIFFICULTIES
    rated: bool = True
    planned: bool = True
    size: int | None = None

    @property
    def longest_plan(self) -> int:
        """Return the number of steps of the longest plan."""
        return self.grammar.most

    @property
    def scoring_version(self) -> str:
        """Return the version of the scoring rules."""
        from pilotbench.scoring import SCORING_VERSION

        return str(SCORING_VERSION)

    def recipe(self, index: int) -> Recipe:
        """Return the recipe of an index."""
        if not self.odd:
            return recipe_at(self.name, catalogue(self.grammar), index)
        if index % 2:
            return recipe_at(f"{self.name} odd", self.odd, index // 2)
        return recipe_at(f"{self.name} even", catalogue(self.grammar), index // 2)

    def instance(self, difficulty: str, index: int) -> Instance:
        """Return instance `index`; raises TaskError for an unknown difficulty or a bad index."""
        if difficulty not in self.difficulties:
            known = ", ".join(self.difficulties)
            raise TaskError(f"task {self.name}: no difficulty {difficulty!r}; known: {known}")
        if index < 0:
            raise TaskError(f"task {self.name}: index {index} is below 0")
        recipe = self.recipe(index)
        if difficulty == "very_hard":
            built = build_hardest(self.name, recipe, index)
        else:
            built, _ = build(self.name, recipe, index)
        asked = views.question(built, Draw("question", self.name, index))
        request = views.TEXTS[difficulty](built, asked, Draw("view", self.name, index))
        others = DISTRACTORS if toolbox.is_discovery(difficulty) else BACKGROUND
        world = views.with_others(built.start, Draw("others", self.name, index), others)
        return Instance(
            task=self.name,
            difficulty=difficulty,
            index=index,
            request=request,
            world=world,
            goal=(*built.goal, asked.predicate),
            protected={"allow": sorted(set(built.allow))},
            plan=tuple(built.steps),
            extra={"answer_from": asked.source, "derived": built.derived},
        )

    def tools(self, instance: Instance) -> tuple[ToolSpec, ...]:
        """Return the tools offered for this instance, `finish` last."""
        return toolbox.offered(toolbox.is_discovery(instance.difficulty))

    def start(self, instance: Instance, tool_success_rate: str, repeat: int) -> Session:
        """Return a fresh session."""
        return Session(instance, tool_success_rate, repeat)

    def score(self, instance: Instance, transcript: Transcript) -> Score:
        """Score a completed episode; raises TranscriptError when the two do not fit."""
        from pilotbench.scoring import score

        return score(instance, transcript, Session)

    def max_turns(self, difficulty: str) -> int:
        """Return 3 x the longest plan + 7, plus 2 x the longest plan under discovery."""
        discovery = 2 * self.longest_plan if toolbox.is_discovery(difficulty) else 0
        return 3 * self.longest_plan + 7 + discovery

"""Generate instances: build the core of an index, then present it at a difficulty."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from pilotbench.benchmark.generation import difficulty_texts
from pilotbench.benchmark.generation.builder import PlanBuilder, Unfit
from pilotbench.benchmark.generation.plan_catalogue import catalogue, recipe_at, twistable
from pilotbench.benchmark.generation.plan_grammar import Grammar, Recipe
from pilotbench.benchmark.generation.plan_steps import add_step
from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.world import goals
from pilotbench.benchmark.world.levels import is_discovery
from pilotbench.benchmark.world.references import resolve
from pilotbench.benchmark.world.state import World
from pilotbench.benchmark.world.tool import ToolFailure, check_arguments
from pilotbench.benchmark.world.toolbox import TOOLS
from pilotbench.ground.errors import TaskError

Json = dict[str, Any]

ATTEMPTS = 200
BACKGROUND = 4
DISTRACTORS = 7


def _attempt(builder: PlanBuilder) -> bool:
    """Add all steps of a recipe; return False if the draws do not fit."""
    try:
        for place, token in enumerate(builder.recipe):
            builder.place = place
            add_step(builder, token)
    except (Unfit, ToolFailure):
        return False
    return True


def _replay(
    b: PlanBuilder, arguments_of: Callable[[int, Step], Json | None]
) -> tuple[World, list[Json]] | None:
    """Execute the plan with other arguments; None omits a step.

    A step that is as it was, as are all that it needs, gives what it gave. Returns None when a step
    fails, or is about to leave other data than it did: the goal is missed then.
    """
    world = World(b.start)
    results: list[Json] = []
    same: set[int] = set()
    for place, step in enumerate(b.steps):
        arguments = arguments_of(place, step)
        if arguments is None:
            results.append({})
            continue
        if arguments == step.arguments and same.issuperset(step.needs):
            same.add(place)
            outcome = b.outcomes[place]
        else:
            tool = TOOLS[step.tool]
            try:
                given = check_arguments(tool, resolve(arguments, results))
                if "receipt" in b.results[place] and _other_data(b, place, world, given):
                    return None
                outcome = tool.run(world, **given)
            except ToolFailure:
                return None
        if outcome.data is not None:
            world.made[outcome.data.handle] = outcome.data
        world.apply(outcome.changes)
        results.append(outcome.result)
    return world, results


def _other_data(b: PlanBuilder, place: int, world: World, given: Json) -> bool:
    """Return whether a step gets data of another value than in the plan."""
    if "data" not in given:
        return False
    planned = b.world.data(resolve(b.steps[place].arguments["data"], b.results))
    return bool(world.data(given["data"]).value != planned.value)


def _reached(b: PlanBuilder, world: World, *, lineage: bool = True) -> bool:
    """Return whether every goal predicate on the world holds, its operations included or not."""
    asked = b.goal if lineage else [{**goal, "ops": []} for goal in b.goal]
    return all(goals.holds(goal, b.start, world.sections, None) for goal in asked)


def _every_step_counts(b: PlanBuilder) -> bool:
    """Return whether each operation matters: omitting one must change the outcome.

    Adding to a column, say, does not change its range; a limit may imply an earlier check.
    """
    operations = [
        place
        for place, step in enumerate(b.steps)
        if "data" in step.arguments and "handle" in b.results[place]
    ]
    for place in operations if b.goal else ():
        replayed = _replay(b, _passing_over(b, place))
        if replayed is not None and _reached(b, replayed[0], lineage=False):
            return False
    return True


def _passing_over(b: PlanBuilder, out: int) -> Callable[[int, Step], Json | None]:
    """Return the arguments of a plan without one operation: later steps take its own data."""
    handle, source = {"$step": out, "path": "handle"}, b.steps[out].arguments["data"]

    def arguments_of(place: int, step: Step) -> Json | None:
        return None if place == out else _with(step.arguments, handle, source)

    return arguments_of


def _with(arguments: Json, old: Any, new: Any) -> Json:
    """Return arguments with every `old` in them replaced by `new`."""
    return {
        name: new if value == old else _with(value, old, new) if isinstance(value, dict) else value
        for name, value in arguments.items()
    }


def _ruled_out(b: PlanBuilder) -> bool:
    """Return whether the plan with the names that the request shows first goes wrong.

    It could come out right by chance: another limit that keeps the same rows, say.
    """
    if not b.derived:
        return True
    valid, shown = b.derived[0]["value"], b.derived[0]["name"]
    replayed = _replay(b, lambda place, step: _with(step.arguments, valid, shown))
    if replayed is None or not _reached(b, replayed[0]):
        return True
    asked = b.facts[-1].source
    try:
        return bool(resolve(asked, replayed[1]) != resolve(asked, b.results))
    except IndexError:  # the ruled-out data has no such row
        return True


@lru_cache(maxsize=64)
def build(task: str, recipe: Recipe, index: int) -> PlanBuilder:
    """Return the core of an index.

    Draws that do not fit (a filter that keeps every row, say) are drawn again. Raises TaskError
    when no attempt fits, which no instance should ever meet.
    """
    for attempt in range(ATTEMPTS):
        core = PlanBuilder(SeededRandom("core", task, index, attempt), recipe)
        if fits(core):
            return core
    raise TaskError(f"task {task}: index {index} cannot be built from {' '.join(recipe)}")


def fits(builder: PlanBuilder) -> bool:
    """Return whether the draws of a core fit its recipe, so that each of its steps counts."""
    return _attempt(builder) and _every_step_counts(builder)


@lru_cache(maxsize=64)
def build_hardest(task: str, recipe: Recipe, index: int) -> PlanBuilder:
    """Return the same core with one name ruled out and numbers to be computed (very_hard).

    What this adds leaves the data as they are. So draws that fit with it fit the core, which is
    built only where they do not.
    """
    for attempt in range(ATTEMPTS):
        first = _twisted(task, recipe, index, attempt, 0)
        good = fits(first)
        if good or fits(PlanBuilder(SeededRandom("core", task, index, attempt), recipe)):
            break
    if good and _ruled_out(first):
        return first
    for other in range(1, ATTEMPTS):
        builder = _twisted(task, recipe, index, attempt, other)
        if _attempt(builder) and _ruled_out(builder):
            return builder
    raise TaskError(f"task {task}: index {index} cannot be made very_hard: {' '.join(recipe)}")


def _twisted(task: str, recipe: Recipe, index: int, attempt: int, other: int) -> PlanBuilder:
    """Return the start of a core with what very_hard adds."""
    aside = SeededRandom("hardest", task, index, other)
    twisted = aside.pick(twistable(recipe))
    return PlanBuilder(SeededRandom("core", task, index, attempt), recipe, twisted, aside)


def recipe_of(task: str, grammar: Grammar, odd: tuple[Recipe, ...], index: int) -> Recipe:
    """Return the recipe of an index; odd indices walk `odd` where there is such a list."""
    if not odd:
        return recipe_at(task, catalogue(grammar), index)
    if index % 2:
        return recipe_at(f"{task} odd", odd, index // 2)
    return recipe_at(f"{task} even", catalogue(grammar), index // 2)


def make(
    task: str, grammar: Grammar, odd: tuple[Recipe, ...], difficulty: str, index: int
) -> Instance:
    """Return instance `index` of a task at a difficulty."""
    recipe = recipe_of(task, grammar, odd, index)
    if difficulty == "very_hard":
        built = build_hardest(task, recipe, index)
    else:
        built = build(task, recipe, index)
    asked = difficulty_texts.question(built, SeededRandom("question", task, index))
    others = DISTRACTORS if is_discovery(difficulty) else BACKGROUND
    return Instance(
        task=task,
        difficulty=difficulty,
        index=index,
        request=difficulty_texts.TEXTS[difficulty](
            built, asked, partial(SeededRandom, "view", task, index)
        ),
        world=difficulty_texts.with_others(
            built.start, SeededRandom("others", task, index), others
        ),
        goal=(*built.goal, asked.predicate),
        protected={"allow": sorted(set(built.allow))},
        plan=tuple(built.steps),
        extra={"answer_from": asked.source, "derived": built.derived},
    )

"""Generate instances whose plan states values that the request leaves out."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache, partial

from pilotbench.benchmark.briefed.briefing import choose, sentence
from pilotbench.benchmark.briefed.builder import BriefedBuilder
from pilotbench.benchmark.generation import difficulty_texts
from pilotbench.benchmark.generation.generate import ATTEMPTS, BACKGROUND, fits, recipe_of
from pilotbench.benchmark.generation.plan_grammar import Grammar, Recipe
from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.instances import Instance
from pilotbench.ground.errors import TaskError

BY_HANDLE = (
    "Pass tables, texts and figures on by their handles: `data` takes a handle or the name of a "
    "table, and data that you write yourself is not accepted. Names, numbers and values that you "
    "have looked up are written out."
)
"""How data is passed on, in place of the sentences of version 3, which stay as they are."""


@lru_cache(maxsize=64)
def build(task: str, recipe: Recipe, index: int) -> BriefedBuilder:
    """Return the core of an index; raises TaskError when no attempt fits."""
    for attempt in range(ATTEMPTS):
        left_out = choose(SeededRandom("briefing", task, index, attempt), recipe)
        core = BriefedBuilder(SeededRandom("core", task, index, attempt), recipe, left_out)
        if fits(core) and not core.waiting:
            return core
    raise TaskError(f"task {task}: index {index} cannot be built from {' '.join(recipe)}")


def make(grammar: Grammar, difficulty: str, index: int) -> Instance:
    """Return instance `index` of a task at a difficulty."""
    task = grammar.task
    built = build(task, recipe_of(task, grammar, (), index), index)
    asked = difficulty_texts.question(built, SeededRandom("question", task, index))
    view = partial(SeededRandom, "view", task, index)
    others = SeededRandom("others", task, index)
    request = difficulty_texts.TEXTS[difficulty](built, asked, view)
    request = request.replace(difficulty_texts.BY_HANDLE, BY_HANDLE)
    return Instance(
        task=task,
        difficulty=difficulty,
        index=index,
        request=f"{request} {sentence([one.thing for one in built.withheld])}",
        world=difficulty_texts.with_others(built.start, others, BACKGROUND),
        goal=(*built.goal, asked.predicate),
        protected={"allow": sorted(set(built.allow))},
        plan=tuple(built.steps),
        extra={
            "answer_from": asked.source,
            "derived": built.derived,
            "briefed": [asdict(one) for one in built.withheld],
        },
    )

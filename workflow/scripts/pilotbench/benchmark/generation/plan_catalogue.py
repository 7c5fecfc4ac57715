"""Catalogues of plans: which steps may follow each other, and which plans a task type has.

A recipe is a sequence of tokens (see `plan_steps`). A plan is its sequence of tool names; a
catalogue has each plan once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from pilotbench.benchmark.generation.plan_grammar import (
    FIGURES,
    FORMATS,
    SHAPES,
    SINKS,
    Grammar,
    Recipe,
)
from pilotbench.benchmark.generation.plan_steps import tool_of
from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.ground.errors import TaskError

# What may follow, by the kind of data that flows. Worked: rows changed, so that none is bad by
# design any more; named: rows with new column names; chosen: rows that are an end in themselves.
NEXT: dict[str, tuple[str, ...]] = {
    "text": ("parse", "compress", *SINKS),
    "table": (*SHAPES, *FIGURES, *FORMATS, *SINKS),
    "worked": (*(token for token in SHAPES if token != "validate"), *FIGURES, *FORMATS, *SINKS),
    "named": ("filter", "transform", *FORMATS, *SINKS),
    "chosen": ("aggregate", "analyze", *FORMATS, *SINKS),
    "grouped": (*FORMATS, *SINKS),
    "number": ("calculate", "simulate", "convert", *SINKS),
    "document": ("compress", *SINKS),
    "archive": SINKS,
}
MAKES = {
    "given": "table",
    "read": "text",
    "fetch": "table",
    "connect": "table",
    "get": "table",
    "pull": "table",
    "parse": "table",
    "validate": "worked",
    "map": "named",
    "optimize": "chosen",
    "group": "grouped",
    "calculate": "number",
    "simulate": "number",
    "convert": "document",
    "compress": "archive",
    **dict.fromkeys(FIGURES, "number"),
}


def _kind_after(kind: str, token: str) -> str:
    if token in ("filter", "transform"):
        return "named" if kind == "named" else "worked"
    return MAKES.get(token, kind)


def _noted(token: str) -> tuple[Recipe, ...]:
    return ((f"note>{token}",), (f"track>{token}",))


def _opened(token: str) -> tuple[Recipe, ...]:
    """Return the lookups that open an endpoint or a database."""
    sign = f"auth>{token}"
    return (
        (sign,),
        ("note>auth", sign),
        ("track>auth", sign),
        *((sign, *t) for t in _noted(token)),
    )


def _addressed(token: str) -> tuple[Recipe, ...]:
    ways: tuple[Recipe, ...] = (
        (f"check>{token}",),
        (f"route>{token}",),
        ("monitor>route", f"route>{token}"),
        (f"auth>{token}", f"check>{token}"),
        ("note>auth", f"auth>{token}", f"check>{token}"),
    )
    return (*ways, *_opened(token), *_noted(token))


# The lookups that may come before a move, so that it gets a value or access.
LOOKUPS: dict[str, tuple[Recipe, ...]] = {
    "read": (("scan>read",), *_noted("read")),
    "fetch": _addressed("fetch"),
    "post": _addressed("post"),
    "connect": (*_opened("connect"), *_noted("connect")),
    **{
        token: _noted(token)
        for token in (
            *("get", "pull", "filter", "transform", "map", "optimize", "calculate"),
            *("write", "push", "put", "notify", "schedule"),
        )
    },
}

# Very_hard rules out the name that one of these gives in the request.
TWISTABLE = (
    *("given", "read", "fetch", "connect", "get", "pull", "map", "simulate"),
    *("write", "post", "push", "put", "notify", "schedule"),
)
TWISTABLE_LOOKUPS = ("note", "track", "scan", "check", "monitor")


def steps_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the plan of a recipe: its tool names in order."""
    return tuple(tool for tool in map(tool_of, recipe) if tool is not None)


def twistable(recipe: Recipe) -> list[str]:
    """Return the tokens whose name the request gives, so that very_hard can rule it out."""
    looked_up = {token.partition(">")[2] for token in recipe if not token.startswith("auth>")}
    plain = [token for token in recipe if token in TWISTABLE and token not in looked_up]
    looked = [token for token in recipe if token.partition(">")[0] in TWISTABLE_LOOKUPS]
    return plain + looked


def _walk(draw: SeededRandom, grammar: Grammar, used: Counter[str]) -> Recipe:
    """Draw one recipe that follows the grammar of data; it may still be of the wrong length."""
    recipe: list[str] = []
    kind, options = "", grammar.sources
    length = draw.whole(grammar.least, grammar.most)
    while True:
        left = length - len(steps_of(tuple(recipe)))
        token = _choose(draw, options, recipe, grammar, left, used)
        if token is None:
            return tuple(recipe)
        stacks = [s for s in LOOKUPS.get(token, ()) if len(s) < left and not set(s) & set(recipe)]
        if stacks and draw.chance(grammar.looks):
            recipe += draw.pick(stacks)
        recipe.append(token)
        kind = _kind_after(kind, token)
        options = NEXT[kind]
        if token in SINKS and not draw.chance(grammar.more_sinks):
            return tuple(recipe)


def _choose(
    draw: SeededRandom,
    options: Sequence[str],
    recipe: Sequence[str],
    grammar: Grammar,
    left: int,
    used: Counter[str],
) -> str | None:
    """Draw the next token, the less used of two; only sinks when little is left or begun."""
    ending = (left <= 2 and draw.chance(0.7)) or any(token in SINKS for token in recipe)
    fresh = [
        token
        for token in options
        if token not in recipe
        and (token not in SINKS or (token in grammar.sinks and (left <= 3 or ending)))
        and (token in SINKS or not ending or not recipe)
    ]
    if not fresh:
        return None
    return min(draw.pick(fresh), draw.pick(fresh), key=lambda token: used[tool_of(token) or token])


def _good(recipe: Recipe, grammar: Grammar) -> bool:
    steps = steps_of(recipe)
    middle = [t for t in recipe if ">" not in t and t not in SINKS and t not in grammar.sources]
    return (
        grammar.least <= len(steps) <= grammar.most
        and bool(recipe)
        and recipe[-1] in SINKS
        and sum(">" in token for token in recipe) >= grammar.lookups
        and len(middle) >= grammar.moves
        and bool(twistable(recipe))
        and grammar.accept(recipe)
    )


@lru_cache(maxsize=16)
def catalogue(grammar: Grammar) -> tuple[Recipe, ...]:
    """Return the recipes of a task type, each plan once; raises TaskError for fewer than 60."""
    draw = SeededRandom("catalogue", grammar.task)
    plans: dict[tuple[str, ...], Recipe] = {steps_of(recipe): recipe for recipe in grammar.extra}
    used: Counter[str] = Counter()
    for _ in range(60 * grammar.size):
        if len(plans) >= grammar.size:
            break
        recipe = _walk(draw, grammar, used)
        if _good(recipe, grammar) and steps_of(recipe) not in plans:
            plans[steps_of(recipe)] = recipe
            used.update(steps_of(recipe))
    if len(plans) < 60:
        raise TaskError(f"task {grammar.task} has {len(plans)} plans, at least 60 are needed")
    return tuple(plans.values())


@lru_cache(maxsize=256)
def _round(task: str, size: int, turn: int) -> tuple[int, ...]:
    return tuple(SeededRandom("round", task, turn).mixed(range(size)))


def recipe_at(task: str, recipes: Sequence[Recipe], place: int) -> Recipe:
    """Return the recipe at `place` of a seeded walk that uses each recipe once per round."""
    turn, within = divmod(place, len(recipes))
    return recipes[_round(task, len(recipes), turn)[within]]

"""Which values a request can leave out, and what is said of them.

A value that is left out is one of at least 1,000 equally plausible ones, and no tool shows it to a
caller who does not know it. A limit and a budget are not enough on their own: several values keep
the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pilotbench.benchmark.generation.plan_grammar import Recipe
from pilotbench.benchmark.generation.seeded_random import SeededRandom

DECISIVE = {
    "fetch": "URL",
    "connect": "table",
    "get": "cache key",
    "pull": "queue",
    "transform": "supplement",
    "map": "mapping",
    "auth": "credential",
    "write": "file",
    "post": "URL",
    "push": "queue",
    "put": "cache key",
    "notify": "person",
    "schedule": "time",
}
"""The steps whose value decides about success alone, and what it is called."""
BESIDE = {"filter": "limit", "optimize": "budget"}
"""The steps whose value is left out only beside a decisive one."""
THINGS = {**DECISIVE, **BESIDE}


@dataclass(frozen=True)
class Withheld:
    """A value that only the plan states: the step and argument that need it, and its name."""

    place: int
    argument: str
    thing: str


def phrase(thing: str) -> str:
    """Return what the request says in place of a value."""
    return f"the {thing} that the plan states"


def sentence(things: Sequence[str]) -> str:
    """Return the last sentence of a request: what is left out, and where it is."""
    named, are = " and ".join(f"the {thing}" for thing in things), "are" if things[1:] else "is"
    return f"The plan that comes with this request states {named}, which {are} not given here."


def choose(draw: SeededRandom, recipe: Recipe) -> tuple[str, ...]:
    """Draw the tokens of one or two values that are left out; none if the recipe has no such one.

    Two values never have the same name.
    """
    plain = [token for token in THINGS if states(recipe, token)]
    first = [token for token in plain if token in DECISIVE]
    if not first:
        return ()
    one = draw.pick(first)
    others = [token for token in plain if THINGS[token] != THINGS[one]]
    return (one, draw.pick(others)) if others and draw.chance(0.5) else (one,)


def states(recipe: Recipe, token: str) -> bool:
    """Return whether the request would give this value: it is needed once, and not looked up."""
    finders = [word for word in recipe if word.endswith(f">{token}")]
    if token == "auth":
        return not finders and sum(word.startswith("auth>") for word in recipe) == 1
    return token in recipe and all(word.startswith("auth>") for word in finders)

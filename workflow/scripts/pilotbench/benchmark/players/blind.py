"""Players that know nothing about the plan: the lower bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.players.player import (
    Chance,
    Json,
    PlayContext,
    Seen,
    finish,
    tools_of,
    use,
)
from pilotbench.benchmark.players.values import Pool, request_values

IMPOSSIBLE = "IMPOSSIBLE"


def random(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Use a random tool in every turn; give a random answer in the last one.

    Tools are uniform; arguments have the right type and come from the request and the results.
    """
    chance = Chance("random", instance, context.repeat, len(turns))
    pool = Pool(instance, turns)
    if len(turns) + 1 >= context.max_turns:
        return finish(chance.pick([*pool.numbers, *pool.words]))
    tools = tools_of(instance)
    tool = tools[chance.pick(tuple(tools))]
    return use(instance, tool.name, pool.arguments(tool, chance))


def spammer(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Use every tool in turn on the values seen so far, then answer with all of them."""
    pool = Pool(instance, turns)
    if len(turns) + 1 >= context.max_turns:
        return finish([*pool.numbers, *pool.words])
    tools = tuple(tools_of(instance).values())
    tool = tools[(instance.index + len(turns)) % len(tools)]
    chance = Chance("spammer", instance, context.repeat, len(turns))
    return use(instance, tool.name, pool.arguments(tool, chance))


def do_nothing(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Say something and call nothing."""
    return "I have nothing to do."


def finish_guess(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Answer at once, with a guess of the right type: from the request, or of the usual size."""
    chance = Chance("finish_guess", instance, context.repeat, 0)
    met = request_values(instance.request)
    guesses: list[Any] = [value for value in met if isinstance(value, str)]
    if any(predicate.get("type") == "number" for predicate in instance.goal):
        usual = 100_000 + int(chance.number() * 900_000)
        guesses = [*(value for value in met if not isinstance(value, str)), usual, 0, 1]
    return finish(chance.pick(guesses or [""]))


def abstainer(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Say at once that the task cannot be done."""
    return finish(IMPOSSIBLE)

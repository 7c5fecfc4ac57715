"""The players on instances whose course is known: only the oracle knows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.instances import ScriptedInstance, ToolSpec
from pilotbench.benchmark.players.player import Chance, Json
from pilotbench.benchmark.players.values import Pool

DONE = "Done."
GUESSERS = ("random", "spammer", "finish_guess", "name_only")
"""The players that call tools without knowing what they are for."""


def scripted(name: str, instance: ScriptedInstance, turn: int, repeat: int) -> list[Json] | str:
    """Return the calls of a player's message, or its words.

    A player that guesses makes one call of a tool that was offered first, in every other message;
    the others say something.
    """
    if name == "oracle":
        script = instance.script
        return list(script[turn]) if turn < len(script) and script[turn] else DONE
    tools = instance.offered
    if name not in GUESSERS or not tools or turn % 2:
        return "I do not know."
    return [_guess(instance, tools, Chance(name, instance, repeat, turn))]


def _guess(instance: ScriptedInstance, tools: Sequence[ToolSpec], chance: Chance) -> Json:
    """Return a random call: its required arguments have the right types."""
    tool, pool = chance.pick(tools), Pool(instance, ())
    shapes: dict[str, Any] = tool.parameters.get("properties", {})
    wanted = [name for name in tool.parameters.get("required", ()) if name in shapes]
    return {
        "tool": tool.name,
        "arguments": {name: pool.value(name, shapes[name], chance) for name in wanted},
    }

"""The interface of a reference player: what it sees and what it returns.

A player is a function `next_call(instance, context, turns)`. It returns the next call as
`{"tool", "arguments"}`, or a text, which is a message without a call. It is stateless and
deterministic: all chance comes from SHA-256 of (player, instance, repeat, turn, …), so the same
episode is played the same way in every process, from any turn on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.scenarios.instance import ScenarioInstance, is_searched
from pilotbench.benchmark.world import toolbox
from pilotbench.benchmark.world.tool import Tool
from pilotbench.ground.canonical_json import unit_interval

Json = dict[str, Any]
UNSEARCHED = ("finish", "requester_ask")
"""The tools of the world that are offered even where the others have to be searched for."""
PROTOCOL_TOOLS = ("finish", "tool_search", "tool_info")


@dataclass(frozen=True)
class Seen:
    """One earlier turn: the call that was made, None for a message without one, and its reply."""

    call: Json | None
    reply: Json


@dataclass(frozen=True)
class PlayContext:
    """What a player knows in addition to the instance.

    `prompt` is the text of the user message: the plan-follower finds its plan there. `max_turns`
    is the number in the model's system message.
    """

    prompt: str
    max_turns: int
    repeat: int = 0


Player = Callable[[Instance, PlayContext, Sequence[Seen]], Json | str]


def finish(answer: Any) -> Json:
    """Return the call that ends the episode."""
    return {"tool": "finish", "arguments": {"answer": answer}}


def give_up(instance: Instance) -> Json:
    """Return the call that ends the episode without an answer that could be right."""
    return finish("" if isinstance(instance, ScenarioInstance) else None)


def tools_of(instance: Instance) -> Mapping[str, Tool]:
    """Return the tools of an instance's world, those that have to be searched for too."""
    if not isinstance(instance, ScenarioInstance):
        return toolbox.TOOLS
    from pilotbench.benchmark.scenarios.tools.searched.catalogue import SEARCHED
    from pilotbench.benchmark.scenarios.tools.toolbox import TOOLS

    return SEARCHED if is_searched(instance) else TOOLS


def use(instance: Instance, tool: str, arguments: Json) -> Json:
    """Return the call of a tool of the world, through `call_tool` under discovery."""
    if is_searched(instance) and tool not in UNSEARCHED:
        return {"tool": "call_tool", "arguments": {"name": tool, "arguments": arguments}}
    return {"tool": tool, "arguments": arguments}


def uses(turns: Sequence[Seen]) -> Iterator[tuple[str, Json, Json]]:
    """Yield (tool, arguments, reply) of each earlier use of a tool of the world."""
    for turn in turns:
        call = turn.call
        if call is None or call["tool"] in PROTOCOL_TOOLS:
            continue
        if call["tool"] == "call_tool":
            call = {"tool": call["arguments"]["name"], "arguments": call["arguments"]["arguments"]}
        yield call["tool"], call["arguments"], turn.reply


def is_transient(reply: Json) -> bool:
    """Return whether a reply is an injected failure, which may be retried."""
    return not reply.get("ok") and bool(reply.get("error", {}).get("transient"))


def error_code(reply: Json) -> str | None:
    """Return the code of the error in a reply, None where there is none."""
    code: str | None = reply.get("error", {}).get("code")
    return code


class Chance:
    """Draws that depend on (player, instance, repeat, turn) and on how many were made before."""

    def __init__(self, player: str, instance: Instance, repeat: int, turn: int) -> None:
        self._words = (player, instance.play_hash, repeat, turn)
        self._count = 0

    def number(self) -> float:
        """Return the next draw, uniform in [0, 1)."""
        self._count += 1
        return unit_interval(*self._words, self._count)

    def pick(self, options: Sequence[Any]) -> Any:
        """Return one of `options`, which must not be empty, with equal probability."""
        return options[int(self.number() * len(options))]

"""The benchmark's reference players behind the simulator: known skills, hence known results."""

from __future__ import annotations

import re
from typing import Any

from pilotbench.players import PLAYERS
from pilotbench.providers.players import answer, protocol_of
from pilotbench.providers.provider import Request
from support.simulator.conversation import Conversation, share
from support.simulator.instances import Instances
from support.simulator.setup import Setup

Json = dict[str, Any]
_SKILLED = re.compile(r"sim-(\d+)")


class Players:
    """Plays what it can recognise."""

    def __init__(self, setup: Setup) -> None:
        self._seed = setup.seed
        self._instances = Instances(setup)
        if setup.prepare:
            self._instances.prepare()

    def answer(self, name: str, conversation: Conversation) -> tuple[Json, str] | None:
        """Return (message, finish_reason); None where `name` is no player or nothing is known."""
        skill = _SKILLED.fullmatch(name)
        if name not in PLAYERS and not skill:
            return None
        instance = self._instances.find(conversation.request, _discovery(conversation.body))
        if instance is None:
            return None
        if skill:
            knows = is_skilled(self._seed, name, instance.content_hash)
            name = "oracle" if knows else "do_nothing"
        turn = sum(message.get("role") == "assistant" for message in conversation.messages)
        body = {**conversation.body, "model": name}
        said = answer(Request(body, instance, "1.0", 0, turn))
        return said.message, said.finish_reason or "stop"


def is_skilled(seed: int, name: str, content_hash: str) -> bool:
    """Return whether `sim-P` can do an instance: P percent of them, others for another name."""
    return share(seed, "skill", name, content_hash) * 100 < int(name.removeprefix("sim-"))


def _discovery(body: Json) -> bool:
    """Return whether the request offers to search for tools."""
    if protocol_of(body) == "native":
        return any(tool["function"]["name"] == "tool_search" for tool in body["tools"])
    return '"tool_search"' in str(body["messages"][0].get("content"))

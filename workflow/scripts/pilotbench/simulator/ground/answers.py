"""The answers of the simulated models; they depend only on the request.

echo      answers with the text between << and >> in the request (else all of it); where a call is
          wanted, by `finish` with that answer.
turns-N   makes N - 1 calls without effect, then `finish`.
a player  of the benchmark, by name, plays the instance that the request text belongs to.
sim-P     the oracle with a skill of P percent: on the other instances (by hash) it gives up.
sim-P-Q   the same, with a skill of Q percent where the plan is given.
sim-P-Q-PLAYER  plays what it can do as that player, such as no_retry_oracle or plan_follower.

judge-S-P  judges replies with this sensitivity and specificity (judges.py).

Players play where the set-up has tasks; every other name is an echo.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from pilotbench.simulator.ground.conversation import Conversation, text_of
from pilotbench.simulator.ground.judges import SimulatedJudge
from pilotbench.simulator.ground.setup import Setup

Json = dict[str, Any]
_MARKED = re.compile(r"<<(.*?)>>", re.DOTALL)
_TURNS = re.compile(r"turns-(\d+)")


@dataclass(frozen=True)
class SimulatedReply:
    """An assistant message and its finish_reason, and the reasoning before it."""

    message: Json
    finish_reason: str = "stop"
    reasoning: str = ""


class Cast:
    """All the models of a simulator."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._players = None
        if setup.tasks:
            # Only a simulator of players needs the benchmark.
            from pilotbench.simulator.ground.players import Players

            self._players = Players(setup)

    def answer(self, conversation: Conversation) -> SimulatedReply:
        """Return the answer of the model to `conversation`."""
        entry = self._setup.models.get(conversation.model)
        name = (entry and entry.plays) or conversation.model
        judge = SimulatedJudge.of(name)
        if judge is not None:
            said = judge.answer(self._setup.seed, conversation)
            return SimulatedReply({"role": "assistant", "content": said})
        if self._players is not None:
            played = self._players.answer(name, conversation)
            if played is not None:
                return SimulatedReply(*played)
        turns = _TURNS.fullmatch(name)
        if turns and conversation.turn < int(turns[1]) - 1 and _wants_call(conversation):
            return call(conversation, _harmless(conversation), {})
        return finish(conversation, echo(conversation))


def echo(conversation: Conversation) -> str:
    """Return the marked text of the first user message, or else the whole message."""
    marked = _MARKED.search(conversation.request)
    return marked[1] if marked else conversation.request


def finish(conversation: Conversation, answer: Any) -> SimulatedReply:
    """End the episode: with `finish` if calls are expected, otherwise with plain text."""
    if _wants_call(conversation):
        return call(conversation, "finish", {"answer": answer})
    return SimulatedReply({"role": "assistant", "content": str(answer)})


def call(conversation: Conversation, tool: str, arguments: Json) -> SimulatedReply:
    """Call a tool in the form that the request expects."""
    if conversation.body.get("tools"):
        # The identifier must not be random: it comes back in the next request's body.
        identifier = f"call_{conversation.digest[:24]}"
        function = {"name": tool, "arguments": json.dumps(arguments, ensure_ascii=False)}
        calls = [{"id": identifier, "type": "function", "function": function}]
        return SimulatedReply(
            {"role": "assistant", "content": None, "tool_calls": calls}, "tool_calls"
        )
    said = json.dumps({"tool": tool, "arguments": arguments}, ensure_ascii=False)
    if conversation.body.get("response_format"):
        return SimulatedReply({"role": "assistant", "content": said})
    return SimulatedReply({"role": "assistant", "content": f"```call\n{said}\n```"})


def multiplied(conversation: Conversation, reply: SimulatedReply, count: int) -> SimulatedReply:
    """Return the reply with its call `count` times, unless the request allows only one."""
    calls = reply.message.get("tool_calls")
    if not calls or count < 2 or conversation.body.get("parallel_tool_calls") is False:
        return reply
    more = [calls[0], *(call_named(calls[0], f"{calls[0]['id']}_{n}") for n in range(1, count))]
    return replace(reply, message={**reply.message, "tool_calls": more})


def call_named(call: Json, identifier: str) -> Json:
    """Return a tool call with another identifier."""
    return {**call, "id": identifier}


def _wants_call(conversation: Conversation) -> bool:
    body = conversation.body
    if body.get("tools") or body.get("response_format"):
        return True
    first = conversation.messages[0]
    return first.get("role") == "system" and "```" in text_of(first)


def _harmless(conversation: Conversation) -> str:
    tools = [tool["function"]["name"] for tool in conversation.body.get("tools") or ()]
    return next((name for name in tools if name != "finish"), "tool_search")

"""The reference players as a provider: they answer a chat request in its protocol.

A player sees what a model sees, recovered from the messages, and the instance. It needs no key,
reports no tokens, and gives the same answer to the same request. The deployment names the player.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from pilotbench.benchmark.instances import Instance, ScriptedInstance
from pilotbench.benchmark.players import PLAYERS
from pilotbench.benchmark.players.player import PlayContext, Seen, finish
from pilotbench.benchmark.players.scripted import scripted
from pilotbench.benchmark.scenarios.instance import ScenarioInstance
from pilotbench.benchmark.scorers.calls import example
from pilotbench.benchmark.scorers.extraction import text_of
from pilotbench.benchmark.tasks.conversation import Calling
from pilotbench.ground.errors import Rejected
from pilotbench.providers.answer import Completion
from pilotbench.providers.messages import compact
from pilotbench.providers.messages import text_of as content_of
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.protocol import (
    NO_CALL,
    NOT_EXECUTED,
    CallProtocol,
    stated_turns,
)
from pilotbench.providers.protocols.text import OPENING
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model, ProviderSettings
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
SEVERAL = Calling(several=True)
"""Messages of players have one call each, which is read in the form of one or of several."""
DO_NOT_KNOW = "I do not know."
NO_TOOL = "None of the tools fits."


class PlayerProvider:
    """A provider whose models are the reference players."""

    def complete(self, request: Request, key: str, deadline_s: float) -> Completion:
        """Return the player's message. Raises Rejected for an unknown player."""
        return answer(request)


def connect(
    provider: ProviderSettings, model: Model, access: Mapping[str, Any] | None = None
) -> PlayerProvider:
    """Return the client; there is nothing to connect to."""
    return PlayerProvider()


def answer(request: Request) -> Completion:
    """Return the answer of the player that `body["model"]` names."""
    name = request.body["model"]
    if name not in PLAYERS:
        raise Rejected(f"no reference player {name!r}; there are: {', '.join(PLAYERS)}")
    protocol = protocol_of(request.body)
    if isinstance(request.instance, ScriptedInstance):
        said = scripted(name, request.instance, request.turn, request.repeat)
        made = said if isinstance(said, list) else []
        message = message_of(protocol, made, "" if made else str(said), request.turn)
        return Completion(message, "tool_calls" if "tool_calls" in message else "stop", name)
    move = _move(name, protocol, request)
    if isinstance(move, list):
        made = [{"tool": one["name"], "arguments": one["arguments"]} for one in move]
        message = message_of(protocol, made, "" if made else NO_TOOL, request.turn)
        return Completion(message, "tool_calls" if "tool_calls" in message else "stop", name)
    if isinstance(move, str):
        return Completion({"role": "assistant", "content": move}, "stop", name)
    reason = "tool_calls" if protocol == "native" else "stop"
    if isinstance(request.instance, ScenarioInstance):
        return Completion(message_of(protocol, [move], "", request.turn), reason, name)
    return Completion(call_message(protocol, move, request.turn), reason, name)


def protocol_of(body: Json) -> str:
    """Return the protocol that a request body is written in; `none` is a plain question."""
    if "tools" in body:
        return "native"
    if "response_format" in body:
        return "json"
    return "text" if OPENING in body["messages"][0]["content"] else "none"


def call_message(protocol: str, call: Json, turn: int) -> Json:
    """Return the assistant's message that makes `call` in a protocol."""
    if protocol == "native":
        function = {"name": call["tool"], "arguments": compact(call["arguments"])}
        tool_call = {"id": f"call_{turn}", "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [tool_call]}
    if protocol == "json":
        return {"role": "assistant", "content": compact({"thought": None, **call})}
    return {"role": "assistant", "content": f"{OPENING}\n{compact(call)}\n```"}


def message_of(protocol: str, calls: Sequence[Json], text: str, turn: int) -> Json:
    """Return the assistant's message where it may have several calls, or none and a text."""
    if protocol == "json":
        whole = {"thought": None, "tool_calls": list(calls), "text": text or None}
        return {"role": "assistant", "content": compact(whole)}
    if not calls:
        return {"role": "assistant", "content": text}
    messages = [call_message(protocol, call, turn) for call in calls]
    if protocol != "native":
        content = "\n".join(message["content"] for message in messages)
        return {"role": "assistant", "content": content}
    made = [call for message in messages for call in message["tool_calls"]]
    made = [{**call, "id": f"{call['id']}_{place}"} for place, call in enumerate(made)]
    return {"role": "assistant", "content": None, "tool_calls": made}


@dataclass(frozen=True)
class Exchange:
    """A message of the assistant, the replies to its first calls, and what the user then said."""

    calls: tuple[Json, ...]
    replies: tuple[Json, ...]
    text: str
    said: str


def exchanges(protocol: CallProtocol, messages: Sequence[Json]) -> list[Exchange]:
    """Return the messages of the assistant, each with what follows it.

    Replies are one line each, those of text first and then what the user says.
    """
    found: list[Exchange] = []
    for place, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        parsed = protocol.parse(WIRE_FORMATS["chat"].read(message), calling=SEVERAL)
        after = takewhile(lambda one: one["role"] != "assistant", messages[place + 1 :])
        lines = "\n".join(content_of(one["content"]) for one in after).split("\n")
        calls = len(parsed.calls)
        replies = tuple(map(_reply, lines[:calls]))
        found.append(Exchange(parsed.calls, replies, parsed.text, "\n".join(lines[calls:])))
    return found


def seen(protocol: CallProtocol, messages: Sequence[Json]) -> list[Seen]:
    """Return the calls so far that were executed, and the messages without one."""
    turns: list[Seen] = []
    for exchange in exchanges(protocol, messages):
        if not exchange.calls:
            turns.append(Seen(None, _reply(exchange.said)))
        pairs = zip(exchange.calls, exchange.replies, strict=False)
        turns += [Seen(call, reply) for call, reply in pairs if reply != NOT_EXECUTED]
    return turns


def _reply(line: str) -> Json:
    """Return the reply in the message after a call, which is its first line."""
    try:
        reply = json.loads(line.split("\n", 1)[0])
    except ValueError:
        return NO_CALL
    return reply if isinstance(reply, dict) else NO_CALL


def _move(name: str, protocol: str, request: Request) -> Json | list[Json] | str:
    if "tools" in request.instance.extra:
        return example(request.instance.extra["answer"]) if name == "oracle" else DO_NOT_KNOW
    if not request.instance.plan and not isinstance(request.instance, ScenarioInstance):
        return _answer_question(name, protocol, request.instance)
    system, user, *rest = request.body["messages"]
    context = PlayContext(
        prompt=user["content"],
        max_turns=stated_turns(system["content"]) or 1,
        repeat=request.repeat,
    )
    return PLAYERS[name](request.instance, context, seen(PROTOCOLS[protocol], rest))


def _answer_question(name: str, protocol: str, instance: Instance) -> Json | str:
    """Answer a question of a pack: the oracle with its solution or (first) answer, others not."""
    key = instance.extra.get("answer", "")
    first = key[0] if isinstance(key, list) and key else key
    given = instance.extra.get("solution", first) if name == "oracle" else DO_NOT_KNOW
    return text_of(given) if protocol == "none" else finish(given)

"""The wire format of OpenAI's chat completions.

A tool call keeps the id that it came with. An id that is missing, came before in the conversation
or is longer than services accept is replaced by nine letters and digits, which depend only on the
place of the call: a replay sends the same. The reasoning of a message with a call goes back to the
service that sent it, since some refuse a conversation without it.

Earlier releases repeated all ids, named a missing one `call_0`, and left reasoning out; the journal
is asked for their form too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pilotbench.ground.canonical_json import digest
from pilotbench.providers.messages import Message, Offer, ToolCall, compact, text_of

Json = dict[str, Any]
LONGEST_ID = 40
REASONING = "reasoning_content"
Named = Callable[[str, int, int], str]
"""From the id that a call came with, its message's number and its place in it to its id."""


def bodies(
    deployment: str, messages: Sequence[Message], offer: Offer, parameters: Mapping[str, Any]
) -> tuple[Json, Json | None]:
    """Return the body of a request, and that of an earlier release where it differs."""
    written = [one for message in messages for one in as_sent(message)]
    body = {
        "model": deployment,
        "messages": now(written),
        **offered(offer),
        **parameters,
    }
    former = {**body, "messages": before(written)}
    return body, None if former == body else former


def read(message: Json) -> Message:
    """Return an assistant's message. Never raises, whatever it contains."""
    return Message(
        "assistant",
        text=text_of(message.get("content")),
        thinking=text_of(message.get(REASONING)) or text_of(message.get("reasoning")),
        calls=tuple(map(_call, _dicts(message.get("tool_calls")))),
        refusal=text_of(message.get("refusal")),
        raw=message,
    )


def as_sent(message: Message) -> list[Json]:
    """Return a message as this format writes it: each result of a call is a separate message."""
    if message.role == "tool":
        return [
            {"role": "tool", "tool_call_id": result.id, "content": result.content}
            for result in message.results
        ]
    if not message.calls:
        return [{"role": message.role, "content": message.text}]
    reasoning = text_of((message.raw or {}).get(REASONING))
    return [
        {
            "role": message.role,
            "content": message.text or None,
            **({REASONING: reasoning} if reasoning else {}),
            "tool_calls": [_tool_call(call) for call in message.calls],
        }
    ]


def offered(offer: Offer) -> Json:
    """Return what offers tools, or asks for an answer by a schema."""
    body: Json = {}
    if offer.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                },
            }
            for tool in offer.tools
        ]
    if offer.schema is not None:
        schema = {"name": "call", "schema": offer.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def now(messages: Sequence[Json]) -> list[Json]:
    """Return the messages as they are sent."""
    seen: set[str] = set()
    return _with_ids(messages, lambda given, turn, place: _accepted(given, turn, place, seen))


def before(messages: Sequence[Json]) -> list[Json]:
    """Return the messages as earlier releases sent them."""
    plain = [{name: message[name] for name in message if name != REASONING} for message in messages]
    return _with_ids(plain, lambda given, _, place: given or f"call_{place}")


def _dicts(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _call(call: Json) -> ToolCall:
    given = call.get("function")
    function = given if isinstance(given, dict) else {}
    name, arguments = text_of(function.get("name")), function.get("arguments")
    return ToolCall(text_of(call.get("id")), name, arguments)


def _tool_call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": compact(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _accepted(given: str, turn: int, place: int, seen: set[str]) -> str:
    name, salt = given, 0
    while not name or name in seen or len(name) > LONGEST_ID:
        name, salt = digest(["call", turn, place, salt])[:9], salt + 1
    seen.add(name)
    return name


def _with_ids(messages: Sequence[Json], named: Named) -> list[Json]:
    """Return the messages with the ids of calls, and of the results after them, from `named`."""
    found: list[Json] = []
    ids: list[str] = []
    for turn, message in enumerate(messages):
        if message.get("tool_calls"):
            calls = message["tool_calls"]
            ids = [named(call["id"], turn, place) for place, call in enumerate(calls)]
            pairs = zip(calls, ids, strict=True)
            message = {**message, "tool_calls": [{**call, "id": name} for call, name in pairs]}
        elif message["role"] == "tool":
            message = {**message, "tool_call_id": ids.pop(0)}
        found.append(message)
    return found

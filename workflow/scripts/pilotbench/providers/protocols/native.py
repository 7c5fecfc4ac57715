"""Native: the provider's own tool calls.

The first tool call of a message is the call. Where its arguments are no JSON object there is no
call: the message is repeated without its tool calls (their text in its place), since servers
refuse a history with broken arguments, and the neutral reply comes as a user message. Otherwise
every tool call is answered, as the interface demands; history.py says which ids they have.

A message without tool calls whose text holds a call in a tag (`<tool_call>`) is read as if the
server had read the tag: it is repeated with a tool call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.task import Task, ToolSpec
from pilotbench.providers.protocols.history import REASONING
from pilotbench.providers.protocols.protocol import (
    NOT_EXECUTED,
    Messages,
    Parsed,
    compact,
    rules,
    spoken_message,
)
from pilotbench.providers.protocols.reading import (
    NotACallError,
    arguments_for,
    plain,
    said,
    text_of,
)
from pilotbench.providers.protocols.written import Found, before_tags, tagged_calls

Json = dict[str, Any]


class Native:
    """Calls in `tool_calls`; results in messages of role `tool`."""

    name = "native"

    def system(self, task: Task, instance: Instance, max_turns: int) -> str:
        """Return the rules; the tools themselves are in the request."""
        return rules(max_turns)

    def body_extra(self, tools: Sequence[ToolSpec]) -> Json:
        """Return the tools. Nothing else: not every service knows `parallel_tool_calls`."""
        return {
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters,
                    },
                }
                for tool in tools
            ]
        }

    def parse(self, message: Json) -> Parsed:
        """Read the first of `tool_calls`."""
        spoken = said(message)
        calls = _calls(message)
        if not calls:
            found = tagged_calls(spoken.text) or Found(None, "no tool call")
            return Parsed(found.call, found.error, found.surplus, spoken.thought, spoken.text)
        surplus = len(calls) - 1
        try:
            call = _call(calls[0])
        except NotACallError as error:
            text = spoken.text or _as_text(calls)
            return Parsed(None, str(error), surplus, spoken.thought, text)
        return Parsed(call, None, surplus, spoken.thought, spoken.text)

    def assistant_message(self, message: Json, parsed: Parsed) -> Json:
        """Return the message with its tool calls, or as text where they could not be read."""
        if parsed.call is None:
            calls = _calls(message)
            text = "\n".join(part for part in (said(message).text, _as_text(calls)) if part)
            return spoken_message(text)
        calls = [_repeated(call) for call in _calls(message)]
        text = parsed.text if calls else before_tags(parsed.text)
        reasoning = text_of(message.get(REASONING))
        return {
            "role": "assistant",
            "content": text or None,
            **({REASONING: reasoning} if reasoning else {}),
            "tool_calls": calls or [_as_call(parsed.call)],
        }

    def result_messages(self, message: Json, parsed: Parsed, reply: Json) -> Messages:
        """Return one message for each tool call: the reply for the first."""
        if parsed.call is None:
            return [{"role": "user", "content": compact(reply)}]
        return [
            {
                "role": "tool",
                "tool_call_id": _identity(call),
                "content": compact(NOT_EXECUTED if place else reply),
            }
            for place, call in enumerate(_calls(message) or [{}])
        ]


def _calls(message: Json) -> list[Json]:
    calls = message.get("tool_calls")
    return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _function(call: Json) -> Json:
    function = call.get("function")
    return function if isinstance(function, dict) else {}


def _call(call: Json) -> Json:
    function = _function(call)
    name = text_of(function.get("name")).strip()
    if not name:
        raise NotACallError("the call names no tool")
    return {"tool": name, "arguments": arguments_for(name, plain(function.get("arguments")))}


def _identity(call: Json) -> str:
    """Return the call's id as it came; history.py gives one to a call without."""
    return text_of(call.get("id"))


def _as_call(call: Json) -> Json:
    """Return a call that stood in a tag as the tool call that it should have been."""
    function = {"name": call["tool"], "arguments": compact(call["arguments"])}
    return {"id": "", "type": "function", "function": function}


def _repeated(call: Json) -> Json:
    """Return a tool call for the history; arguments that are no JSON object become empty."""
    function = _function(call)
    name = text_of(function.get("name")).strip() or "unknown"
    try:
        arguments = compact(arguments_for(name, plain(function.get("arguments"))))
    except NotACallError:
        arguments = "{}"
    return {
        "id": _identity(call),
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _as_text(calls: Sequence[Json]) -> str:
    return "\n".join(
        f"{text_of(_function(call).get('name'))} {text_of(_function(call).get('arguments'))}"
        for call in calls
    ).strip()

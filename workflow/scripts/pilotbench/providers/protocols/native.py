"""Native: the provider's own tool calls.

The first tool call of a message is the call. Where its arguments are not a JSON object there is no
call: the message is repeated without its tool calls (with their text instead), since servers reject
a history with malformed arguments, and the neutral reply follows as a user message. Otherwise every
tool call is answered, as the interface requires; the wire format decides their ids.

A message without tool calls whose text contains a call in a tag (`<tool_call>`) is read as if the
server had read the tag: it is repeated with a tool call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.task import Task, ToolSpec
from pilotbench.providers.messages import Message, Offer, ToolCall, ToolResult, compact, text_of
from pilotbench.providers.protocols.protocol import (
    NOT_EXECUTED,
    Parsed,
    rules,
    spoken_message,
)
from pilotbench.providers.protocols.reading import (
    NotACallError,
    arguments_for,
    plain,
    said,
)
from pilotbench.providers.protocols.written import Found, before_tags, tagged_calls

Json = dict[str, Any]


class Native:
    """Calls in `tool_calls`; results in messages of role `tool`."""

    name = "native"

    def system(self, task: Task, instance: Instance, max_turns: int) -> str:
        """Return the rules; the tools themselves are in the request."""
        return rules(max_turns)

    def offer(self, tools: Sequence[ToolSpec]) -> Offer:
        """Return the tools. Nothing else: not every service accepts `parallel_tool_calls`."""
        return Offer(tools=tools)

    def parse(self, message: Message) -> Parsed:
        """Read the first tool call."""
        spoken = said(message)
        calls = message.calls
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

    def assistant_message(self, message: Message, parsed: Parsed) -> Message:
        """Return the message with its tool calls, or as text where they could not be read."""
        if parsed.call is None:
            parts = (said(message).text, _as_text(message.calls))
            return spoken_message("\n".join(part for part in parts if part))
        calls = tuple(_repeated(call) for call in message.calls)
        text = parsed.text if calls else before_tags(parsed.text)
        # A call in a tag becomes the tool call that it should have been.
        tagged = ToolCall("", parsed.call["tool"], parsed.call["arguments"])
        return Message("assistant", text, calls=calls or (tagged,), raw=message.raw)

    def result_messages(self, message: Message, parsed: Parsed, reply: Json) -> list[Message]:
        """Return the result of each tool call: the reply for the first."""
        if parsed.call is None:
            return [Message("user", compact(reply))]
        ids = [call.id for call in message.calls] or [""]
        results = (
            ToolResult(name, compact(NOT_EXECUTED if place else reply))
            for place, name in enumerate(ids)
        )
        return [Message("tool", results=tuple(results))]


def _call(call: ToolCall) -> Json:
    name = call.name.strip()
    if not name:
        raise NotACallError("the call names no tool")
    return {"tool": name, "arguments": arguments_for(name, plain(call.arguments))}


def _repeated(call: ToolCall) -> ToolCall:
    """Return a tool call for the history; arguments that are not a JSON object become empty."""
    name = call.name.strip() or "unknown"
    try:
        return ToolCall(call.id, name, arguments_for(name, plain(call.arguments)))
    except NotACallError:
        return ToolCall(call.id, name, {})


def _as_text(calls: Sequence[ToolCall]) -> str:
    return "\n".join(f"{call.name} {text_of(call.arguments)}" for call in calls).strip()

"""Native: the provider's own tool calls.

The first tool call of a message is the call, or all of them are. Where the arguments of one are not
a JSON object there is no call: the message is repeated without its tool calls (with their text
instead), since servers reject a history with malformed arguments, and a user message follows.
Otherwise every tool call is answered, as the interface requires; the wire format decides their ids.

A message without tool calls whose text contains a call (`protocols.written`) is read as if the
server had read it: it is repeated with a tool call.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.conversation import ONE_CALL, Calling, Reply
from pilotbench.benchmark.tasks.task import Task, ToolSpec
from pilotbench.providers.messages import Message, Offer, ToolCall, ToolResult, text_of
from pilotbench.providers.protocols.protocol import (
    Parsed,
    content_of,
    contents_of,
    rules,
    spoken_message,
)
from pilotbench.providers.protocols.reading import NotACallError, arguments_for, plain, tool_name
from pilotbench.providers.protocols.reasoning import said
from pilotbench.providers.protocols.written import parsed as read_text

Json = dict[str, Any]


class Native:
    """Calls in `tool_calls`; results in messages of role `tool`."""

    name = "native"

    def system(self, task: Task, instance: Instance, max_turns: int) -> str:
        """Return the rules; the tools themselves are in the request."""
        return rules(max_turns, task.calling)

    def offer(self, tools: Sequence[ToolSpec], calling: Calling = ONE_CALL) -> Offer:
        """Return the tools. Nothing else: not every service accepts `parallel_tool_calls`."""
        return Offer(tools=tools)

    def announced(self, tools: Sequence[ToolSpec], text: str) -> str:
        """Return the text: the tools are in the request."""
        return text

    def parse(
        self, message: Message, tools: Sequence[ToolSpec] = (), calling: Calling = ONE_CALL
    ) -> Parsed:
        """Read the tool calls that count, or the text of a message without one."""
        made = message.calls
        if not made:
            found = read_text(message, tools, calling)
            return replace(found, exact=found.call is None)
        spoken = said(message)
        counted = made if calling.several else made[:1]
        surplus = len(made) - len(counted)
        try:
            read = [_call(call, calling.exact) for call in counted]
        except NotACallError as error:
            text = spoken.text or _as_text(made)
            return Parsed(None, str(error), surplus, spoken.thought, text)
        (call, *further), repaired = [one for one, _ in read], any(mended for _, mended in read)
        exact = not calling.exact or all(map(_is_exact, counted, (call, *further)))
        return Parsed(
            call, None, surplus, spoken.thought, spoken.text, repaired,
            further=tuple(further), exact=exact,
        )  # fmt: skip

    def assistant_message(self, message: Message, parsed: Parsed) -> Message:
        """Return the message with its tool calls, or as text where they could not be read."""
        if parsed.call is None:
            parts = (said(message).text, _as_text(message.calls))
            return spoken_message("\n".join(part for part in parts if part))
        calls = tuple(_repeated(call) for call in message.calls)
        text = parsed.text if calls else parsed.before
        # A call in the text becomes the tool call that it should have been.
        written = (ToolCall("", one["tool"], one["arguments"]) for one in parsed.calls)
        return Message("assistant", text, calls=calls or tuple(written), raw=message.raw)

    def result_messages(
        self, message: Message, parsed: Parsed, reply: Reply, *further: Reply
    ) -> list[Message]:
        """Return the result of each tool call."""
        if parsed.call is None:
            return [Message("user", content_of(reply))]
        ids = [call.id for call in message.calls] or [""] * len(parsed.calls)
        contents = contents_of(len(ids), (reply, *further))
        return [Message("tool", results=tuple(map(ToolResult, ids, contents)))]


def _call(call: ToolCall, exact: bool) -> tuple[Json, bool]:
    """Return a tool call, with `exact` under the very name that came, and whether it was repaired.

    Raises NotACallError.
    """
    name = call.name if exact else tool_name(call.name)
    if not name:
        raise NotACallError("the call names no tool")
    arguments, repaired = arguments_for(name, plain(call.arguments))
    return {"tool": name, "arguments": arguments}, repaired


def _is_exact(given: ToolCall, read: Json) -> bool:
    """Return whether a tool call says what was read, without any repair."""
    arguments = given.arguments
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return False
    return bool(given.name == read["tool"] and arguments == read["arguments"])


def _repeated(call: ToolCall) -> ToolCall:
    """Return a tool call for the history; arguments that are not a JSON object become empty."""
    name = call.name.strip() or "unknown"
    try:
        arguments, _ = arguments_for(tool_name(name), plain(call.arguments))
    except NotACallError:
        arguments = {}
    return ToolCall(call.id, name, arguments)


def _as_text(calls: Sequence[ToolCall]) -> str:
    return "\n".join(f"{call.name} {text_of(call.arguments)}" for call in calls).strip()

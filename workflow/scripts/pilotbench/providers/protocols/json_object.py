"""JSON: structured output, one object per message with `thought`, `tool` and `arguments`.

The schema has one alternative per tool, its name with its parameters, as `native` sends them: when
any object was allowed as arguments, a 135M model nested braces until its tokens ran out. `thought`
comes first, so that a model can reason before it calls. It may be null but is required: some
grammars put optional properties last, where reasoning would come too late. Services ignore the
schema, and models write other forms: what is read is the same under every protocol
(`protocols.written`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.conversation import ONE_CALL, Calling, Reply
from pilotbench.benchmark.tasks.task import Task, ToolSpec
from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.protocols.protocol import (
    Parsed,
    announced,
    contents_of,
    rules,
    spoken_message,
    tool_list,
)
from pilotbench.providers.protocols.written import parsed as read_text

Json = dict[str, Any]
LONGEST_THOUGHT = 1000
FORM = """\
Each of your messages is one JSON object and nothing else:
{"thought": null, "tool": "name", "arguments": {…}}
Before the call, "thought" may hold your reasoning as text."""
FORM_OF_SEVERAL = """\
Each of your messages is one JSON object and nothing else:
{"thought": null, "tool_calls": [{"tool": "name", "arguments": {…}}, …], "text": null}
"tool_calls" may be empty. "thought" may hold your reasoning, "text" what you say to the user."""


class JsonObject:
    """Calls as JSON objects; results in messages of role `user`."""

    name = "json"

    def system(self, task: Task, instance: Instance, max_turns: int) -> str:
        """Return the tools, the form and the rules."""
        form = FORM_OF_SEVERAL if task.calling.several else FORM
        parts = (tool_list(task.tools(instance)), form, rules(max_turns, task.calling))
        return "\n\n".join(part for part in parts if part)

    def offer(self, tools: Sequence[ToolSpec], calling: Calling = ONE_CALL) -> Offer:
        """Return the schema of a message: for each tool its name with its parameters."""
        if calling.several:
            return Offer(schema=_message_schema(tools))
        return Offer(schema={"anyOf": [_call_schema(tool) for tool in tools]})

    def announced(self, tools: Sequence[ToolSpec], text: str) -> str:
        """Return the text with the tools before it."""
        return announced(tools, text)

    def parse(
        self, message: Message, tools: Sequence[ToolSpec] = (), calling: Calling = ONE_CALL
    ) -> Parsed:
        """Read the text."""
        return read_text(message, tools, calling)

    def assistant_message(self, message: Message, parsed: Parsed) -> Message:
        """Return the text without the reasoning before it."""
        return spoken_message(parsed.text)

    def result_messages(
        self, message: Message, parsed: Parsed, reply: Reply, *further: Reply
    ) -> list[Message]:
        """Return one user message: the reply to each call, one per line."""
        return [Message("user", lines_of(parsed, reply, *further))]


def _call_schema(tool: ToolSpec) -> Json:
    properties: Json = {
        "thought": {"type": ["string", "null"], "maxLength": LONGEST_THOUGHT},
        "tool": {"const": tool.name},
        "arguments": tool.parameters,
    }
    return {
        "type": "object",
        "properties": properties,
        "required": ["thought", "tool", "arguments"],
        "additionalProperties": False,
    }


def _message_schema(tools: Sequence[ToolSpec]) -> Json:
    """Return the schema of a message with any number of calls."""
    calls = [
        {
            "type": "object",
            "properties": {"tool": {"const": tool.name}, "arguments": tool.parameters},
            "required": ["tool", "arguments"],
            "additionalProperties": False,
        }
        for tool in tools
    ]
    properties: Json = {
        "thought": {"type": ["string", "null"], "maxLength": LONGEST_THOUGHT},
        "tool_calls": {"type": "array", "items": {"anyOf": calls}},
        "text": {"type": ["string", "null"]},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def lines_of(parsed: Parsed, *replies: Reply) -> str:
    """Return the reply to each call, one per line; without a call, the only reply."""
    calls = len(parsed.calls) + parsed.surplus if parsed.call is not None else 1
    return "\n".join(contents_of(calls, replies))

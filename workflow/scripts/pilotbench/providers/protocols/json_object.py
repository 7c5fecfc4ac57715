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
from pilotbench.benchmark.tasks.task import Task, ToolSpec
from pilotbench.providers.messages import Message, Offer, compact
from pilotbench.providers.protocols.protocol import (
    NOT_EXECUTED,
    Parsed,
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


class JsonObject:
    """Calls as JSON objects; results in messages of role `user`."""

    name = "json"

    def system(self, task: Task, instance: Instance, max_turns: int) -> str:
        """Return the tools, the form and the rules."""
        return f"{tool_list(task.tools(instance))}\n\n{FORM}\n\n{rules(max_turns)}"

    def offer(self, tools: Sequence[ToolSpec]) -> Offer:
        """Return the schema of a message: for each tool its name with its parameters."""
        return Offer(schema={"anyOf": [_call_schema(tool) for tool in tools]})

    def parse(self, message: Message, tools: Sequence[ToolSpec] = ()) -> Parsed:
        """Read the text."""
        return read_text(message, tools)

    def assistant_message(self, message: Message, parsed: Parsed) -> Message:
        """Return the text without the reasoning before it."""
        return spoken_message(parsed.text)

    def result_messages(self, message: Message, parsed: Parsed, reply: Json) -> list[Message]:
        """Return one user message: the reply, then one line for each surplus call."""
        return [Message("user", lines_of(parsed, reply))]


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


def lines_of(parsed: Parsed, reply: Json) -> str:
    """Return the reply and the fixed reply of each surplus call, one per line."""
    surplus = parsed.surplus if parsed.call is not None else 0
    return "\n".join([compact(reply), *[compact(NOT_EXECUTED)] * surplus])

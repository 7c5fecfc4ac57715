"""Text: a call is a fenced block in the message's text.

    ```call
    {"tool": "name", "arguments": {…}}
    ```

The fence is Markdown rather than a control token of some model, so that no server strips it. What
closes the block does not matter, so an unclosed last block counts. Models write other forms: what
is read is the same under every protocol (`protocols.written`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.task import Task, ToolSpec
from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.protocols.json_object import lines_of
from pilotbench.providers.protocols.protocol import (
    Parsed,
    rules,
    spoken_message,
    tool_list,
)
from pilotbench.providers.protocols.written import parsed as read_text

Json = dict[str, Any]
OPENING = "```call"
FORM = f"""\
A call is a fenced block, after any reasoning you want to write:
{OPENING}
{{"tool": "name", "arguments": {{…}}}}
```"""


class Text:
    """Calls in fenced blocks; results in messages of role `user`."""

    name = "text"

    def system(self, task: Task, instance: Instance, max_turns: int) -> str:
        """Return the tools, the form and the rules."""
        return f"{tool_list(task.tools(instance))}\n\n{FORM}\n\n{rules(max_turns)}"

    def offer(self, tools: Sequence[ToolSpec]) -> Offer:
        """Return nothing: the request is plain text."""
        return Offer()

    def parse(self, message: Message, tools: Sequence[ToolSpec] = ()) -> Parsed:
        """Read the text."""
        return read_text(message, tools)

    def assistant_message(self, message: Message, parsed: Parsed) -> Message:
        """Return the text without the reasoning."""
        return spoken_message(parsed.text)

    def result_messages(self, message: Message, parsed: Parsed, reply: Json) -> list[Message]:
        """Return one user message: the reply, then one line for each surplus call."""
        return [Message("user", lines_of(parsed, reply))]

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
from pilotbench.benchmark.tasks.conversation import ONE_CALL, Calling, Reply
from pilotbench.benchmark.tasks.task import Task, ToolSpec
from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.protocols.json_object import lines_of
from pilotbench.providers.protocols.protocol import (
    Parsed,
    announced,
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
FORM_OF_SEVERAL = f"""\
A call is a fenced block; a message may have several, one after another, or none:
{OPENING}
{{"tool": "name", "arguments": {{…}}}}
```"""


class Text:
    """Calls in fenced blocks; results in messages of role `user`."""

    name = "text"

    def system(self, task: Task, instance: Instance, max_turns: int) -> str:
        """Return the tools, the form and the rules."""
        form = FORM_OF_SEVERAL if task.calling.several else FORM
        parts = (tool_list(task.tools(instance)), form, rules(max_turns, task.calling))
        return "\n\n".join(part for part in parts if part)

    def offer(self, tools: Sequence[ToolSpec], calling: Calling = ONE_CALL) -> Offer:
        """Return nothing: the request is plain text."""
        return Offer()

    def announced(self, tools: Sequence[ToolSpec], text: str) -> str:
        """Return the text with the tools before it."""
        return announced(tools, text)

    def parse(
        self, message: Message, tools: Sequence[ToolSpec] = (), calling: Calling = ONE_CALL
    ) -> Parsed:
        """Read the text."""
        return read_text(message, tools, calling)

    def assistant_message(self, message: Message, parsed: Parsed) -> Message:
        """Return the text without the reasoning."""
        return spoken_message(parsed.text)

    def result_messages(
        self, message: Message, parsed: Parsed, reply: Reply, *further: Reply
    ) -> list[Message]:
        """Return one user message: the reply to each call, one per line."""
        return [Message("user", lines_of(parsed, reply, *further))]

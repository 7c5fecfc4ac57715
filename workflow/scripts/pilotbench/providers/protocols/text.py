"""Text: a call is a fenced block in the message's text.

    ```call
    {"tool": "name", "arguments": {…}}
    ```

The fence is Markdown rather than a control token of some model, so that no server strips it. The
JSON object after each opening fence with the word `call` is read; what closes the block does not
matter, so an unclosed last block counts. The first block is the call, further ones are surplus. In
a message without such a block, the first call at its beginning or after any fence or tag is read
(`protocols.written`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.task import Task, ToolSpec
from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.protocols.json_object import lines_of, parsed_of
from pilotbench.providers.protocols.protocol import (
    Parsed,
    rules,
    spoken_message,
    tool_list,
)
from pilotbench.providers.protocols.reading import NotACallError, decoded_at, said
from pilotbench.providers.protocols.written import MOST_CALLS, Found, calls_of, marked

Json = dict[str, Any]
OPENING = "```call"
FORM = f"""\
A call is a fenced block, after any reasoning you want to write:
{OPENING}
{{"tool": "name", "arguments": {{…}}}}
```"""

_FENCE = re.compile(r"^[ \t>]*`{3,}[ \t]*call\b[ \t]*\r?\n?", re.IGNORECASE | re.MULTILINE)
_BLANK = re.compile(r"\s*")


class Text:
    """Calls in fenced blocks; results in messages of role `user`."""

    name = "text"

    def system(self, task: Task, instance: Instance, max_turns: int) -> str:
        """Return the tools, the form and the rules."""
        return f"{tool_list(task.tools(instance))}\n\n{FORM}\n\n{rules(max_turns)}"

    def offer(self, tools: Sequence[ToolSpec]) -> Offer:
        """Return nothing: the request is plain text."""
        return Offer()

    def parse(self, message: Message) -> Parsed:
        """Read the first block of calls."""
        spoken = said(message)
        openings = [match.end() for match in _FENCE.finditer(spoken.text)]
        found = _block(spoken.text, openings) if openings else marked(spoken.text)
        return parsed_of(spoken, found)

    def assistant_message(self, message: Message, parsed: Parsed) -> Message:
        """Return the text without the reasoning."""
        return spoken_message(said(message).text)

    def result_messages(self, message: Message, parsed: Parsed, reply: Json) -> list[Message]:
        """Return one user message: the reply, then one line for each surplus call."""
        return [Message("user", lines_of(parsed, reply))]


def _block(text: str, openings: Sequence[int]) -> Found:
    """Read the first block of a call; further blocks are surplus, whatever they contain."""
    first, *others = openings
    blank = _BLANK.match(text, first)
    try:
        value, end = decoded_at(text, blank.end() if blank else first)
    except NotACallError as error:
        return Found(None, str(error))
    found = calls_of(value)
    if found.call is None:
        return found
    further = sum(opening > end for opening in others)
    return replace(found, surplus=min(MOST_CALLS, found.surplus + further))

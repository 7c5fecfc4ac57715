"""Text: a call is a fenced block in the message's text.

    ```call
    {"tool": "name", "arguments": {…}}
    ```

The fence is Markdown and no model's control token, so that no server strips it. Read is: the JSON
object after each opening fence with the word `call`; what closes the block does not matter, so an
unclosed last block counts. The first block is the call, further ones are surplus. A message
without such a block is read by the rules of the JSON protocol if its first fenced block or the
whole of it is an object with a tool: it says the same in a plainer form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pilotbench.instances import Instance
from pilotbench.protocols.json_object import MOST_CALLS, lines_of, parse_objects
from pilotbench.protocols.protocol import Messages, Parsed, rules, spoken_message, tool_list
from pilotbench.protocols.reading import NotACallError, Said, call_of, decoded_at, said
from pilotbench.tasks.task import Task, ToolSpec

Json = dict[str, Any]
OPENING = "```call"
FORM = f"""\
A call is a fenced block, after any reasoning you want to write:
{OPENING}
{{"tool": "name", "arguments": {{…}}}}
```"""

_FENCE = re.compile(r"^[ \t>]*`{3,}[ \t]*call\b[ \t]*\r?\n?", re.IGNORECASE | re.MULTILINE)
_ANY_FENCE = re.compile(r"^[ \t>]*`{3,}[ \t]*\w*[ \t]*\r?\n?", re.MULTILINE)
_BLANK = re.compile(r"\s*")


class Text:
    """Calls in fenced blocks; results in messages of role `user`."""

    name = "text"

    def system(self, task: Task, instance: Instance, max_turns: int) -> str:
        """Return the tools, the form and the rules."""
        return f"{tool_list(task.tools(instance))}\n\n{FORM}\n\n{rules(max_turns)}"

    def body_extra(self, tools: Sequence[ToolSpec]) -> Json:
        """Return nothing: the request is plain text."""
        return {}

    def parse(self, message: Json) -> Parsed:
        """Read the first block of calls."""
        spoken = said(message)
        openings = list(_FENCE.finditer(spoken.text))
        if not openings:
            return _parse_plain(spoken)
        first, *others = openings
        try:
            call, end = _call_at(spoken.text, first.end())
        except NotACallError as error:
            return Parsed(None, str(error), thought=spoken.thought, text=spoken.text)
        surplus = min(MOST_CALLS, sum(match.start() >= end for match in others))
        return Parsed(call, None, surplus, spoken.thought, spoken.text)

    def assistant_message(self, message: Json, parsed: Parsed) -> Json:
        """Return the text without reasoning that came apart from it."""
        return spoken_message(said(message).text)

    def result_messages(self, message: Json, parsed: Parsed, reply: Json) -> Messages:
        """Return one user message: the reply, then a line for each surplus call."""
        return [{"role": "user", "content": lines_of(parsed, reply)}]


def _call_at(text: str, start: int) -> tuple[Json, int]:
    blank = _BLANK.match(text, start)
    value, end = decoded_at(text, blank.end() if blank else start)
    return call_of(value), end


def _parse_plain(spoken: Said) -> Parsed:
    """Read a message without a `call` block."""
    opening = _ANY_FENCE.search(spoken.text)
    inner = spoken.text[opening.end() :] if opening else spoken.text
    if not inner.lstrip().startswith("{"):
        return Parsed(None, "no block of a call", thought=spoken.thought, text=spoken.text)
    parsed = parse_objects(Said(inner, spoken.thought))
    return Parsed(parsed.call, parsed.error, parsed.surplus, parsed.thought, spoken.text)

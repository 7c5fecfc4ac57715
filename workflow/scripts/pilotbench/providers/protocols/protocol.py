"""The protocol interface: how tools are offered, how a call is read, how a result is returned.

All protocols offer the same tools in the same words and state the same rules; they differ only in
form. The system message is the same for all prompts of a (task, difficulty), with the tools first
and what varies last, so that providers and local models can cache it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.conversation import ONE_CALL, Calling, Reply
from pilotbench.benchmark.tasks.task import Task, ToolSpec
from pilotbench.providers.messages import EMPTY, Message, Offer, compact

Json = dict[str, Any]


def _error(code: str, message: str) -> Json:
    return {"ok": False, "error": {"code": code, "message": message, "transient": False}}


NO_CALL: Json = _error("no_call", "No call was understood. Make exactly one call in each message.")
"""The fixed reply to a message without a call; it names no tool."""

NOT_EXECUTED: Json = _error(
    "not_executed", "Only the first call of a message is executed; this one was not."
)
"""The fixed reply to each further call of a message."""

RULES = """\
You carry out a task in a small world of files, data and services by calling tools.
- One call in each message. You then get its result as JSON. Further calls are not executed.
- Results are short previews; pass the data itself on by its handle.
- An error marked "transient": true may be retried: make the same call again.
- Change nothing that the task does not ask for.
- When the task is done, call finish with the answer it asks for, else with "done". This ends it."""


_STATED = re.compile(r"You have (\d+) messages in all\.\Z")


@dataclass(frozen=True)
class Parsed:
    """What was understood of one message.

    `call` is `{"tool", "arguments"}`, or None, in which case `error` says why. `surplus` counts
    further calls, which are not executed. `thought` is the reasoning, `text` the text without it:
    it is the answer when the episode ends without a call. `repaired` says that the call was broken
    JSON, `before` is the text before a call that was written as text. `further` are the other calls
    where a message may have several. `exact` says that the calls are in the form that the protocol
    asks for.
    """

    call: Json | None
    error: str | None = None
    surplus: int = 0
    thought: str | None = None
    text: str = ""
    repaired: bool = False
    before: str = ""
    further: tuple[Json, ...] = ()
    exact: bool = True

    @property
    def calls(self) -> tuple[Json, ...]:
        """All calls that count, in their order."""
        return () if self.call is None else (self.call, *self.further)


class CallProtocol(Protocol):
    """One way to make calls."""

    name: str

    def system(self, task: Task, instance: Instance, max_turns: int) -> str:
        """Return the system message."""
        ...

    def offer(self, tools: Sequence[ToolSpec], calling: Calling = ONE_CALL) -> Offer:
        """Return what a request offers besides its messages."""
        ...

    def announced(self, tools: Sequence[ToolSpec], text: str) -> str:
        """Return a user message from which on further tools are offered."""
        ...

    def parse(
        self, message: Message, tools: Sequence[ToolSpec] = (), calling: Calling = ONE_CALL
    ) -> Parsed:
        """Read the assistant's message. Never raises, whatever it contains.

        `tools` are those that were offered: forms without quotes need the types of the parameters.
        Where a message may have several calls, they all count, or none if one cannot be read.
        """
        ...

    def assistant_message(self, message: Message, parsed: Parsed) -> Message:
        """Return the message as the next request repeats it."""
        ...

    def result_messages(
        self, message: Message, parsed: Parsed, reply: Reply, *further: Reply
    ) -> list[Message]:
        """Return the messages that contain the reply to each call, in their order.

        Calls without a reply get NOT_EXECUTED.
        """
        ...


def rules(max_turns: int, calling: Calling = ONE_CALL) -> str:
    """Return the rules that all protocols share; the number of messages comes last.

    A task with rules of its own states those alone, without the number unless it is limited.
    """
    if calling.rules is not None and not calling.is_limited:
        return calling.rules
    return f"{calling.rules or RULES}\n- You have {max_turns} messages in all."


def announced(tools: Sequence[ToolSpec], text: str) -> str:
    """Return a user message with further tools before it, for protocols that offer them in text."""
    return f"{tool_list(tools)}\n\n{text}" if tools else text


def content_of(reply: Reply) -> str:
    """Return a reply as it is sent: text as it is, or JSON in one line."""
    return reply if isinstance(reply, str) else compact(reply)


def contents_of(calls: int, replies: Sequence[Reply]) -> list[str]:
    """Return what is sent for each of a message's calls, of which the first have a reply."""
    return [content_of(one) for one in [*replies, *[NOT_EXECUTED] * (calls - len(replies))]]


def stated_turns(system: str) -> int | None:
    """Return the number of messages that a system message states, None where it states none."""
    found = _STATED.search(system)
    return int(found[1]) if found else None


def spoken_message(text: str) -> Message:
    """Return the assistant's text for the history; services reject a message without text."""
    return Message("assistant", text or EMPTY)


def tool_list(tools: Sequence[ToolSpec]) -> str:
    """Return the tools, one line of JSON each, with the words and schemas that `native` sends.

    The key of a schema differs from that of a call's arguments: small models copy what they see.
    """
    lines = (
        compact({"name": tool.name, "description": tool.description, "parameters": tool.parameters})
        for tool in tools
    )
    return "Tools, with the JSON Schema of their parameters:\n" + "\n".join(lines)

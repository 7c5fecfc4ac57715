"""Plain questions: one message without tools, whose text is the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.conversation import ONE_CALL, Calling, Reply
from pilotbench.benchmark.tasks.task import Task, ToolSpec
from pilotbench.providers.messages import Message, Offer
from pilotbench.providers.protocols.protocol import Parsed, spoken_message
from pilotbench.providers.protocols.reasoning import said

Json = dict[str, Any]


class Plain:
    """No calls; used for question packs without tools, whatever the protocol of the model."""

    name = "none"

    def system(self, task: Task, instance: Instance, max_turns: int) -> str:
        """Return the pack's system message."""
        return str(getattr(task, "system", ""))

    def offer(self, tools: Sequence[ToolSpec], calling: Calling = ONE_CALL) -> Offer:
        """Return nothing."""
        return Offer()

    def announced(self, tools: Sequence[ToolSpec], text: str) -> str:
        """Return the text."""
        return text

    def parse(
        self, message: Message, tools: Sequence[ToolSpec] = (), calling: Calling = ONE_CALL
    ) -> Parsed:
        """Return the text."""
        spoken = said(message)
        return Parsed(None, None, thought=spoken.thought, text=spoken.text)

    def assistant_message(self, message: Message, parsed: Parsed) -> Message:
        """Return the text."""
        return spoken_message(parsed.text)

    def result_messages(
        self, message: Message, parsed: Parsed, reply: Reply, *further: Reply
    ) -> list[Message]:
        """Return nothing: a question has one turn."""
        return []

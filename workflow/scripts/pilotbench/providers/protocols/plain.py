"""Plain questions: one reply without tools, whose text is the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.task import Task, ToolSpec
from pilotbench.providers.protocols.protocol import Messages, Parsed, spoken_message
from pilotbench.providers.protocols.reading import said

Json = dict[str, Any]


class Plain:
    """No calls at all; used for question packs without tools, whatever the model's protocol."""

    name = "none"

    def system(self, task: Task, instance: Instance, max_turns: int) -> str:
        """Return the pack's system message."""
        return str(getattr(task, "system", ""))

    def body_extra(self, tools: Sequence[ToolSpec]) -> Json:
        """Return nothing."""
        return {}

    def parse(self, message: Json) -> Parsed:
        """Return the text."""
        spoken = said(message)
        return Parsed(None, None, thought=spoken.thought, text=spoken.text)

    def assistant_message(self, message: Json, parsed: Parsed) -> Json:
        """Return the text."""
        return spoken_message(parsed.text)

    def result_messages(self, message: Json, parsed: Parsed, reply: Json) -> Messages:
        """Return nothing: a question has one turn."""
        return []

"""What follows a message in a test of BFCL: nothing, or results and the next user message."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.bfcl.checker import TOO_LONG, as_python, checker
from pilotbench.benchmark.bfcl.instance import BfclInstance, specs
from pilotbench.benchmark.bfcl.official import official
from pilotbench.benchmark.instances import ToolSpec
from pilotbench.benchmark.tasks.conversation import Response, Said

Json = dict[str, Any]


class OneMessage:
    """A test of one message, whose calls are the answer."""

    def __init__(self, instance: BfclInstance) -> None:
        self.finished = False
        self.answer: Any = None
        self.tools: tuple[ToolSpec, ...] = instance.offered

    def hear(self, said: Said) -> Response:
        """End with the first message."""
        self.finished = True
        self.answer = list(said.calls) or said.text
        return Response()


class ManyTurns:
    """A conversation: calls are executed until a message in words ends the user's turn."""

    def __init__(self, instance: BfclInstance) -> None:
        self.finished = False
        self.answer: Any = None
        self.tools: tuple[ToolSpec, ...] = instance.offered
        self._instance = instance
        self._users = list(instance.extra.get("users", ()))
        self._steps: list[list[str]] = []
        self._in_turn = 0
        self._most = official().most_steps

    def hear(self, said: Said) -> Response:
        """Execute the calls of a message, or go on with the next user message."""
        if not said.calls:
            return self._next_turn(said)
        step = [as_python(call) for call in said.calls]
        where = self._instance.category, self._instance.index
        results = checker().executed(*where, [*self._steps, step])
        if TOO_LONG not in results:  # else it would not end the next time either
            self._steps.append(step)
        self._in_turn += 1
        if self._in_turn > self._most:
            self.finished = True
        return Response(tuple(results))

    def _next_turn(self, said: Said) -> Response:
        self._in_turn = 0
        if not self._users:
            self.finished, self.answer = True, said.text
            return Response()
        user = self._users.pop(0)
        self.tools += specs(user.get("tools", []))
        return Response(user=user["text"])

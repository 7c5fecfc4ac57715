"""Instances of version 4 that ask the same, and which of them a conversation is about.

Levels often differ only in their worlds: the request of 64 items is that of 2. A player of such a
request plays what fits everything that it was told so far, the longest plan first, and forgets the
calls that only another plan needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.scenarios.session import ScenarioSession
from pilotbench.benchmark.tasks.conversation import Said
from pilotbench.benchmark.world.session import CallRecord
from pilotbench.providers.protocols.players import Exchange
from pilotbench.providers.protocols.protocol import NOT_EXECUTED

Json = dict[str, Any]


def fitting(instances: Sequence[Instance], told: Sequence[Exchange]) -> list[Instance]:
    """Return the instances whose worlds reply what was told."""
    return [instance for instance in instances if _Repeated(instance).tells(told)]


def astray(instance: Instance, others: Sequence[Instance], exchange: Exchange) -> bool:
    """Return whether the calls of a message belong to the plans of others alone."""
    wanted = [_used(call) for call in exchange.calls]
    plans = [step for other in others for step in other.plan]
    return bool(wanted) and all(
        not _is_planned(call, instance.plan) and _is_planned(call, plans) for call in wanted
    )


class _Repeated(ScenarioSession):
    """A session that fails by draw where the conversation says that it did."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(instance)
        self._failure: str | None = None

    def tells(self, told: Sequence[Exchange]) -> bool:
        """Return whether all messages get the replies that were told, and the same words."""
        return all(self._repeats(exchange) for exchange in told)

    def _repeats(self, exchange: Exchange) -> bool:
        self._expected = iter(exchange.replies)
        response = self.hear(Said(exchange.calls, exchange.text))
        executed = [reply for reply in exchange.replies if reply != NOT_EXECUTED]
        return list(response.replies) == executed and (response.user or "") == exchange.said

    def call(self, tool: str, arguments: Json) -> Json:
        """Execute one call, which fails by draw if it did so then."""
        error = next(self._expected, {}).get("error") or {}
        self._failure = error.get("code") if error.get("transient") else None
        return super().call(tool, arguments)

    def _drawn_failure(self, record: CallRecord) -> str | None:
        return self._failure


def _used(call: Json) -> Json:
    """Return a call of a tool of the world, also behind `call_tool`."""
    if call["tool"] != "call_tool":
        return call
    behind = call["arguments"]
    return {"tool": behind.get("name"), "arguments": behind.get("arguments") or {}}


def _is_planned(call: Json, plan: Sequence[Step]) -> bool:
    return any(step.tool == call["tool"] and _agrees(step, call["arguments"]) for step in plan)


def _agrees(step: Step, arguments: Json) -> bool:
    """Return whether arguments are those of a step, whatever earlier results they refer to."""
    return set(step.arguments) == set(arguments) and all(
        isinstance(value, dict) or value == arguments[name]
        for name, value in step.arguments.items()
    )

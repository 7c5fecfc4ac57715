"""How large the messages of the reference plan of an instance are, for estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pilotbench.benchmark.players.player import use
from pilotbench.benchmark.scenarios.instance import ScenarioInstance
from pilotbench.benchmark.scenarios.session import ScenarioSession
from pilotbench.benchmark.world.references import resolve
from pilotbench.ground.canonical_json import canonical

Json = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """Characters of JSON: those that a turn adds (its call and its reply) and the largest reply."""

    turn: float
    largest_reply: int


def sizes_of(instance: ScenarioInstance) -> Sizes:
    """Return the sizes of the messages when every call of the plan works."""
    session = ScenarioSession(instance)
    results: list[Json] = []
    added: list[int] = []
    replies: list[int] = []
    for step in instance.plan:
        call = use(instance, step.tool, resolve(step.arguments, results))
        reply = session.call(call["tool"], call["arguments"])
        results.append(reply.get("result", {}))
        replies.append(len(canonical(reply)))
        added.append(len(canonical(call)) + replies[-1])
    return Sizes(sum(added) / max(1, len(added)), max(replies, default=0))

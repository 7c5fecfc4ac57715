"""Play reference plans without the players of the library."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.world.references import resolve
from pilotbench.benchmark.world.session import WorldSession

Json = dict[str, Any]


def call(session: WorldSession, tool: str, arguments: Json) -> Json:
    """Call one of the thirty tools in the way that the difficulty offers."""
    if session.discovery:
        return session.call("call_tool", {"name": tool, "arguments": arguments})
    return session.call(tool, arguments)


def play(instance: Instance) -> tuple[WorldSession, list[Json]]:
    """Execute the whole reference plan; return the session and the result of each step."""
    session = WorldSession(instance)
    results: list[Any] = []
    for step in instance.plan:
        reply = call(session, step.tool, resolve(step.arguments, results))
        assert reply["ok"], (instance.task, instance.difficulty, instance.index, step.tool, reply)
        results.append(reply["result"])
    return session, results


def play_without(instance: Instance, left_out: int, results: list[Json]) -> WorldSession:
    """Execute the plan without one step, all arguments as in the reference."""
    session = WorldSession(instance)
    for place, step in enumerate(instance.plan):
        if place != left_out:
            call(session, step.tool, resolve(step.arguments, results))
    return session


def answer_of(instance: Instance) -> Any:
    """Return the expected answer."""
    return next(goal["value"] for goal in instance.goal if goal["kind"] == "answer")


def reached(session: WorldSession, answer: Any) -> bool:
    """Return whether every goal predicate holds."""
    return all(held for _, held, _ in session.goal_state(answer))

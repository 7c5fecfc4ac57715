"""Follow a plan literally: its arguments, its answer, and whether it fails."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.flaws.flawed_plan import PlannedStep
from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.world import answers
from pilotbench.benchmark.world.references import resolve
from pilotbench.benchmark.world.session import WorldSession
from pilotbench.benchmark.world.toolbox import is_discovery

Json = dict[str, Any]

UNKNOWN = "unknown"
_DIGITS = re.compile(r"\d+")
_APART = re.compile(r"[\s,]+")


def literal_arguments(step: Step, found: dict[int, Json]) -> Json:
    """Return the arguments of `step` when the plan is followed literally.

    `found` are the results so far by place in the optimal plan. A reference without a result
    becomes the latest handle, as for someone who works down a list, or the word `unknown`.
    """
    handles = [result["handle"] for result in found.values() if "handle" in result]
    latest = handles[-1] if handles else UNKNOWN
    return {key: _literally(value, found, latest) for key, value in step.arguments.items()}


def _literally(value: Any, found: dict[int, Json], latest: str) -> Any:
    if isinstance(value, dict) and not {"$step", "$sum"} & set(value):
        return {key: _literally(inner, found, latest) for key, inner in value.items()}
    try:
        return resolve(value, found)
    except (KeyError, IndexError, TypeError, ValueError):
        return latest


def literal_answer(instance: Instance, found: dict[int, Json]) -> Any:
    """Return the answer that the results contain, None if they do not.

    An answer that is one word of a longer preview counts as read if the preview contains it.
    """
    source = instance.extra.get("answer_from")
    wanted = next((p for p in instance.goal if p["kind"] == "answer"), None)
    if wanted is None:
        return "done"
    if isinstance(source, dict) and "times" in source:
        read = _number(_read(source["of"], found))
        return None if read is None else round(source["times"] * read - source["less"], 2)
    read = _read(source, found)
    if isinstance(read, str) and wanted["type"] != "number":
        words = {answers.token(word) for word in _APART.split(read)}
        return wanted["value"] if answers.token(wanted["value"]) in words else read
    return read


def _read(source: Any, found: dict[int, Json]) -> Any:
    try:
        return resolve(source, found)
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _number(value: Any) -> float | None:
    """Return a number, or the last run of digits of a word."""
    if isinstance(value, int | float):
        return value
    digits = _DIGITS.findall(str(value))
    return int(digits[-1]) if digits else None


def fails(instance: Instance, steps: Sequence[PlannedStep]) -> bool:
    """Return whether following these steps literally fails the task although every tool works."""
    session = WorldSession(instance)
    found: dict[int, Json] = {}
    for planned in steps:
        reply = _use(session, planned.step.tool, literal_arguments(planned.step, found))
        if reply["ok"]:
            found.setdefault(planned.origin, reply["result"])
    goals = session.goal_state(literal_answer(instance, found))
    return bool(session.protected_broken()) or not all(holds for _, holds, _ in goals)


def _use(session: WorldSession, tool: str, arguments: Json) -> Json:
    if is_discovery(session.instance.difficulty):
        return session.call("call_tool", {"name": tool, "arguments": arguments})
    return session.call(tool, arguments)

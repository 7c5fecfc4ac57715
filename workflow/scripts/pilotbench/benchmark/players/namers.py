"""Players that know which tools to use in which order, and guess the arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.flaws import literal_arguments
from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.players.player import Json, PlayContext, Seen, finish, tools_of, use
from pilotbench.benchmark.players.values import (
    Value,
    handles,
    is_sink,
    request_values,
    results,
    scalars,
)
from pilotbench.benchmark.players.walk import walk

# Where an argument names an object of the world: argument -> section.
SECTIONS = {
    "path": "files",
    "url": "endpoints",
    "service": "services",
    "backend": "backends",
    "queue": "queues",
    "key": "cache",
    "to": "inboxes",
    "topic": "notes",
    "reference": "references",
    "model": "models",
    "mapping": "mappings",
    "database": "databases",
    "job": "schedule",
    "data": "tables",
    "role": "directory",
    "target": "queues",
}


def name_only(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Use the right tools in order with arguments by rule; retry injected failures.

    A default stands; else the first of an enum; data is the latest handle; else the first object
    of the kind that the argument's name says, the first column or the first number at hand.
    """
    walked = walk(turns, retries=True)
    if walked.place >= len(instance.plan):
        return finish(_last_figure(turns))
    tool = tools_of(instance)[instance.plan[walked.place].tool]
    required = set(tool.parameters.get("required", ()))
    arguments = {
        name: _first(instance, name, shape, turns)
        for name, shape in tool.parameters["properties"].items()
        if "default" not in shape and (name in required or (name == "data" and is_sink(tool)))
    }
    return use(instance, tool.name, arguments)


def _first(instance: Instance, name: str, shape: Json, turns: Sequence[Seen]) -> Any:
    if "enum" in shape:
        return shape["enum"][0]
    if name == "data" and handles(turns):
        return handles(turns)[-1]
    if shape.get("type") in ("number", "integer"):
        seen = (value for value in scalars(results(turns)) if isinstance(value, int))
        return next(seen, 1)
    known = instance.world.get(SECTIONS.get(name, ""), {}) or instance.world.get("services", {})
    columns = next((r["columns"] for r in reversed(results(turns)) if "columns" in r), None)
    if name in SECTIONS or columns is None:
        return next(iter(known), "unknown")
    return columns[0] if columns else "unknown"


def _last_figure(turns: Sequence[Seen]) -> Value:
    """Return the last word or number of the last result, as a guess at the answer."""
    found = [value for value in scalars(results(turns)[-1:]) if value not in handles(turns)]
    return found[-1] if found else ""


def copier(instance: Instance, context: PlayContext, turns: Sequence[Seen]) -> Json | str:
    """Use the right tools in order with values copied from the request in their order.

    To make it strong, it names the right arguments and passes data by the right handles. It
    answers with the last figure of the last result.
    """
    walked = walk(turns, retries=True)
    if walked.place >= len(instance.plan):
        return finish(_last_figure(turns))
    queue = request_values(instance.request)
    for place in range(walked.place):
        _copied(instance, instance.plan[place], queue, {})
    step = instance.plan[walked.place]
    return use(instance, step.tool, _copied(instance, step, queue, walked.results))


def _copied(instance: Instance, step: Step, queue: list[Value], found: dict[int, Json]) -> Json:
    """Return a step's arguments from `queue`, and remove what was used."""
    by_handle = literal_arguments(step, found)
    shapes = tools_of(instance)[step.tool].parameters["properties"]
    return {
        name: by_handle[name] if _is_handle(value) else _next(shapes[name], queue)
        for name, value in step.arguments.items()
    }


def _is_handle(value: Any) -> bool:
    if isinstance(value, dict) and "$step" not in value:
        return any(_is_handle(inner) for inner in value.values())
    return isinstance(value, dict) and value.get("path") == "handle"


def _next(shape: Json, queue: list[Value]) -> Any:
    """Take the next value that fits: an enum's words, a number, or any word."""
    fits = [value for value in queue if _fits(shape, value)]
    if not fits:
        return shape.get("default", shape.get("enum", ["unknown"])[0])
    queue.remove(fits[0])
    return fits[0]


def _fits(shape: Json, value: Value) -> bool:
    if "enum" in shape:
        return value in shape["enum"]
    kinds = shape.get("type", "string")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return ("string" if isinstance(value, str) else "number") in [
        "number" if kind == "integer" else kind for kind in kinds
    ]

"""Values that a player without insight can use: words of the request, results so far."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.players.player import Chance, Json, Seen, uses
from pilotbench.benchmark.world.tool import Tool
from pilotbench.benchmark.world.toolbox import TOOLS

Value = str | int | float
_VALUE = re.compile(r"`([^`]+)`|(?<![\w.-])(-?\d+(?:\.\d+)?)(?![\w-])")


def request_values(request: str) -> list[Value]:
    """Return the quoted words and the numbers of a request in order; without tool names."""
    found = (_plain(quoted or number) for quoted, number in _VALUE.findall(request))
    return [value for value in found if value not in TOOLS]


def _plain(word: str) -> Value:
    try:
        return int(word)
    except ValueError:
        pass
    try:
        return float(word)
    except ValueError:
        return word


def results(turns: Sequence[Seen]) -> list[Json]:
    """Return the results of the successful calls, in order."""
    return [reply["result"] for _, _, reply in uses(turns) if reply.get("ok")]


def handles(turns: Sequence[Seen]) -> list[str]:
    """Return the handles in the results, in order."""
    return [result["handle"] for result in results(turns) if "handle" in result]


def scalars(value: Any) -> Iterator[Value]:
    """Yield the words and numbers inside a result, handles too."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield value


def is_sink(tool: Tool) -> bool:
    """Return whether a tool takes data either by handle or as typed text."""
    return bool({"data", "text"} <= tool.parameters["properties"].keys())


class Pool:
    """The values that a player has seen: words, numbers, and what can be passed as data."""

    def __init__(self, instance: Instance, turns: Sequence[Seen]) -> None:
        met = [*request_values(instance.request), *scalars(results(turns))]
        self.numbers = [value for value in met if not isinstance(value, str)] or [1]
        self.words = [value for value in met if isinstance(value, str)] or ["unknown"]
        self.data = handles(turns) or self.words

    def value(self, name: str, shape: Json, chance: Chance) -> Any:
        """Return a random value of the right type for one parameter."""
        if "enum" in shape:
            return chance.pick(shape["enum"])
        kind = shape.get("type")
        if kind == "boolean":
            return chance.pick([False, True])
        if kind in ("number", "integer"):
            number = chance.pick(self.numbers)
            return int(number) if kind == "integer" else number
        if kind == "object":
            return {"x": chance.pick([*self.data, *self.numbers])}
        if name == "expression":
            return f"x * {chance.pick(self.numbers)} + {chance.pick(self.numbers)}"
        if name == "data":
            return chance.pick(self.data)
        return chance.pick([*self.words, *self.numbers] if isinstance(kind, list) else self.words)

    def arguments(self, tool: Tool, chance: Chance) -> Json:
        """Return arguments of the right types: all required ones, others with probability one half.

        A sink gets data by handle where there is a handle.
        """
        shapes: Json = tool.parameters["properties"]
        required = set(tool.parameters.get("required", ()))
        wanted = [
            name
            for name in shapes
            if name in required or (name not in ("data", "text") and chance.number() < 0.5)
        ]
        if is_sink(tool) and "data" not in required:
            wanted.append("data")
        return {name: self.value(name, shapes[name], chance) for name in wanted}

"""Fill in what a reference plan takes from earlier results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]


def resolve(value: Any, results: Sequence[Json] | Mapping[int, Json]) -> Any:
    """Return `value` with every `{"$step": n, "path": "a.0.b"}` replaced from `results`.

    `results[n]` is the `result` of step n's reply. A path is keys and list places joined by dots.
    `{"$sum": [x, y]}` is the sum of its parts, each a number or a reference (a stated computation).
    Raises KeyError, IndexError or TypeError where a step has no such value.
    """
    if isinstance(value, dict):
        if "$step" in value:
            return _walk(results[value["$step"]], value["path"])
        if "$sum" in value:
            return _whole(sum(resolve(part, results) for part in value["$sum"]))
        return {
            key: resolve(inner, results) if isinstance(inner, dict | list) else inner
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [resolve(inner, results) for inner in value]
    return value


def _walk(value: Any, path: str) -> Any:
    for word in path.split("."):
        value = value[int(word)] if isinstance(value, list) else value[word]
    return value


def _whole(value: float) -> int | float:
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def steps_used(value: Any) -> set[int]:
    """Return the steps that `value` refers to."""
    if isinstance(value, dict):
        if "$step" in value:
            return {value["$step"]}
        value = list(value.values())
    if isinstance(value, list):
        return {
            step for inner in value if isinstance(inner, dict | list) for step in steps_used(inner)
        }
    return set()

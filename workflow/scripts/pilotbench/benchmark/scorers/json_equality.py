"""JSON equality: the answer is JSON that equals the wanted value."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scorers.json_text import json_of
from pilotbench.benchmark.scorers.scorer import Json, Scorer, depth_within
from pilotbench.ground.canonical_json import canonical


def holds(wanted: Any, given: Any, options: Json) -> bool:
    """Compare the values; key order never counts, list order does unless it is ignored."""
    try:
        return canonical(_plain(json_of(given), options)) == canonical(_plain(wanted, options))
    except ValueError:
        return False


def _plain(value: Any, options: Json) -> Any:
    """Return a value in which equal numbers are written the same."""
    if isinstance(value, dict):
        return {key: _plain(inner, options) for key, inner in value.items()}
    if isinstance(value, list):
        inner = [_plain(item, options) for item in value]
        return sorted(inner, key=canonical) if options["ignore_order"] else inner
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def problem(wanted: Any) -> str | None:
    """Refuse a value that is nested too deeply."""
    return None if depth_within(wanted, 40) else "nests more than forty levels"


SCORER = Scorer(
    "The reply (or its last fenced block, its end, or its last line) is JSON that equals this.",
    holds,
    answer={},
    goal="the answer equals {}",
    options={
        "ignore_order": {
            "type": "boolean",
            "default": False,
            "description": "Lists are equal in any order.",
        }
    },
    problem=problem,
)

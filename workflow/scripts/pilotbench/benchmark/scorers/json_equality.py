"""JSON equality: the answer is JSON that equals the wanted value."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scorers.json_text import judge_json
from pilotbench.benchmark.scorers.scorer import FORM, Json, Scorer, Verdict, depth_within
from pilotbench.ground.canonical_json import canonical


def judge(wanted: Any, given: Any, options: Json) -> Verdict:
    """Compare the values; key order never counts, list order does unless it is ignored."""
    same = canonical(_plain(wanted, options))
    return judge_json(
        given, lambda value: canonical(_plain(value, options)) == same, "another value"
    )


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
    judge,
    answer={},
    goal="the answer equals {}",
    options={
        "form": FORM,
        "ignore_order": {
            "type": "boolean",
            "default": False,
            "description": "Lists are equal in any order.",
        },
    },
    problem=problem,
)

"""Contained text: every wanted text occurs in the reply."""

from __future__ import annotations

from typing import Any

from pilotbench.tasks.scorers.scorer import (
    EXTRACT,
    IGNORE_CASE,
    Json,
    Scorer,
    extracted,
    normalised,
)


def holds(wanted: Any, given: Any, options: Json) -> bool:
    """Look for each wanted text in the reply, both normalised."""
    case = options["ignore_case"]
    text = normalised(extracted(given, options["extract"]), case)
    texts = wanted if isinstance(wanted, list) else [wanted]
    return all(normalised(part, case) in text for part in texts)


def problem(wanted: Any) -> str | None:
    """Say that a text is empty once normalised: it would be contained in every reply."""
    texts = wanted if isinstance(wanted, list) else [wanted]
    return None if all(normalised(text) for text in texts) else "a text without a letter or digit"


SCORER = Scorer(
    "The reply contains this text, or each of these; a weak test, for want of a better one.",
    holds,
    answer={
        "anyOf": [
            {"type": "string", "minLength": 1},
            {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        ]
    },
    says="the reply contains {}",
    options={"extract": {**EXTRACT, "default": "whole"}, "ignore_case": IGNORE_CASE},
    problem=problem,
)

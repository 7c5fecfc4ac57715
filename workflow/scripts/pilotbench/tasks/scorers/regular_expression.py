"""Regular expression: the answer matches a pattern.

The pattern is the pack author's; one that backtracks without end will do so here too.
"""

from __future__ import annotations

import re
from typing import Any

from pilotbench.tasks.scorers.scorer import EXTRACT, IGNORE_CASE, Json, Scorer, extracted

LONGEST = 10_000


def holds(wanted: Any, given: Any, options: Json) -> bool:
    """Match the pattern with the first 10,000 characters of the answer."""
    text = extracted(given, options["extract"])[:LONGEST]
    pattern = re.compile(wanted, re.IGNORECASE if options["ignore_case"] else 0)
    found = pattern.fullmatch(text) if options["match"] == "full" else pattern.search(text)
    return found is not None


def problem(wanted: Any) -> str | None:
    """Say why a pattern is no regular expression."""
    try:
        re.compile(wanted)
    except (re.error, RecursionError, OverflowError) as error:
        return f"no regular expression: {error}"
    return None


SCORER = Scorer(
    "The answer matches this regular expression of Python.",
    holds,
    answer={"type": "string", "minLength": 1},
    says="the answer matches {}",
    options={
        "extract": EXTRACT,
        "ignore_case": {**IGNORE_CASE, "default": False},
        "match": {
            "enum": ["full", "search"],
            "default": "full",
            "description": "The pattern covers the whole answer, or occurs in it.",
        },
    },
    problem=problem,
)

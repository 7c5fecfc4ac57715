"""Regular expression: the answer matches a pattern.

The pattern is the pack author's: one that backtracks without end is an error after five seconds,
never a score.
"""

from __future__ import annotations

from typing import Any

import regex

from pilotbench.errors import TaskError
from pilotbench.tasks.scorers.extraction import extracted
from pilotbench.tasks.scorers.scorer import EXTRACT, IGNORE_CASE, Json, Scorer

LONGEST = 10_000
PATIENCE_S = 5.0


def holds(wanted: Any, given: Any, options: Json) -> bool:
    """Match the pattern with the first 10,000 characters of the answer.

    Raises TaskError where that takes longer than five seconds.
    """
    text = extracted(given, options["extract"])
    return found(wanted, text, options["ignore_case"], whole=options["match"] == "full")


def found(wanted: str, text: str, ignore_case: bool = False, *, whole: bool = False) -> bool:
    """Say whether a pattern matches in the first 10,000 characters of `text`, or all of them.

    Raises TaskError where that takes longer than five seconds.
    """
    pattern = regex.compile(wanted, regex.IGNORECASE if ignore_case else 0)
    match = pattern.fullmatch if whole else pattern.search
    try:
        return match(text[:LONGEST], timeout=PATIENCE_S) is not None
    except TimeoutError:
        raise TaskError(f"regular expression {wanted!r}: backtracks without end") from None


def problem(wanted: Any) -> str | None:
    """Say why a pattern is no regular expression."""
    try:
        regex.compile(wanted)
    except (regex.error, RecursionError, OverflowError) as error:
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

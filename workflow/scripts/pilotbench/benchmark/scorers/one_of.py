"""One of: the normalised answer is one of the accepted texts."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scorers import exact
from pilotbench.benchmark.scorers.scorer import (
    EXTRACT,
    FORM,
    IGNORE_CASE,
    Json,
    Scorer,
    Verdict,
    first_as_text,
)


def judge(wanted: Any, given: Any, options: Json) -> Verdict:
    """Compare with each accepted text as the exact match does."""
    return exact.judge_any(wanted, given, options)


def problem(wanted: Any) -> str | None:
    """Return what is wrong with the first text that the exact match could not use."""
    return next(filter(None, map(exact.problem, wanted)), None)


SCORER = Scorer(
    "The answer is one of these texts, compared as the exact match does.",
    judge,
    answer={"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1},
    goal="the answer is one of {}",
    options={"extract": EXTRACT, "form": FORM, "ignore_case": IGNORE_CASE},
    problem=problem,
    shown=first_as_text,
)

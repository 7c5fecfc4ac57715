"""Exact match: the normalised answer is the wanted text."""

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
    """Compare both as normalised text; a number or boolean is compared as it is written."""
    case = options["ignore_case"]
    return normalised(extracted(given, options["extract"]), case) == normalised(str(wanted), case)


def problem(wanted: Any) -> str | None:
    """Say that an answer is empty once normalised: an empty reply would be right."""
    return None if normalised(str(wanted)) else "nothing is left of it once normalised"


SCORER = Scorer(
    "The answer is this text, both normalised (NFKC, white space, outer quotes, final period).",
    holds,
    answer={"type": ["string", "number"]},
    says="the answer is {}",
    options={"extract": EXTRACT, "ignore_case": IGNORE_CASE},
    problem=problem,
)

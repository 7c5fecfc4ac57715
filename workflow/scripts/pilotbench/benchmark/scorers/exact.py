"""Exact match: the normalised answer is the wanted text."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scorers.scorer import EXTRACT, IGNORE_CASE, Json, Scorer
from pilotbench.benchmark.scorers.text_form import answer_form, normalised


def holds(wanted: Any, given: Any, options: Json) -> bool:
    """Compare both as normalised text; a number is compared as it is written (1e6 as 1000000)."""
    case = options["ignore_case"]
    reply = answer_form(given, options["extract"], case)
    return any(reply == normalised(form, case) for form in _forms(wanted))


def _forms(wanted: Any) -> list[str]:
    """Return how a wanted answer may be written: a whole float also without its point."""
    whole = isinstance(wanted, float) and wanted.is_integer()
    return [str(wanted), str(int(wanted))] if whole else [str(wanted)]


def problem(wanted: Any) -> str | None:
    """Refuse an answer that is empty after normalisation: an empty reply would be right."""
    return None if normalised(str(wanted)) else "nothing is left of it once normalised"


SCORER = Scorer(
    "The answer is this text, both normalised (characters, white space, quotes, a final mark).",
    holds,
    answer={"type": ["string", "number"]},
    goal="the answer is {}",
    options={"extract": EXTRACT, "ignore_case": IGNORE_CASE},
    problem=problem,
)

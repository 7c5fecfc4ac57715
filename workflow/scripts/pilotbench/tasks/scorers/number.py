"""Number: the answer is one number within a tolerance."""

from __future__ import annotations

from typing import Any

from pilotbench.tasks.scorers.scorer import EXTRACT, Json, Scorer, extracted
from pilotbench.world.answers import as_number


def holds(wanted: Any, given: Any, options: Json) -> bool:
    """Compare |given - wanted| with the larger of both tolerances (and 1e-9 of rounding)."""
    is_text = isinstance(given, str)
    value = as_number(extracted(given, options["extract"]) if is_text else given, options["unit"])
    if value is None:
        return False
    allowed = max(options["tolerance"], options["relative"] * abs(wanted))
    return bool(abs(value - wanted) <= allowed + 1e-9 * max(1.0, abs(wanted)))


SCORER = Scorer(
    "The answer is one number (thousands commas and the stated unit allowed) within a tolerance.",
    holds,
    answer={"type": "number", "minimum": -1e300, "maximum": 1e300},
    says="the answer is the number {}",
    options={
        "extract": EXTRACT,
        "tolerance": {"type": "number", "minimum": 0, "default": 0, "description": "Absolute."},
        "relative": {"type": "number", "minimum": 0, "default": 0, "description": "Of the answer."},
        "unit": {"type": "string", "default": "", "description": "May follow the number."},
    },
)

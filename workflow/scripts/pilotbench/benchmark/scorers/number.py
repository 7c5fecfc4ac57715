"""Number: the answer is one number within a tolerance."""

from __future__ import annotations

import math
from typing import Any

from pilotbench.benchmark.scorers.extraction import extracted
from pilotbench.benchmark.scorers.numerals import LARGEST, number_of
from pilotbench.benchmark.scorers.scorer import EXTRACT, Json, Scorer


def holds(wanted: Any, given: Any, options: Json) -> bool:
    """Compare |given - wanted| with the larger of both tolerances (and 1e-9 of rounding)."""
    value = _value(given, options)
    if value is None:
        return False
    allowed = max(options["tolerance"], options["relative"] * abs(wanted))
    return bool(abs(value - wanted) <= allowed + 1e-9 * max(1.0, abs(wanted)))


def _value(given: Any, options: Json) -> float | None:
    """Return the one number of a reply, or of what `finish` was called with."""
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    if isinstance(given, bool):
        return None
    if isinstance(given, int | float):
        return float(given) if abs(given) < LARGEST and math.isfinite(given) else None
    if not isinstance(given, str):
        return None
    return number_of(extracted(given, options["extract"]), options["unit"])


SCORER = Scorer(
    "The answer is one number, in digits or words and with its unit, within a tolerance.",
    holds,
    answer={"type": "number", "minimum": -1e300, "maximum": 1e300},
    goal="the answer is the number {}",
    options={
        "extract": EXTRACT,
        "tolerance": {"type": "number", "minimum": 0, "default": 0, "description": "Absolute."},
        "relative": {"type": "number", "minimum": 0, "default": 0, "description": "Of the answer."},
        "unit": {
            "type": "string",
            "default": "",
            "description": "The only unit that may stand beside the number; without it any may.",
        },
    },
)

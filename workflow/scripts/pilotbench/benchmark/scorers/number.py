"""Number: the answer is one number within a tolerance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pilotbench.benchmark.scorers.numerals import LARGEST, is_plain, number_of
from pilotbench.benchmark.scorers.scorer import EXTRACT, FORM, Json, Scorer, Verdict, judged


def judge(wanted: Any, given: Any, options: Json) -> Verdict:
    """Compare |given - wanted| with the larger of both tolerances (and 1e-9 of rounding)."""
    allowed = max(options["tolerance"], options["relative"] * abs(wanted))
    limit = allowed + 1e-9 * max(1.0, abs(wanted))

    def right(value: float) -> bool:
        return bool(abs(value - wanted) <= limit)

    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    if not isinstance(given, str):
        return _of_argument(given, right)
    unit = options["unit"]
    return judged(
        given,
        options["extract"],
        lambda text: number_of(text, unit),
        right,
        lambda text: is_plain(text, unit),
        "number",
    )


def _of_argument(given: Any, right: Callable[[float], bool]) -> Verdict:
    """Return the verdict on a value that `finish` was called with."""
    known = isinstance(given, int | float) and not isinstance(given, bool)
    if not known or not math.isfinite(given) or abs(given) >= LARGEST:
        return Verdict(False, False, given, "argument", "not one number")
    holds = right(float(given))
    return Verdict(holds, holds, given, "argument", "right" if holds else "another answer")


SCORER = Scorer(
    "The answer is one number, in digits or words and with its unit, within a tolerance.",
    judge,
    answer={"type": "number", "minimum": -1e300, "maximum": 1e300},
    goal="the answer is the number {}",
    options={
        "extract": EXTRACT,
        "form": FORM,
        "tolerance": {"type": "number", "minimum": 0, "default": 0, "description": "Absolute."},
        "relative": {"type": "number", "minimum": 0, "default": 0, "description": "Of the answer."},
        "unit": {
            "type": "string",
            "default": "",
            "description": "The only unit that may stand beside the number; without it any may.",
        },
    },
)

"""Contained text: every wanted text occurs in the reply."""

from __future__ import annotations

import re
from typing import Any

from pilotbench.benchmark.scorers.extraction import found
from pilotbench.benchmark.scorers.scorer import (
    EXTRACT,
    IGNORE_CASE,
    Json,
    Scorer,
    Verdict,
)
from pilotbench.benchmark.scorers.text_form import normalised

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Scripts that do not separate words by spaces."""


def judge(wanted: Any, given: Any, options: Json) -> Verdict:
    """Look for each wanted text in the reply as whole words, both normalised."""
    case = options["ignore_case"]
    places = found(given, options["extract"])
    texts = wanted if isinstance(wanted, list) else [wanted]
    if not places:
        return Verdict(False, None, None, options["extract"], "nothing is marked as the answer")
    text, rule = normalised(places[0].texts[0], case), places[0].rules[0]
    missing = [part for part in texts if not _stands_in(normalised(part, case), text)]
    why = f"does not contain {missing[0]!r}" if missing else "right"
    return Verdict(not missing, None, places[0].texts[0], rule, why)


def _stands_in(part: str, text: str) -> bool:
    """Return whether `part` occurs in `text` as whole words and whole numbers, except for units."""
    before = rf"(?<!{_letter(part[0])})" + (r"(?<!\d[.,])" if part[0].isdigit() else "")
    behind = r"(?!\d|[.,^_]\d)" if part[-1].isdigit() else rf"(?!{_letter(part[-1])})"
    return re.search(before + re.escape(part) + behind, text) is not None


def _letter(char: str) -> str:
    """Return the class of characters that would make a longer word of one that ends in `char`."""
    return rf"[^\W{_UNSPACED}]" if re.fullmatch(rf"[^\W{_UNSPACED}]", char) else r"(?!)"


def problem(wanted: Any) -> str | None:
    """Refuse a text that is empty after normalisation: every reply would contain it."""
    texts = wanted if isinstance(wanted, list) else [wanted]
    return None if all(normalised(text) for text in texts) else "a text without a letter or digit"


SCORER = Scorer(
    "The reply contains this text, or each of these, as whole words; a weak test.",
    judge,
    answer={
        "anyOf": [
            {"type": "string", "minLength": 1},
            {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        ]
    },
    goal="the reply contains {}",
    options={"extract": {**EXTRACT, "default": "whole"}, "ignore_case": IGNORE_CASE},
    problem=problem,
    shown=lambda wanted: wanted if isinstance(wanted, str) else ", ".join(wanted),
)

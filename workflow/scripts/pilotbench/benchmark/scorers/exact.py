"""Exact match: the normalised answer is the wanted text."""

from __future__ import annotations

import unicodedata
from typing import Any

from pilotbench.benchmark.scorers.scorer import (
    EXTRACT,
    FORM,
    IGNORE_CASE,
    Json,
    Scorer,
    Verdict,
    judged,
)
from pilotbench.benchmark.scorers.text_form import normalised


def judge(wanted: Any, given: Any, options: Json) -> Verdict:
    """Compare both as normalised text; a number is compared as it is written (1e6 as 1000000)."""
    return judge_any([wanted], given, options)


def judge_any(accepted: list[Any], given: Any, options: Json) -> Verdict:
    """Compare with each accepted text."""
    case = options["ignore_case"]
    forms = [form for wanted in accepted for form in _forms(wanted)]
    wanted = {normalised(form, case) for form in forms}
    plain = {_plain(form, case) for form in forms}
    return judged(
        given,
        options["extract"],
        lambda text: normalised(text, case),
        wanted.__contains__,
        lambda text: _plain(text, case) in plain,
    )


def _plain(text: str, ignore_case: bool) -> str:
    """Return text as it is written, except for case and for how its characters are encoded."""
    text = unicodedata.normalize("NFC", text)
    return text.casefold() if ignore_case else text


def _forms(wanted: Any) -> list[str]:
    """Return how a wanted answer may be written: a whole float also without its point."""
    whole = isinstance(wanted, float) and wanted.is_integer()
    return [str(wanted), str(int(wanted))] if whole else [str(wanted)]


def problem(wanted: Any) -> str | None:
    """Refuse an answer that is empty after normalisation: an empty reply would be right."""
    return None if normalised(str(wanted)) else "nothing is left of it once normalised"


SCORER = Scorer(
    "The answer is this text, both normalised (characters, white space, quotes, a final mark).",
    judge,
    answer={"type": ["string", "number"]},
    goal="the answer is {}",
    options={"extract": EXTRACT, "form": FORM, "ignore_case": IGNORE_CASE},
    problem=problem,
)

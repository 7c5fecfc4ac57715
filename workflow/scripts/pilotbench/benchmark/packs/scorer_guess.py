"""Which scorer fits the answers of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pilotbench.benchmark.packs.pack_files import json_value
from pilotbench.benchmark.scorers.numerals import is_plain, number_of
from pilotbench.ground.errors import TaskError

FEW, SHORT, LONG = 12, 40, 80
_CODE = re.compile(r"[+-]?0\d+")


@dataclass(frozen=True)
class Guess:
    """A scorer, why it fits, and what the answers may need besides."""

    kind: str
    why: str
    notes: tuple[str, ...] = ()


def guessed(answers: Sequence[Any]) -> Guess:
    """Return the scorer that fits all answers; empty ones count for none."""
    given = [one for one in answers if one is not None and str(one).strip()]
    if given and all(map(_is_number, given)):
        return Guess("number", "every answer is a number")
    if given and all(map(_is_object, given)):
        return Guess("json_equality", "every answer is a JSON object")
    if any(not isinstance(one, str | int | float) or isinstance(one, bool) for one in given):
        texts = all(isinstance(one, list) and _are_texts(one) for one in given)
        return (
            Guess("one_of", "every answer is a list of texts")
            if texts
            else Guess("json_equality", "answers are JSON values")
        )
    if not given:
        return Guess("exact", "there are no answers")
    return _of_texts([str(one).strip() for one in given])


def _of_texts(texts: list[str]) -> Guess:
    kinds = dict.fromkeys(texts)
    numbers = sum(map(_is_number, texts))
    if 2 * len(kinds) <= len(texts) and len(kinds) <= FEW and max(map(len, kinds)) <= SHORT:
        return Guess("exact", f"{len(kinds)} different labels")
    notes = []
    if 2 * numbers > len(texts):
        other = next(text for text in texts if not _is_number(text))
        notes.append(
            f"{numbers} of {len(texts)} answers are numbers; {other[:40]!r} is not. "
            "If all should be, mend it and use --scorer number"
        )
    if any(len(text) > LONG for text in texts):
        notes.append(
            "some answers are long texts, which few replies repeat word for word; "
            "--scorer contained_text looks for the text within the reply"
        )
    return Guess("exact", "answers are texts", tuple(notes))


def _is_number(answer: Any) -> bool:
    """Return whether an answer is a number in digits; `007` is a code."""
    if isinstance(answer, str):
        text = answer.strip()
        return not _CODE.fullmatch(text) and is_plain(text) and number_of(text) is not None
    return isinstance(answer, int | float) and not isinstance(answer, bool)


def _is_object(answer: Any) -> bool:
    if not isinstance(answer, str):
        return isinstance(answer, dict)
    try:
        return answer.lstrip().startswith("{") and isinstance(json_value("", answer), dict)
    except TaskError:
        return False


def _are_texts(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, str) for value in values)

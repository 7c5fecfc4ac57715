"""Compare an answer with what is wanted: by type, one answer only, never a substring."""

from __future__ import annotations

import math
import re
from typing import Any

from pilotbench.benchmark.world.folding import folded

Json = dict[str, Any]

_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?([eE][+-]?\d{1,2})?|[+-]?\.\d+")
_SPACES = re.compile(r"\s+")
_WRAPPING = "`'\"*«»「」"


def token(value: Any) -> str | None:
    """Return `value` as a normalised token, None if it is not a single token.

    Characters in one form (a raised digit stays one), case folded, spaces collapsed, surrounding
    quotes and one final period dropped.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = folded(str(value)).strip().removesuffix(".")
    return _SPACES.sub(" ", text.strip(_WRAPPING + " ")).casefold()


def as_number(value: Any, unit: str = "") -> float | None:
    """Return `value` as one number, None if it is not exactly one number.

    Thousands commas and the stated unit after the number are allowed, other words are not.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e300 and math.isfinite(value) else None
    text = token(value)
    if text is None:
        return None
    if unit:
        text = text.removesuffix(unit.casefold()).strip()
    return float(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def matches(wanted: Json, answer: Any) -> bool:
    """Return whether `answer` is the wanted one.

    `wanted`: `type` number (with `tolerance`, absolute), token or set (of tokens, in any order,
    as a list or separated by commas), `value`, optional `unit`.
    """
    if answer is None:
        return False
    if wanted["type"] == "number":
        given = as_number(answer, wanted.get("unit", ""))
        if given is None:
            return False
        return bool(abs(given - wanted["value"]) <= wanted.get("tolerance", 0) + 1e-9)
    if wanted["type"] == "set":
        parts = answer if isinstance(answer, list) else str(answer).split(",")
        tokens = [token(part) for part in parts]
        return sorted(map(str, tokens)) == sorted(str(token(part)) for part in wanted["value"])
    return token(answer) == token(wanted["value"])

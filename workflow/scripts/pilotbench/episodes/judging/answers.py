"""The verdict in a judge's answer: one JSON object, read strictly.

What may surround it is removed: reasoning, a fenced block, a sentence before it. Where an answer
holds several objects with a verdict they must be equal, since a judge may quote what a reply says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from pilotbench.benchmark.scorers.judging import Judging
from pilotbench.episodes.judging.question import FIRST, RIGHT, SECOND, TIE, WRONG, schema

Json = dict[str, Any]
LONGEST_REASON = 20_000
MOST_PLACES = 1000
_FENCE = re.compile(r"^[ \t]*```[a-zA-Z]*[ \t]*\n(.*?)\n[ \t]*```[ \t]*$", re.DOTALL)


class Unreadable(ValueError):
    """An answer that holds no verdict; its message says what is wrong with it."""


@dataclass(frozen=True)
class Said:
    """What a judge said: of one reply `right` and `score`, of two the `winner` as it saw them."""

    reason: str
    right: bool | None = None
    score: float | None = None
    winner: str | None = None
    criteria: dict[str, float] | None = None


def read(judging: Judging, text: str) -> Said:
    """Return the verdict in an answer's text, which has no reasoning. Raises Unreadable."""
    names = list(schema(judging)["required"])
    found = [one for one in _objects(text) if names[-1] in one]
    if not found:
        raise Unreadable("no JSON object with a verdict")
    verdicts = [{name: one.get(name) for name in names[1:]} for one in found]
    if any(one != verdicts[0] for one in verdicts):
        raise Unreadable("several verdicts that differ")
    reason = found[-1].get("reason")
    if not isinstance(reason, str):
        raise Unreadable("reason is not text")
    return _said(judging, reason[:LONGEST_REASON], verdicts[0])


def _said(judging: Judging, reason: str, verdict: Json) -> Said:
    if judging.compare is not None:
        winner = str(verdict["winner"])
        if winner not in (FIRST, SECOND, TIE):
            raise Unreadable(f"winner is {winner[:40]!r}")
        return Said(reason, winner=winner)
    scores = {name: _score(judging, name, value) for name, value in verdict.items()}
    score = fmean(scores.values())
    criteria = scores if judging.criteria else None
    return Said(reason, score >= judging.threshold, score, criteria=criteria)


def _score(judging: Judging, name: str, value: Any) -> float:
    """Return what a value stands for, from 0 to 1."""
    if judging.scale is None:
        if value not in (RIGHT, WRONG):
            raise Unreadable(f"{name} is {str(value)[:40]!r}")
        return float(value == RIGHT)
    low, high = judging.scale
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(f"{name} is not a number")
    if not low <= value <= high:  # an integer may be too large for a float; NaN is in no range
        raise Unreadable(f"{name} is {str(value)[:40]}, not from {low:g} to {high:g}")
    return (value - low) / (high - low)


def _objects(text: str) -> Iterator[Json]:
    """Yield the JSON objects of a text: itself, that of its only block, else each that is in it."""
    text = text.strip()
    block = _FENCE.fullmatch(text)
    whole = _decoded(block[1] if block else text)
    if whole is not None:
        yield whole
        return
    place = text.find("{")
    for _ in range(MOST_PLACES):
        if place < 0:
            return
        try:
            value, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            if isinstance(value, dict):
                yield value
        place = text.find("{", end)


def _decoded(text: str) -> Json | None:
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> Json:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key appears twice")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_once)

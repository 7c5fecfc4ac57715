"""Regular expression: the answer matches a pattern.

The pattern is the pack author's. One that takes too long on an answer leaves that episode
unfinished, named with file, line and pattern: it is not the model's fault, so it is never a score.
One that takes too long on a hundred equal characters is an error before the first request.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import regex

from pilotbench.benchmark.scorers.scorer import (
    EXTRACT,
    FORM,
    IGNORE_CASE,
    Json,
    Scorer,
    Verdict,
    judged,
)
from pilotbench.ground.errors import Unscorable

LONGEST = 10_000
PATIENCE_S = 2.0
MOST_TIMEOUTS = 3
MOST_REPEATS = 1_000_000

_timeouts: Counter[str] = Counter()


def judge(wanted: Any, given: Any, options: Json) -> Verdict:
    """Match the pattern with the first 10,000 characters of the answer.

    Raises Unscorable where that takes longer than two seconds.
    """

    def matches(text: str) -> bool:
        return found(wanted, text, options["ignore_case"], whole=options["match"] == "full")

    return judged(given, options["extract"], lambda text: text, matches, matches)


def found(wanted: str, text: str, ignore_case: bool = False, *, whole: bool = False) -> bool:
    """Return whether a pattern matches in the first 10,000 characters of `text`, or all of them.

    Raises Unscorable where that takes longer than two seconds, and at once where this process has
    met that three times with the pattern.
    """
    try:
        if _timeouts[wanted] < MOST_TIMEOUTS:
            return _matches(wanted, text, ignore_case, whole)
    except TimeoutError:
        _timeouts[wanted] += 1
    raise Unscorable(f"the pattern {_short(wanted)} takes longer than {PATIENCE_S:g} s to match")


def _matches(wanted: str, text: str, ignore_case: bool, whole: bool) -> bool:
    pattern = regex.compile(wanted, regex.IGNORECASE if ignore_case else 0)
    match = pattern.fullmatch if whole else pattern.search
    return match(text[:LONGEST], timeout=PATIENCE_S) is not None


def _short(pattern: str) -> str:
    return repr(pattern) if len(pattern) <= 80 else f"{pattern[:79]!r}…"


@lru_cache(maxsize=10_000)
def problem(wanted: str) -> str | None:
    """Return why a pattern is not a regular expression, or that it backtracks without end."""
    repeats = (int(count) for count in re.findall(r"\)\{(\d+)", wanted))
    if math.prod(repeats) > MOST_REPEATS:
        return f"no regular expression: {_short(wanted)} repeats a group more than a million times"
    try:
        pattern = regex.compile(wanted)
    except (regex.error, RecursionError, OverflowError) as error:
        return f"no regular expression: {error}"
    try:
        for probe in _probes(wanted):
            pattern.fullmatch(probe, timeout=PATIENCE_S)
    except TimeoutError:
        return f"the pattern {_short(wanted)} backtracks without end; rewrite its nested repeats"
    return None


def _probes(pattern: str) -> Iterator[str]:
    """Yield texts on which a pattern with nested repeats practically never ends."""
    letters = dict.fromkeys(char for char in pattern if char.isalnum())
    for char in dict.fromkeys(["a", "0", " ", *list(letters)[:20]]):
        yield char * 100 + "\0"


SCORER = Scorer(
    "The answer matches this regular expression of Python.",
    judge,
    answer={"type": "string", "minLength": 1},
    goal="the answer matches {}",
    options={
        "extract": EXTRACT,
        "form": FORM,
        "ignore_case": {**IGNORE_CASE, "default": False},
        "match": {
            "enum": ["full", "search"],
            "default": "full",
            "description": "The pattern covers the whole answer, or occurs in it.",
        },
    },
    problem=problem,
    shown=None,
)

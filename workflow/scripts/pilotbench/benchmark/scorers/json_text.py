"""Find the JSON value of a reply."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from pilotbench.benchmark.scorers.extraction import extracted
from pilotbench.benchmark.scorers.scorer import DEEPEST, Json, Verdict, depth_within

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n`]*\n(.*?)^[ \t]*\1", re.DOTALL | re.MULTILINE)
_OPENING = re.compile(r"^[\[{]", re.MULTILINE)
_AFTER = re.compile(r"[\s`~.。]*(?:</[\w-]+>)?\s*")
MOST_PLACES = 100


def json_of(given: Any) -> Any:
    """Return the JSON value of a reply.

    That is the whole reply, else the last fenced block, else the value that begins a line and ends
    the reply, else the last line without what wraps it. Raises ValueError where none of them is
    JSON (NaN and more than forty levels are not).
    """
    if not isinstance(given, str):
        return given
    for value in _values(given):
        if depth_within(value, DEEPEST):
            return value
    raise ValueError("not JSON")


def judge_json(given: Any, right: Callable[[Any], bool], wrong: str, options: Json) -> Verdict:
    """Return the verdict on the JSON value of a reply; in form it is the whole reply."""
    try:
        value = json_of(given)
        holds = right(value)
    except ValueError:
        return Verdict(False, False, None, "JSON", "no JSON value that is the answer")
    alone = not isinstance(given, str) or any(True for _ in _decoded(given))
    why = ("right" if alone else "right, not in the form asked for") if holds else wrong
    return Verdict(holds, holds and alone, value, "JSON", why)


def _values(text: str) -> Iterator[Any]:
    blocks = [match[2] for match in _FENCE.finditer(text)]
    yield from _decoded(text, *blocks[-1:])
    found, breaks_off = _at_the_end(text)
    yield from found
    if not breaks_off:
        yield from _decoded(*text.strip().splitlines()[-1:], extracted(text, "last_line"))


def _decoded(*texts: str) -> Iterator[Any]:
    for text in texts:
        try:
            yield json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            continue


def _at_the_end(text: str) -> tuple[list[Any], bool]:
    """Return the value that begins a line and has nothing behind it, if there is one.

    Where an earlier value breaks off at the end of the reply, which the second item tells, what
    begins within it is not an answer.
    """
    end = len(text.rstrip())
    for _, match in zip(range(MOST_PLACES), _OPENING.finditer(text), strict=False):
        try:
            value, behind = _DECODER.raw_decode(text, match.start())
        except json.JSONDecodeError as error:
            if error.pos >= end:
                return [], True
            continue
        except (ValueError, RecursionError):
            break
        if _AFTER.fullmatch(text, behind):
            return [value], False
    return [], False


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)

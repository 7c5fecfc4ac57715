"""Find the JSON value of a reply."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from pilotbench.benchmark.scorers.extraction import extracted
from pilotbench.benchmark.scorers.languages import RETRACTS
from pilotbench.benchmark.scorers.scorer import DEEPEST, Verdict, depth_within

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n`]*\n(.*?)^[ \t]*\1", re.DOTALL | re.MULTILINE)
_OPENING = re.compile(r"^[\[{]", re.MULTILINE)
_AFTER = re.compile(r"[\s`~.。]*(?:</[\w-]+>)?\s*")
MOST_PLACES = 100
WHOLE = "whole reply"


def json_of(given: Any) -> tuple[Any, str]:
    """Return the JSON value of a reply, and the rule that found it.

    That is the whole reply, else the last fenced block, else the value that begins a line and ends
    the reply, else the last line without what wraps it. Raises ValueError where none of them is
    JSON (NaN, a key with two values and more than forty levels are not), and where a block is
    taken back (`Wait, …`).
    """
    if not isinstance(given, str):
        return given, "argument"
    for value, rule in _values(given):
        if depth_within(value, DEEPEST):
            return value, rule
    raise ValueError("not JSON")


def judge_json(given: Any, right: Callable[[Any], bool], wrong: str) -> Verdict:
    """Return the verdict on the JSON value of a reply; in form it is the whole reply."""
    try:
        value, rule = json_of(given)
        holds = right(value)
    except ValueError:
        return Verdict(False, False, None, "none", "no JSON value that is the answer")
    alone = rule in (WHOLE, "argument")
    why = ("right" if alone else "right, not in the form asked for") if holds else wrong
    return Verdict(holds, holds and alone, value, rule, why)


def _values(text: str) -> Iterator[tuple[Any, str]]:
    blocks = list(_FENCE.finditer(text))
    yield from ((value, WHOLE) for value in _decoded(text))
    if blocks and RETRACTS.search(text, blocks[-1].end()):
        return
    last = [match[2] for match in blocks[-1:]]
    yield from ((value, "last fenced block") for value in _decoded(*last))
    found, breaks_off = _at_the_end(text)
    yield from ((value, "end of the reply") for value in found)
    if not breaks_off:
        lines = (*text.strip().splitlines()[-1:], extracted(text, "last_line"))
        yield from ((value, "last line") for value in _decoded(*lines))


def _decoded(*texts: str) -> Iterator[Any]:
    for text in texts:
        try:
            yield _DECODER.decode(text)
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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object. Raises ValueError where a key has two values: two answers are none."""
    found = dict(pairs)
    if len(found) < len(pairs) and any(
        found[key] != value or type(found[key]) is not type(value) for key, value in pairs
    ):
        raise ValueError("a key has two values")
    return found


_DECODER = json.JSONDecoder(parse_constant=_no_number, object_pairs_hook=_object)

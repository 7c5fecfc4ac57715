"""Find calls in text that a model wrote.

A call is accepted in these places; docs/benchmark.md lists them, and what costs a turn.

- `anywhere`: each JSON object of the text, in order, wherever it begins.
- `marked`: the objects that begin the text or follow a fence or a tag.
- `tagged_calls`: only those after a tag such as `<tool_call>`, which servers should have read.

The first object that is a call is the call; further ones are surplus. An object within another
value is never a call, but the items of a list are. An object that begins like a call and is not
JSON ends the search: nothing is guessed from the rest. At most 10,000 places are examined.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pilotbench.providers.messages import text_of
from pilotbench.providers.protocols.reading import (
    BrokenError,
    NotACallError,
    call_of,
    decoded_at,
)

Json = dict[str, Any]
MOST_CALLS = 100
MOST_PLACES = 10_000

_TAG = (
    r"<\|?(?:tool_call|tool_use|function_call)\|?>[ \t]*"
    r"|\[TOOL_CALLS\][ \t]*"
    r"|<\|python_tag\|>[ \t]*"
)
_FENCE = r"^[ \t>]*(?:`{3,}|~{3,})[ \t]*[\w-]*"
_JSON = r"\s*(?=\{|\[\s*\{)"
_TAGGED = re.compile(f"(?:{_TAG})")
_TAGGED_JSON = re.compile(rf"(?:{_TAG})(?:\s*{_FENCE})?{_JSON}", re.MULTILINE)
_MARKED_JSON = re.compile(rf"(?:\A|{_FENCE}|{_TAG}){_JSON}", re.MULTILINE)
_NEXT = re.compile(r"[\s,;]*(?=\{|\[\s*\{)")
_BEGINS_AS_CALL = re.compile(r'\[?\s*\{\s*"(?:tool|thought|name)"\s*:\s*(?:"|null)')


@dataclass(frozen=True)
class Found:
    """What was found: the call, or None and why; further calls; the thought of the call."""

    call: Json | None
    error: str | None = None
    surplus: int = 0
    thought: str | None = None


def anywhere(text: str) -> Found:
    """Return the first JSON object of the text that is a call."""
    return _found(text, lambda at: text.find("{", at), "no JSON object")


def marked(text: str) -> Found:
    """Return the first call that begins the text or follows a fence or a tag."""
    return _found(text, _places(text, _MARKED_JSON), "no block of a call")


def tagged_calls(text: str) -> Found | None:
    """Return the first call that follows a tag, None for text without a tag."""
    if _TAGGED.search(text) is None:
        return None
    return _found(text, _places(text, _TAGGED_JSON), "a tag without a JSON object")


def before_tags(text: str) -> str:
    """Return the text before its first tag."""
    return _TAGGED.split(text, maxsplit=1)[0].strip()


def calls_of(value: Any) -> Found:
    """Return the first call of a decoded value, which may be a list."""
    calls: list[Found] = []
    error = "an empty list"
    for item in value if isinstance(value, list) else [value]:
        try:
            calls.append(Found(call_of(item), thought=text_of(item.get("thought")) or None))
        except NotACallError as why:
            error = str(why) if error == "an empty list" else error
    return _first(calls, error)


def _places(text: str, mark: re.Pattern[str]) -> Callable[[int], int]:
    """Return a function that returns where the next JSON value begins after a place, or -1."""

    def place(at: int) -> int:
        match = (at and _NEXT.match(text, at)) or mark.search(text, at)
        return match.end() if match else -1

    return place


def _found(text: str, place: Callable[[int], int], nothing: str) -> Found:
    """Read value after value, until one that begins like a call is not JSON."""
    calls: list[Found] = []
    error = nothing
    at = 0
    for _ in range(MOST_PLACES):
        if len(calls) > MOST_CALLS or (start := place(at)) < 0:
            break
        try:
            value, at = decoded_at(text, start)
        except BrokenError as why:
            error = str(why) if error == nothing else error
            if _BEGINS_AS_CALL.match(text, start):
                break
            at = max(why.end, start + 1)
            continue
        one = calls_of(value)
        if one.call is not None:
            calls += [one] * (1 + one.surplus)
        elif error == nothing:
            error = str(one.error)
    return _first(calls, error)


def _first(calls: list[Found], error: str) -> Found:
    if not calls:
        return Found(None, error)
    return Found(calls[0].call, None, min(MOST_CALLS, len(calls) - 1), calls[0].thought)

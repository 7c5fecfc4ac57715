"""The scorer seam: what a question pack's answers are compared with, and how text is normalised."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = dict[str, Any]

_SPACES = re.compile(r"\s+")
_WRAPPING = "*_`'\"“”‘’ "
_LABEL = re.compile(r"^[*_ ]*(?:final )?answer[*_ ]*[:=][*_ ]*", re.IGNORECASE)
_WRAPPED = (re.compile(r"^\$+(.+?)\$+$"), re.compile(r"^\\boxed\{(.+)\}$"))
_FENCE = re.compile(r"```[^\n`]*\n(.*?)```", re.DOTALL)
DEEPEST = 40
LONGEST_WRAPPED = 500

EXTRACT: Json = {
    "enum": ["last_line", "whole"],
    "default": "last_line",
    "description": "What of the reply is the answer: its last line with text, or all of it.",
}
IGNORE_CASE: Json = {"type": "boolean", "default": True, "description": "Fold case."}


class Holds(Protocol):
    """Say whether `given` (the reply's text, or the argument of finish) is what is wanted."""

    def __call__(self, wanted: Any, given: Any, options: Json) -> bool:
        """Compare; `options` have their defaults filled in."""
        ...


class Problem(Protocol):
    """Say in a few words what is wrong with a line's answer that its schema cannot say."""

    def __call__(self, wanted: Any) -> str | None:
        """Return None where the answer can be used."""
        ...


@dataclass(frozen=True)
class Scorer:
    """How answers are compared.

    `options` are the properties of the JSON Schema of the scorer's options, with defaults;
    `answer` is the JSON Schema of a line's answer; `says` is the goal in words, `{}` standing for
    the answer.
    """

    description: str
    holds: Holds
    answer: Json
    says: str
    options: Json = field(default_factory=dict)
    problem: Problem = lambda wanted: None


def text_of(given: Any) -> str:
    """Return an answer as text: text as it is, anything else as JSON."""
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def extracted(given: Any, how: str) -> str:
    """Return the answer within a reply: the whole, or its last line that has text.

    A last line loses a leading `Answer:` (or `Final answer:`) and what wraps it: Markdown emphasis,
    quotes, `$…$` and `\\boxed{…}`. A line that only closes a code fence is passed over.
    """
    text = text_of(given).strip()
    if how == "whole":
        return text
    lines = [line.strip() for line in text.splitlines() if line.strip("` \t")]
    if not lines:
        return ""
    line = _LABEL.sub("", lines[-1]).strip(_WRAPPING)
    for wrapped in _WRAPPED if len(line) < LONGEST_WRAPPED else ():
        line = wrapped.sub(r"\1", line).strip(_WRAPPING)
    return line


def normalised(text: str, ignore_case: bool = True) -> str:
    """Return text in NFKC, white space collapsed, outer quotes and one final period dropped."""
    plain = _SPACES.sub(" ", unicodedata.normalize("NFKC", text)).strip(_WRAPPING)
    plain = plain.removesuffix(".").strip(_WRAPPING)
    return plain.casefold() if ignore_case else plain


def json_of(given: Any) -> Any:
    """Return the JSON value of a reply.

    That is the whole reply, else the last fenced block, else the last line. Raises ValueError
    where none of them is JSON (NaN and more than forty levels are not).
    """
    if not isinstance(given, str):
        return given
    blocks = _FENCE.findall(given)
    lines = given.strip().splitlines()
    for text in (given, *blocks[-1:], *lines[-1:]):
        try:
            value = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            continue
        if depth_within(value, DEEPEST):
            return value
    raise ValueError("not JSON")


def depth_within(value: Any, levels: int) -> bool:
    """Say whether a JSON value nests at most `levels` deep; never recurses."""
    layer = [value]
    for _ in range(levels + 1):
        if not layer:
            return True
        layer = [
            inner
            for outer in layer
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return not layer


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")

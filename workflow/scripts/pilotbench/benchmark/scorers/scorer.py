"""The interface of a scorer, which compares the answers of a question pack."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

Json = dict[str, Any]

DEEPEST = 40

EXTRACT: Json = {
    "enum": ["last_line", "whole"],
    "default": "last_line",
    "description": "What of the reply is the answer: its last line with text, or all of it.",
}
IGNORE_CASE: Json = {"type": "boolean", "default": True, "description": "Fold case."}


class Holds(Protocol):
    """Return whether `given` (the reply's text, or the argument of finish) is what is wanted."""

    def __call__(self, wanted: Any, given: Any, options: Json) -> bool:
        """Compare; `options` have their defaults filled in."""
        ...


class AnswerProblem(Protocol):
    """Return in a few words what is wrong with a line's answer that its schema does not check."""

    def __call__(self, wanted: Any) -> str | None:
        """Return None if the answer can be used."""
        ...


@dataclass(frozen=True)
class Scorer:
    """How answers are compared.

    `options` are the properties of the JSON Schema of the scorer's options, with defaults;
    `answer` is the JSON Schema of a line's answer; `goal` is the goal in words, with `{}` in the
    place of the answer.
    """

    description: str
    holds: Holds
    answer: Json
    goal: str
    options: Json = field(default_factory=dict)
    problem: AnswerProblem = lambda wanted: None


def depth_within(value: Any, levels: int) -> bool:
    """Return whether a JSON value has at most `levels` levels; never recurses."""
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

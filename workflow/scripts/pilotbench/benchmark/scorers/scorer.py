"""The interface of a scorer, which compares the answers of a question pack."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from pilotbench.benchmark.scorers.extraction import EXTRACTS, as_asked, found

Json = dict[str, Any]
RunCode = bool | Literal["weak"]
"""Whether programs of models may run on this machine; `weak`: also where none can be isolated."""

DEEPEST = 40

EXTRACT: Json = {
    "enum": [*EXTRACTS],
    "default": "last_line",
    "description": "Where in the reply the answer is read.",
}
FORM: Json = {
    "enum": ["free", "required"],
    "default": "free",
    "description": "Whether a right answer counts in any form, or only alone in its place.",
}
IGNORE_CASE: Json = {"type": "boolean", "default": True, "description": "Fold case."}


@dataclass(frozen=True)
class Verdict:
    """What was read in a reply, by which rule, and whether it is what is wanted.

    `right` is the flexible match and `in_form` the strict one: the reply has nothing but the answer
    in the place where `extract` reads it; None where a scorer asks for no form. `read` is what was
    read, None where nothing could be. `score` is a share of right (0 to 1) and `metrics` are
    further numbers by name, where a scorer has them.
    """

    right: bool
    in_form: bool | None
    read: Any
    rule: str
    why: str
    score: float | None = None
    metrics: dict[str, float] | None = None

    def counts(self, options: Json) -> bool:
        """Return whether it is a success: right, and in form where the pack requires that."""
        return self.right and (options.get("form") != "required" or bool(self.in_form))


class Judge(Protocol):
    """Return the verdict on `given` (the reply's text, or the argument of finish)."""

    def __call__(self, wanted: Any, given: Any, options: Json) -> Verdict:
        """Read and compare; `options` have their defaults filled in."""
        ...


class AnswerProblem(Protocol):
    """Return in a few words what is wrong with a line's answer that its schema does not check."""

    def __call__(self, wanted: Any) -> str | None:
        """Return None if the answer can be used."""
        ...


class PackCode(Protocol):
    """The code of one pack that scores its replies."""

    version: str
    """A hash of the code."""

    def check(self) -> None:
        """Raise TaskError, one line, if the code cannot be used."""
        ...

    def judge(self, row: Json, wanted: Any, given: Any) -> Verdict:
        """Return the verdict on a reply to the question of a row. Raises Unscorable."""
        ...


def as_text(answer: Any) -> str:
    """Return an answer as a reply: text as it is, a number or other value as JSON."""
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def first_as_text(answers: Any) -> str:
    """Return the first of several accepted answers as a reply."""
    return as_text(answers[0] if isinstance(answers, list) else answers)


@dataclass(frozen=True)
class Scorer:
    """How answers are compared.

    `options` are the properties of the JSON Schema of the scorer's options, with defaults;
    `answer` is the JSON Schema of a line's answer; `goal` is the goal in words, with `{}` in the
    place of the answer. `shown` returns a reply that is right, for examples; None where an answer
    does not give one. `calls` says whether it compares the calls of a question's own tools.
    `opened`, of scorers that run code, returns that code for the pack's folder, the options and
    `run_code` of the config; it judges in the place of `judge` and sees the whole line. Without
    `needs_answer` a line may have none.
    """

    description: str
    judge: Judge
    answer: Json
    goal: str
    options: Json = field(default_factory=dict)
    problem: AnswerProblem = lambda wanted: None
    opened: Callable[[Path, Json, RunCode], PackCode] | None = None
    shown: Callable[[Any], str] | None = as_text
    needs_answer: bool = True
    calls: Literal["none", "also", "only"] = "none"

    def holds(self, wanted: Any, given: Any, options: Json) -> bool:
        """Return whether an answer is a success."""
        return self.judge(wanted, given, options).counts(options)


def judged(
    given: Any,
    how: str,
    value_of: Callable[[str], Any],
    right: Callable[[Any], bool],
    in_form: Callable[[str], bool],
    kind: str = "text",
) -> Verdict:
    """Return the verdict on the place of a reply that counts.

    `value_of` reads a text, None if it is not one `kind`; `right` compares such a value, `in_form`
    the text of the place as it stands. Where several places say an answer (marks), each that can be
    read must be right: two different answers are none.
    """
    places = found(given, how)
    if not places:
        return Verdict(False, False, None, how, "nothing is marked as the answer")
    readings = [
        [
            (value, text, rule)
            for text, rule in zip(*place, strict=True)
            for value in [value_of(text)]
        ]
        for place in places
    ]
    readable = [[one for one in place if one[0] is not None] for place in readings]
    if not readable[0]:
        _, text, rule = readings[0][0]
        return Verdict(
            False, False, text or None, rule, f"not one {kind}" if text else "nothing to read"
        )
    chosen = [next((one for one in place if right(one[0])), None) for place in readable if place]
    if chosen[0] is None:
        _, text, rule = readable[0][-1]
        return Verdict(False, False, text, rule, "another answer")
    _, text, rule = chosen[0]
    if None in chosen:
        return Verdict(False, False, text, rule, "two different answers are marked")
    alone = in_form(as_asked(given, how))
    return Verdict(
        True, alone, text, rule, "right" + ("" if alone else ", not in the form asked for")
    )


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

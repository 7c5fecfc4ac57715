"""What a command reported about one sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilotbench.benchmark.packs.external_task import QUESTION, TARGET
from pilotbench.ground.errors import CommandFailed

Json = dict[str, Any]
WORDS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0, "true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
"""Scores in words: those of Inspect (correct, partial, incorrect, no answer), yes and no."""


@dataclass(frozen=True)
class Sample:
    """A sample in the results of a command.

    `index` is its number in the task, `name` what the program calls it. `value` is the score as it
    stands there; `success` is given by some tables. `prompt` is what was asked first; `exact` says
    that it is the whole conversation of a request. With an `error` the sample is not scored.
    `others` are further values of its row.
    """

    index: int
    value: Any = None
    success: bool | None = None
    name: str | None = None
    prompt: str = ""
    exact: bool = False
    reply: str | None = None
    target: Any = None
    read: Any = None
    why: str = ""
    rule: str = ""
    error: str | None = None
    metrics: Json = field(default_factory=dict)
    others: Json = field(default_factory=dict)

    @property
    def metadata(self) -> Json:
        """What is kept with the sample: what was asked and wanted, and what else is known of it."""
        own = {QUESTION: self.prompt or None, TARGET: self.target}
        return {n: v for n, v in {**self.others, **own}.items() if v is not None}

    def share(self, best: float) -> float:
        """Return the score as a share of the best. Raises CommandFailed for what is none."""
        if self.value is None and self.success is not None:
            return float(self.success)
        number = number_of(self.value)
        if number is None or not 0 <= number / best <= 1:
            raise CommandFailed(
                f"sample {self.index}: the score {self.value!r} is not a number from 0 to {best:g} "
                "(reader.best names the best score)"
            )
        return number / best


@dataclass(frozen=True)
class Found:
    """The files that a reader reads, and the samples that they should have."""

    files: Sequence[Path]
    indices: range

    @property
    def names(self) -> str:
        """The files in words."""
        shown = ", ".join(path.name for path in self.files[:3])
        return shown + (f" and {len(self.files) - 3} more" if len(self.files) > 3 else "")

    def nth(self, place: int, count: int) -> int:
        """Return the sample of the record at a place. Raises CommandFailed for another count."""
        if count != len(self.indices):
            raise CommandFailed(
                f"{self.names}: {count} records for {len(self.indices)} samples: name the key or "
                "column with the number of the sample in reader.fields.index"
            )
        return self.indices[place]


def number_of(value: Any) -> float | None:
    """Return a score as a number, None if it is none."""
    if isinstance(value, str) and value in WORDS:
        return WORDS[value]
    if isinstance(value, str) and value.lower() in WORDS:
        return WORDS[value.lower()]
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def simple(values: Json) -> Json:
    """Return the values that are text, numbers or true and false."""
    return {str(name): one for name, one in values.items() if isinstance(one, str | int | float)}


def text_of(content: Any) -> str:
    """Return the text of a message's content, in any of the usual forms."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, map(text_of, content)))
    if isinstance(content, dict):
        return text_of(content.get("text") or content.get("content"))
    return ""


def as_text(value: Any) -> str | None:
    """Return a value as text: a list of one as its content, None for nothing."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return None if value is None else str(value)

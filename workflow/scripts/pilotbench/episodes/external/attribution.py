"""Which sample a request was sent for: found by its text, since a body names no sample.

A request belongs to the sample whose whole conversation it is, else to the one with the longest
prompt that it contains. Among samples with equal prompts the requests are spread in order. What
fits no sample (a first message that is the same for all, a user that is simulated) belongs to none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pilotbench.episodes.external.sample import Sample, text_of
from pilotbench.providers.request import TURNS

Json = dict[str, Any]
T = TypeVar("T")


def conversation(body: Json) -> str:
    """Return the text of a body, without differences in white space."""
    parts = [body.get("instructions"), *(body.get(name) for name in TURNS)]
    return _plain("\n".join(filter(None, map(text_of, parts))))


def _plain(text: str) -> str:
    return " ".join(text.split())


@dataclass
class Attribution(Generic[T]):
    """The requests of each sample by its number, and those of no sample."""

    of: dict[int, list[T]] = field(default_factory=dict)
    rest: list[T] = field(default_factory=list)


class Attributor:
    """Attributes requests to samples."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._prompts = [(_plain(one.prompt), one) for one in samples if one.prompt.strip()]
        self._whole: dict[str, list[int]] = {}
        for prompt, one in self._prompts:
            if one.exact:
                self._whole.setdefault(prompt, []).append(one.index)
        self._count: Counter[int] = Counter()

    def index(self, body: Json) -> int | None:
        """Return the number of the sample that a body was sent for, None if it fits none."""
        text = conversation(body)
        fitting = self._whole.get(text) or self._longest(text)
        if not fitting:
            return None
        chosen = min(fitting, key=lambda index: (self._count[index], index))
        self._count[chosen] += 1
        return chosen

    def _longest(self, text: str) -> list[int]:
        inside = [(prompt, one.index) for prompt, one in self._prompts if prompt in text]
        most = max((len(prompt) for prompt, _ in inside), default=0)
        return [index for prompt, index in inside if len(prompt) == most]


def attributed(samples: Iterable[Sample], requests: Iterable[tuple[Json, T]]) -> Attribution[T]:
    """Return the requests (body, anything) of each sample, in their order."""
    finds, found = Attributor(samples), Attribution[T]()
    for body, one in requests:
        index = finds.index(body)
        (found.rest if index is None else found.of.setdefault(index, [])).append(one)
    return found

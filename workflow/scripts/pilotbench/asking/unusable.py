"""What the paid answers that could not be used have cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pilotbench.asking.journal.answers import Failure
from pilotbench.asking.prices import cost_usd
from pilotbench.providers.answer import Tokens
from pilotbench.providers.price import Priced

Json = dict[str, Any]
NO_EPISODE = -1
"""The index of a sum over the answers of several episodes."""


@dataclass(frozen=True)
class Charged:
    """An unusable answer: its episode, tokens (None if unknown), tier and Unix time in s."""

    index: int
    repeat: int
    tokens: Tokens | None
    tier: str | None = None
    at: float | None = None

    def usd(self, price: Priced | None) -> float | None:
        """Return its cost, None if it is unknown."""
        return cost_usd(price, self.tokens, self.tier, self.at)

    def as_json(self) -> Json:
        """Return plain JSON types."""
        return {**vars(self), "tokens": self.tokens and self.tokens.as_json()}


@dataclass(frozen=True)
class Unusable:
    """The unusable answers to some requests; files of earlier releases have only their sums."""

    each: tuple[Charged, ...] = ()
    answers: int = 0

    @classmethod
    def of(cls, failures: Iterable[Failure]) -> Unusable:
        """Return the failures that were paid for."""
        each = (
            Charged(one.index, one.repeat, one.tokens, one.tier, one.at)
            for one in failures
            if one.is_paid
        )
        found = tuple(each)
        return cls(found, len(found))

    @classmethod
    def in_header(cls, header: Json) -> Unusable:
        """Return what is in the header of a shard file; the oldest releases wrote nothing."""
        stored = header.get("unusable", {})
        each = _each(stored["each"]) if "each" in stored else _sums(stored)
        return cls(tuple(each), stored.get("answers", 0))

    @property
    def tokens(self) -> Tokens:
        """The sum of the tokens that are known."""
        return sum((one.tokens for one in self.each if one.tokens is not None), Tokens())

    def usd(self, price: Priced | None) -> float:
        """Return the cost, as far as it is known."""
        return sum(one.usd(price) or 0.0 for one in self.each)

    def unknown(self, price: Priced | None) -> frozenset[tuple[int, int]]:
        """Return (index, repeat) of each episode with an answer of unknown cost."""
        unknown = (one for one in self.each if one.usd(price) is None)
        return frozenset((one.index, one.repeat) for one in unknown if one.index != NO_EPISODE)

    def as_json(self) -> Json:
        """Return plain JSON types, the form in the header of a shard file."""
        unknown = {(one.index, one.repeat) for one in self.each if one.tokens is None}
        return {
            "answers": self.answers,
            "tokens": self.tokens.as_json(),
            "unknown": sorted(map(list, unknown)),
            "each": [one.as_json() for one in self.each],
        }


def _each(stored: Iterable[Json]) -> Iterator[Charged]:
    for one in stored:
        yield Charged(**{**one, "tokens": Tokens.from_json(one["tokens"])})


def _sums(stored: Json) -> Iterator[Charged]:
    """Yield what an earlier release wrote as if it were one answer, and what it did not know."""
    tokens = Tokens.from_json(stored.get("tokens"))
    if tokens is not None:
        yield Charged(NO_EPISODE, 0, tokens)
    for index, repeat in stored.get("unknown", ()):
        yield Charged(index, repeat, None)

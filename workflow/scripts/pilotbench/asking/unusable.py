"""What the paid answers that could not be used have cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pilotbench.asking.journal.answers import Failure
from pilotbench.providers.answer import Tokens

Json = dict[str, Any]


@dataclass(frozen=True)
class Unusable:
    """The number of such answers and their reported `tokens`.

    `unknown` has (index, repeat) of each episode with an answer whose tokens were not reported.
    """

    answers: int = 0
    tokens: Tokens = field(default_factory=Tokens)
    unknown: frozenset[tuple[int, int]] = frozenset()

    @classmethod
    def of(cls, failures: Iterable[Failure]) -> Unusable:
        """Return the cost of the failures that were paid for."""
        found = [failure for failure in failures if failure.is_paid]
        known = (one.tokens for one in found if one.tokens is not None)
        unknown = frozenset((one.index, one.repeat) for one in found if one.tokens is None)
        return cls(len(found), sum(known, Tokens()), unknown)

    @classmethod
    def in_header(cls, header: Json) -> Unusable:
        """Return the counts in the header of a shard file; earlier releases wrote none."""
        stored = header.get("unusable", {})
        unknown = frozenset((index, repeat) for index, repeat in stored.get("unknown", ()))
        tokens = Tokens.from_json(stored.get("tokens")) or Tokens()
        return cls(stored.get("answers", 0), tokens, unknown)

    def as_json(self) -> Json:
        """Return plain JSON types, the form in the header of a shard file."""
        unknown = sorted(map(list, self.unknown))
        return {"answers": self.answers, "tokens": self.tokens.as_json(), "unknown": unknown}

"""Paid answers that could not be used: how their lines keep the body, and what they have cost."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from pilotbench.asking.journal.answers import Failure
from pilotbench.ground.errors import UnusableAnswer
from pilotbench.providers.provider import Tokens

Json = dict[str, Any]
LONGEST_PLAIN = 20_000
"""Characters of a body that are kept as text; a longer one is compressed."""


def paid(error: Exception) -> Json:
    """Return what a line keeps of a paid answer: its body and tokens, nothing of another error.

    The body is text under `raw`; where it is long, UTF-8 in zlib in base64 under `raw_zlib`.
    """
    if not isinstance(error, UnusableAnswer):
        return {}
    tokens = error.tokens and asdict(error.tokens)
    if len(error.raw) <= LONGEST_PLAIN:
        return {"raw": error.raw, "tokens": tokens}
    packed = zlib.compress(error.raw.encode("utf-8", "replace"))
    return {"raw_zlib": b64encode(packed).decode("ascii"), "tokens": tokens}


@dataclass(frozen=True)
class Unusable:
    """What such answers have cost: `tokens` are those that were reported.

    `unknown` has (index, repeat) of each episode with one whose tokens were not.
    """

    answers: int = 0
    tokens: Tokens = field(default_factory=Tokens)
    unknown: frozenset[tuple[int, int]] = frozenset()

    @classmethod
    def of(cls, failures: Iterable[Failure]) -> Unusable:
        """Return the cost of those failures that were paid for."""
        found = [failure for failure in failures if failure.is_paid]
        known = (one.tokens for one in found if one.tokens is not None)
        unknown = frozenset((one.index, one.repeat) for one in found if one.tokens is None)
        return cls(len(found), sum(known, Tokens()), unknown)

    @classmethod
    def in_header(cls, header: Json) -> Unusable:
        """Return what the header of a shard file says; those of earlier releases say nothing."""
        said = header.get("unusable", {})
        unknown = frozenset((index, repeat) for index, repeat in said.get("unknown", ()))
        tokens = Tokens.from_json(said.get("tokens")) or Tokens()
        return cls(said.get("answers", 0), tokens, unknown)

    def as_json(self) -> Json:
        """Return plain JSON types, the form in the header of a shard file."""
        unknown = sorted(map(list, self.unknown))
        return {"answers": self.answers, "tokens": asdict(self.tokens), "unknown": unknown}

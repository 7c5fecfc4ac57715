"""An answer: the completion that a provider returned, its token counts, and how it was obtained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pilotbench.providers.rate_headers import StatedLimit

Json = dict[str, Any]
BATCH = "batch"
"""The tier of answers that came in a batch."""
MOST_TOKENS = 10**9
"""No request has more: a larger count is an error of the service, so it counts as unknown."""


@dataclass(frozen=True)
class Tokens:
    """Token counts of requests; `cached` is a part of `input`, `reasoning` of `output`.

    `cache_writes` are those input tokens that the provider stored in its cache, which some charge
    for, and `cache_writes_1h` those of them that it keeps for an hour.

    Where a provider does not report counts, there is None instead of Tokens: unknown, not 0.
    """

    input: int = 0
    output: int = 0
    reasoning: int = 0
    cached: int = 0
    cache_writes: int = 0
    cache_writes_1h: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        """Return the sum of each count."""
        return Tokens(
            self.input + other.input,
            self.output + other.output,
            self.reasoning + other.reasoning,
            self.cached + other.cached,
            self.cache_writes + other.cache_writes,
            self.cache_writes_1h + other.cache_writes_1h,
        )

    def as_json(self) -> Json:
        """Return plain JSON types; cache writes only where there are any."""
        rare = ("cache_writes", "cache_writes_1h")
        return {name: count for name, count in vars(self).items() if count or name not in rare}

    @classmethod
    def from_json(cls, value: Json | None) -> Tokens | None:
        """Return stored counts, None where they are unknown.

        Every request has input or output, so the zeros that earlier journals hold for counts that
        were not reported are read as unknown.
        """
        names = ("input", "output", "reasoning", "cached", "cache_writes", "cache_writes_1h")
        counts: list[Any] = [None]
        if isinstance(value, dict):
            counts = [value.get(name, 0) for name in names]
        if not all(type(count) is int and 0 <= count <= MOST_TOKENS for count in counts):
            return None
        return cls(*counts) if counts[0] or counts[1] else None


def charged_tier(reported: str | None, batch: str | None) -> str | None:
    """Return the tier that an answer is charged at: as reported, or BATCH if it came in one."""
    return reported if batch is None else BATCH


def added(counts: Iterable[Tokens | None]) -> Tokens | None:
    """Return the sum, None where one of the counts is unknown."""
    total = Tokens()
    for one in counts:
        if one is None:
            return None
        total += one
    return total


@dataclass(frozen=True)
class Completion:
    """What a provider returned: the assistant's message as it came, and what came with it.

    `message` is in the wire format of the provider kind, which reads it. `model` is the name that
    the provider reports. `tokens` is None where the provider did not report them. `first_token_s`
    is the time in s from the start of the attempt to the first token of a streamed answer.
    `limits` are the rate limits that came with it; they are not stored.
    `tier` is the service tier that the provider reports, in its word. `received` has what came
    beside the message as it came: raw usage, ids, fingerprint, and log probabilities.
    """

    message: Json
    finish_reason: str | None
    model: str | None
    tokens: Tokens | None = None
    first_token_s: float | None = None
    limits: tuple[StatedLimit, ...] = field(default=(), compare=False)
    tier: str | None = None
    received: Json = field(default_factory=dict)

    def as_json(self) -> Json:
        """Return plain JSON types, as the journal stores them; nothing is copied."""
        fields = {**vars(self), "tokens": self.tokens and self.tokens.as_json()}
        del fields["limits"]
        for name in ("first_token_s", "tier", "received"):
            if not fields[name] and fields[name] != 0:
                del fields[name]
        return fields

    @classmethod
    def from_json(cls, value: Json) -> Completion:
        """Return the completion that `as_json` turned into `value`."""
        return cls(
            value["message"],
            value["finish_reason"],
            value["model"],
            Tokens.from_json(value["tokens"]),
            value.get("first_token_s"),
            tier=value.get("tier"),
            received=value.get("received") or {},
        )


@dataclass(frozen=True)
class Answer:
    """A completion and how it was obtained: what the journal stores and a record shows.

    `started` is the Unix time in s of the attempt that was answered, `latency_s` its duration,
    `queued_s` the time spent waiting for a slot, `key` the alias of the key that was used, `slots`
    the slots in force on it (None where it is not limited, and in the journals of early releases).
    `batch` is the provider's name of the batch that the answer came in, None for one asked online.
    """

    completion: Completion
    key: str
    started: float
    latency_s: float
    queued_s: float
    attempts: int
    slots: int | None = None
    batch: str | None = None

    @property
    def tier(self) -> str | None:
        """The tier that the answer is charged at: `batch`, or the service tier as reported."""
        return charged_tier(self.completion.tier, self.batch)

"""A range of three numbers: low, middle (likely) and high."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass, field
from functools import reduce
from operator import add

MEASURES = ("requests", "input", "output")
"""What is estimated of an episode; tokens are of input and of output."""


@dataclass(frozen=True)
class Amounts:
    """Expected requests and tokens; `cached` and `cache_writes` are parts of `input`."""

    requests: float = 0.0
    input: float = 0.0
    output: float = 0.0
    cached: float = 0.0
    cache_writes: float = 0.0

    def __add__(self, other: Amounts) -> Amounts:
        """Return the sum of each."""
        return Amounts(*map(add, astuple(self), astuple(other)))

    def times(self, factor: float) -> Amounts:
        """Return each times `factor`."""
        return Amounts(*(factor * one for one in astuple(self)))


@dataclass(frozen=True)
class Range:
    """`low` <= `middle` <= `high`."""

    low: float = 0.0
    middle: float = 0.0
    high: float = 0.0

    def __add__(self, other: Range) -> Range:
        """Return the sums: lows are added to lows, highs to highs, as if correlated."""
        return Range(self.low + other.low, self.middle + other.middle, self.high + other.high)

    def times(self, factor: float) -> Range:
        """Return each number times `factor`."""
        return Range(self.low * factor, self.middle * factor, self.high * factor)

    def scaled(self, factor: Range) -> Range:
        """Return each number times that of `factor`."""
        return Range(self.low * factor.low, self.middle * factor.middle, self.high * factor.high)

    def sharpened(self, factor: Range | None) -> Range:
        """Return the middle times `factor`, limited to these bounds."""
        if factor is None:
            return self
        low, middle, high = (
            min(max(self.middle * one, self.low), self.high)
            for one in (factor.low, factor.middle, factor.high)
        )
        return Range(low, middle, high)


@dataclass(frozen=True)
class Workload:
    """Requests, input tokens and output tokens."""

    requests: Range = field(default_factory=Range)
    input: Range = field(default_factory=Range)
    output: Range = field(default_factory=Range)

    def __add__(self, other: Workload) -> Workload:
        """Return the sums."""
        return Workload(
            self.requests + other.requests, self.input + other.input, self.output + other.output
        )

    def times(self, factor: float) -> Workload:
        """Return each part times `factor`."""
        return Workload(*(part.times(factor) for part in (self.requests, self.input, self.output)))

    def scaled(self, factors: Mapping[str, Range]) -> Workload:
        """Return each number times that of the factor under the name of its part."""
        return Workload(*(getattr(self, name).scaled(factors[name]) for name in MEASURES))

    def as_json(self) -> dict[str, dict[str, float]]:
        """Return plain JSON types."""
        return asdict(self)


def total(loads: Iterable[Workload]) -> Workload:
    """Return the sum of loads."""
    return reduce(add, loads, Workload())

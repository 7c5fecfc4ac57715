"""Which requests share a batch: what a service's limits and failed validations have taught.

Everything here is known to this process only; another one learns it again.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pilotbench.providers.batch_api import BatchApi, Excess


class Sized(Protocol):
    """A request that is to go into a batch: its identity, and its size in bytes."""

    @property
    def name(self) -> str:
        """The identity."""
        ...

    @property
    def size(self) -> int:
        """The size in bytes."""
        ...


Of = TypeVar("Of", bound=Sized)


@dataclass
class Search:
    """The search for the requests that the service does not accept: batches that may still fail."""

    left: int


class Parts:
    """How the requests of a lane are divided into batches."""

    def __init__(self) -> None:
        self._most_requests = self._most_bytes = math.inf
        self._pieces: dict[str, tuple[Search, int]] = {}
        self._count = 0

    def divided(self, items: Sequence[Of], api: BatchApi) -> Iterator[list[Of]]:
        """Yield requests in parts that a batch may have."""
        most = min(api.most_requests, self._most_requests)
        most_bytes = min(api.most_bytes, self._most_bytes)
        pieces: defaultdict[int, list[Of]] = defaultdict(list)
        for item in items:
            pieces[self._pieces[item.name][1] if item.name in self._pieces else 0].append(item)
        for piece in pieces.values():
            part, size = list[Of](), 0
            for item in piece:
                if part and (len(part) >= most or size + item.size > most_bytes):
                    yield part
                    part, size = [], 0
                part.append(item)
                size += item.size
            yield part

    def too_large(self, excess: Excess, requests: int, size: int | None) -> None:
        """Record that a batch was too large for the service: further ones have half the size."""
        if excess.requests or size is None:
            self._most_requests = min(self._most_requests, math.ceil(requests / 2))
        if excess.bytes and size is not None:
            self._most_bytes = min(self._most_bytes, math.ceil(size / 2))

    def failed(self, names: Sequence[str], places: Sequence[int]) -> set[str]:
        """Record that the service did not accept a batch; return the requests not to submit again.

        These are the ones at `places`, which the service names as the reason. The others are
        submitted without them, and in halves if it names none or that has failed already, until
        too many batches have failed: then none is.
        """
        known = self._pieces.get(names[0])
        search = known[0] if known else Search(2 * math.ceil(math.log2(len(names))) + 2)
        search.left -= 1
        named = {names[place] for place in places if 0 <= place < len(names)}
        rest = [name for name in names if name not in named]
        if len(names) == 1 or search.left < 0:
            return set(names)
        is_whole = bool(named) and known is None
        cut = len(rest) if is_whole else math.ceil(len(rest) / 2)
        for piece in (rest[:cut], rest[cut:]):
            self._count += 1
            self._pieces |= dict.fromkeys(piece, (search, self._count))
        return named

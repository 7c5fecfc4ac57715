"""Which of several equal requests one is: the first, the second, … of one run of a program.

A number counts as used once its answer was delivered. The number of a request that failed, or whose
client has gone (its time was over, it was killed), is given to the next equal one: what a client
tries again is the same request, and is not paid twice.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

Gone = Callable[[], bool]
"""Returns whether a client has closed its connection."""


@dataclass
class _Count:
    """The numbers of one body: `out` are in flight, `free` were not delivered."""

    next: int = 0
    free: list[int] = field(default_factory=list)
    out: dict[int, Gone] = field(default_factory=dict)


class Occurrences:
    """Counts the equal requests of one run of a program; safe among threads."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, _Count] = defaultdict(_Count)
        self._lock = Lock()

    def take(self, body: str, gone: Gone) -> int:
        """Return the number, from 0, of a request with this (hash of a) body."""
        with self._lock:
            count = self._counts[body]
            for number in [n for n, client in count.out.items() if client()]:
                del count.out[number]
                heapq.heappush(count.free, number)
            if count.free:
                number = heapq.heappop(count.free)
            else:
                number, count.next = count.next, count.next + 1
            count.out[number] = gone
            return number

    def end(self, body: str, number: int, gone: Gone, delivered: bool) -> None:
        """Record what became of a request; nothing if its number was given to another one."""
        with self._lock:
            count = self._counts[body]
            if count.out.get(number) is not gone:
                return
            del count.out[number]
            if not delivered:
                heapq.heappush(count.free, number)

"""How much room one job holds on the journal's disk: what it really has in flight needs.

All jobs of a run share the slots of a key, so that what they hold together is bounded by the slots
and not by the slots times the jobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from pilotbench.asking.journal.segments import Segment
from pilotbench.ground.errors import Stopping

EACH, STEP, MOST = 2**17, 2**20, 2**25
"""Bytes for each request in flight, the steps in which they are held, and the most of a job."""


class Room:
    """The room of a segment, in steps: it grows before a request is sent, and shrinks later."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._lock = Lock()
        self._in_flight = self._held = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold room for one more answer until it is written.

        Raises Stopping where there is none, before anything is sent.
        """
        with self._lock:
            if self._needed(self._in_flight + 1) > self._held:
                self._hold(self._needed(self._in_flight + 1))
            self._in_flight += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1
                needed = self._needed(self._in_flight)
                if 2 * needed <= self._held - STEP:
                    with suppress(Stopping):  # the next request hears of it
                        self._hold(needed)

    def _hold(self, size: int) -> None:
        self._segment.reserve(size)
        self._held = size

    @staticmethod
    def _needed(in_flight: int) -> int:
        steps = max(1, -(-in_flight * EACH // STEP))
        return min(steps * STEP, MOST)

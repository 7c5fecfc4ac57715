"""How much a service takes in batches at once, as far as it has said in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 300.0
"""How long a service is left alone that takes not even one request."""


class Room:
    """How many requests of a model the service takes at once, as far as it has said."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._most = now, math.inf
        self._until, self._pause_s = -math.inf, FIRST_PAUSE_S
        self._unfit = math.inf, ""

    def full(self, requests: int) -> None:
        """Record that so many requests, with those that were out, were too many.

        If even one was, others use up what the service allows: it is left alone for a while.
        """
        if requests <= 1:
            self._until = self._now() + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._most = max(1, requests // 2)

    def left(self, out: int) -> float:
        """Return how many more may be submitted now."""
        return 0 if self._now() < self._until else max(0, self._most - out)

    def never_fits(self, size: int, why: str) -> None:
        """Record that a request of `size` bytes is more than the service takes at any time.

        It was what had no room: the others have it as before.
        """
        self._most = math.inf
        if size < self._unfit[0]:
            self._unfit = size, why

    def why_never(self, size: int) -> str | None:
        """Return why a request of `size` bytes never fits, None if it may."""
        return self._unfit[1] if size >= self._unfit[0] else None

"""The limits and the statistics of one key."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from pilotbench.simulator.ground.setup import KeySetup

Json = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """Why a request is not admitted: HTTP status, error code, seconds to wait if known."""

    status: int
    code: str
    wait_s: float | None = None


@dataclass(frozen=True)
class Limit:
    """What a key has left of a limit (`requests` or `tokens`), and the seconds until it has one."""

    name: str
    most: int
    left: int
    reset_s: float


@dataclass
class Window:
    """An amount per moving window of `length_s` seconds; `limit` None means no limit."""

    limit: int | None
    length_s: float
    used: int = 0
    _entries: deque[tuple[float, int]] = field(default_factory=deque)

    def remaining(self, now: float) -> int | None:
        """Return the remaining amount, None without a limit."""
        while self._entries and self._entries[0][0] <= now - self.length_s:
            self.used -= self._entries.popleft()[1]
        return None if self.limit is None else max(0, self.limit - self.used)

    def add(self, now: float, amount: int) -> None:
        """Use `amount`."""
        if self.limit is not None:
            self._entries.append((now, amount))
            self.used += amount

    def wait_s(self, now: float, amount: int) -> float:
        """Return the seconds until `amount` fits."""
        free = 0 if self.limit is None else self.limit - self.used
        for at, used in self._entries:
            free += used
            if free >= amount:
                return max(0.0, at + self.length_s - now)
        return self.length_s


@dataclass
class LimitedKey:
    """One key: its limits and its statistics; all times in seconds of the server's clock."""

    name: str
    setup: KeySetup
    window_s: float
    requests: int = 0
    answered: int = 0
    failed: int = 0
    abandoned: int = 0
    refused_429: int = 0
    unauthorized: int = 0
    paid_again: int = 0
    in_flight: int = 0
    in_flight_max: int = 0
    slot_seconds: float = 0.0
    tokens: int = 0
    first_request: float | None = None
    last_request: float | None = None
    last_response: float | None = None
    _changed: float = 0.0

    def __post_init__(self) -> None:
        self.rpm = Window(self.setup.rpm, self.window_s)
        self.tpm = Window(self.setup.tpm, self.window_s)

    def arrive(self, now: float, tokens: int) -> Refusal | None:
        """Count a request and admit it, or return the refusal."""
        self.requests += 1
        self.first_request = now if self.first_request is None else self.first_request
        self.last_request = now
        refusal = self._refusal(now, tokens)
        if refusal is None:
            self._move(now, +1)
            self.rpm.add(now, 1)
            self.tpm.add(now, tokens)
        elif refusal.status == 429:
            self.refused_429 += 1
        else:
            self.unauthorized += 1
        return refusal

    def leave(self, now: float) -> None:
        """Free the slot of an admitted request."""
        self._move(now, -1)
        self.last_response = now

    def slot_seconds_until(self, now: float) -> float:
        """Return the integral of requests in flight over time."""
        return self.slot_seconds + self.in_flight * (now - self._changed)

    def limits(self, now: float) -> list[Limit]:
        """Return the limits that this key has."""
        windows = (("requests", self.rpm), ("tokens", self.tpm))
        return [
            Limit(name, window.limit, left, window.wait_s(now, 1))
            for name, window in windows
            if window.limit is not None and (left := window.remaining(now)) is not None
        ]

    def as_json(self, now: float) -> Json:
        """Return the statistics."""
        return {
            "slots": self.setup.slots,
            "requests": self.requests,
            "answered": self.answered,
            "failed": self.failed,
            "abandoned": self.abandoned,
            "429": self.refused_429,
            "unauthorized": self.unauthorized,
            "paid_again": self.paid_again,
            "in_flight": self.in_flight,
            "in_flight_max": self.in_flight_max,
            "slot_seconds": self.slot_seconds_until(now),
            "tokens": self.tokens,
            "first_request": self.first_request,
            "last_request": self.last_request,
            "last_response": self.last_response,
        }

    def _refusal(self, now: float, tokens: int) -> Refusal | None:
        allowed = self.setup
        if allowed.unauthorized:
            return Refusal(401, "invalid_api_key")
        if allowed.quota_requests is not None and self.answered >= allowed.quota_requests:
            return Refusal(429, "insufficient_quota")
        if allowed.slots is not None and self.in_flight >= allowed.slots:
            return Refusal(429, "rate_limit_exceeded", 1.0)
        for window, amount in ((self.rpm, 1), (self.tpm, tokens)):
            left = window.remaining(now)
            if left is not None and left < amount:
                return Refusal(429, "rate_limit_exceeded", window.wait_s(now, amount))
        return None

    def _move(self, now: float, by: int) -> None:
        self.slot_seconds = self.slot_seconds_until(now)
        self._changed = now
        self.in_flight += by
        self.in_flight_max = max(self.in_flight_max, self.in_flight)

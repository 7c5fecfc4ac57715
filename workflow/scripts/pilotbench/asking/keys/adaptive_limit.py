"""How many requests a key takes at once, learned from its 429s: pure rules, no files, no clock.

One cut per congestion, down to the number in flight that was accepted, then one more slot at a
time, more and more rarely if that fails. The whole key is paused only when nothing is in flight or
a rate header says that nothing is left: halving with a key-wide pause costs a sixth of the key.
The first wait that a provider names is used as it is; after a second 429 in a row a pause is at
least as long as our own would be. No pause lasts longer than BELIEVED_S without a test, and each
run tests once whether it still holds.
Times are seconds of a Clock.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

FIRST_INTERVAL_S = 2.0
LONGEST_INTERVAL_S = 120.0
SAME_BURST_S = 1.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
BELIEVED_S = 3600.0
"""A longer pause is tested by a request."""
LONG_S = 60.0
"""After a longer pause one request is sent first."""


@dataclass(frozen=True)
class AdaptiveLimit:
    """What is known about a key; `limit` is None if the configured slots were never too many.

    `paused_at` is when the last pause began, `refused_since` when the first of the pauses since the
    last answer began. `resume` is the limit before them.
    """

    limit: int | None = None
    cut_at: float = 0.0
    grow_at: float = 0.0
    interval: float = FIRST_INTERVAL_S
    grew: bool = False
    paused_until: float = 0.0
    pauses: int = 0
    refused_since: float | None = None
    resume: int | None = None
    paused_at: float = 0.0

    def allowed(self, slots: int) -> int:
        """Return how many requests may be in flight on a key configured with `slots`."""
        return slots if self.limit is None else max(1, min(self.limit, slots))

    def rejected(
        self,
        now: float,
        sent: float,
        others: int,
        slots: int,
        retry_after: float | None = None,
        exhausted: bool = False,
    ) -> AdaptiveLimit:
        """Return the limit after a 429 to a request sent at `sent`.

        `others` is the number of other requests in flight; `exhausted` says that a rate header
        named 0 left.
        """
        retry_after = None if retry_after is None else min(retry_after, BELIEVED_S)
        before = self.resume or self.allowed(slots)
        if exhausted:
            return self._paused(now, retry_after, before if (retry_after or 0) > LONG_S else None)
        cut = self._cut(now, sent, max(1, others), slots, retry_after or 0.0)
        # A long wait is about the rate or a quota, however many are in flight; a short one is not.
        pauses = others == 0 or (retry_after or 0) >= LONG_S
        return cut._paused(now, retry_after, before) if pauses else cut

    def _cut(self, now: float, sent: float, others: int, slots: int, wait: float) -> AdaptiveLimit:
        allowed = self.allowed(slots)
        if sent < self.cut_at:  # the same congestion: count those that it left in flight
            same_burst = now - self.cut_at < SAME_BURST_S
            return replace(self, limit=min(allowed, others)) if same_burst else self
        interval = min(2 * self.interval, LONGEST_INTERVAL_S) if self.grew else self.interval
        return replace(
            self,
            limit=min(allowed, others),
            cut_at=now,
            grow_at=now + max(interval, wait),
            interval=interval,
            grew=False,
        )

    def _paused(self, now: float, wait: float | None, before: int | None) -> AdaptiveLimit:
        if self.paused_until > now:  # a request sent before this pause began
            return replace(self, paused_until=max(self.paused_until, now + (wait or 0.0)))
        named, least = wait or 0.0, self._least_pause()
        paused = replace(
            self,
            paused_until=now + (max(named, least) if self.pauses else named or least),
            paused_at=now,
            pauses=self.pauses + 1,
            refused_since=self.refused_since or now,
        )
        return paused if before is None else replace(paused, limit=1, resume=before)

    def _least_pause(self) -> float:
        """Return how long to pause if the provider names no time or one that was too short."""
        return min(FIRST_PAUSE_S * 2.0 ** min(self.pauses, 10), LONGEST_PAUSE_S)

    def answered(self) -> AdaptiveLimit:
        """Return the limit after an answer: a pause was about rate, so the slots come back."""
        if not self.pauses:
            return self
        limit = self.limit if self.resume is None else self.resume
        return replace(self, limit=limit, resume=None, pauses=0, refused_since=None)

    def probed(self, now: float, slots: int) -> AdaptiveLimit:
        """Return the limit with which one request tests whether the pause still holds."""
        resume = self.resume or self.allowed(slots)
        return replace(self, paused_until=min(self.paused_until, now), limit=1, resume=resume)

    def lifted(self) -> AdaptiveLimit:
        """Return the limit without the pause, as after an answer."""
        return replace(self.answered(), paused_until=0.0)

    def may_grow(self, now: float, slots: int) -> bool:
        """Return whether it is time to try one more slot, if one is needed."""
        return self.allowed(slots) < slots and now >= self.grow_at and not self.pauses

    def grown(self, now: float, slots: int) -> AdaptiveLimit:
        """Return the limit with one more slot; a second success in a row makes the next sooner."""
        interval = max(FIRST_INTERVAL_S / 2, self.interval / 2) if self.grew else self.interval
        limit = min(slots, self.allowed(slots) + 1)
        return replace(self, limit=limit, grow_at=now + interval, interval=interval, grew=True)

    def moved(self, seconds: float) -> AdaptiveLimit:
        """Return the limit on a clock that is `seconds` ahead."""
        if not seconds:
            return self
        times = {name: value + seconds for name in _TIMES if (value := getattr(self, name))}
        return replace(self, **times)

    def bounded(self, now: float) -> AdaptiveLimit:
        """Return the limit with no time further ahead than a pause may last."""
        last = now + BELIEVED_S
        ahead = {name: min(getattr(self, name), last) for name in ("paused_until", "grow_at")}
        past = {name: min(getattr(self, name), now) for name in ("cut_at", "paused_at")}
        since = None if self.refused_since is None else min(self.refused_since, now)
        return replace(self, **ahead, **past, refused_since=since)

    def timeless(self) -> AdaptiveLimit:
        """Return what does not depend on the time: the limit."""
        known = self.answered()
        return AdaptiveLimit(limit=known.limit, interval=known.interval, grew=known.grew)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> AdaptiveLimit:
        """Return the limit that `as_json` made `value` from; unreadable values are as new."""
        found = value if isinstance(value, dict) else {}
        read: dict[str, Any] = {
            name: known
            for name, (low, high) in _RANGES.items()
            if (known := number(found.get(name), low, high)) is not None
        }
        counts = {name: int(read[name]) for name in _COUNTS if name in read}
        return cls(**{**read, **counts, "grew": found.get("grew") is True})


_TIMES = ("cut_at", "grow_at", "paused_until", "refused_since", "paused_at")
_COUNTS = ("limit", "pauses", "resume")
_RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(_TIMES, (-1e12, 1e12)),
    "interval": (FIRST_INTERVAL_S / 2, LONGEST_INTERVAL_S),
    "limit": (1, 1e6),
    "resume": (1, 1e6),
    "pauses": (0, 1e6),
}
assert {one.name for one in fields(AdaptiveLimit)} == {*_RANGES, "grew"}


def number(value: Any, low: float, high: float) -> float | None:
    """Return a number read from a file, None if it is not a number between `low` and `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if low <= value <= high else None

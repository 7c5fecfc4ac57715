"""The rate limits of a model on a key, learned from headers and 429s: pure rules, no files.

The service's own count is the truth: each answer says how much is left, whoever used it, and in
whatever way the service counts. Between answers, our own count is added, and what is older than the
period is forgotten. A limit is counted only while less than half of it is left, so that a limit out
of reach costs nothing.

Until the period is known (limit_period.py), a minute is assumed, and one request tests whether the
time of the reset has come.
Times are seconds of a Clock.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from pilotbench.asking.keys.adaptive_limit import number
from pilotbench.asking.keys.limit_period import SHORTEST_RESET_S, Period
from pilotbench.providers.rate_headers import LARGEST, MINUTE_S, StatedLimit, limit_in_words

Json = dict[str, Any]
BUCKETS = 120
"""A period is counted in this number of parts."""
MARGIN_S = 0.5
"""A request may reach the service later than the next one."""
TEST_S = 60.0
"""A request tests a limit that no answer has confirmed for so long."""
KEPT_S = 7 * 86400.0
GUESS_KEPT_S = 3600.0
"""A limit is forgotten unless it was confirmed within this time."""
RENEWED_S = 60.0
"""A confirmation is written down again after this time."""
FROZEN_S = 3.0
"""A service that repeats for longer that nothing is left, and answers, does not mean it."""
SMOOTHED_S = 5.0
_SHORTEST_S = 0.1
FEWEST = 10
"""A rate is guessed from this number of answers or more."""
GROWTH = 1.1
MOST_FAILURES = 5


@dataclass
class LearnedLimit:
    """What is known about one limit; amounts are requests or tokens.

    `guessed`: no service states it; `failures` is how often more was refused. `counted_until`:
    requests are counted until then. `sent` is all that was counted, `left` what was left at `at`,
    when `mark` of `sent` had been sent; the limit is whole at `whole_at`. `rate` is how much it
    refills per second after what others use (0: unknown). `reset` is the last one that was stated,
    `frozen_at` since when it and nothing left were. `used` has [bucket, ours, of others].
    """

    limit: int
    period: Period = field(default_factory=Period)
    guessed: bool = False
    failures: int = 0
    began: float = 0.0
    seen: float = 0.0
    counted_until: float = 0.0
    sent: float = 0.0
    booked_at: float = 0.0
    left: float = 0.0
    at: float = 0.0
    mark: float = 0.0
    whole_at: float = 0.0
    rate: float = 0.0
    reset: float = 0.0
    frozen_at: float = 0.0
    used: list[list[float]] = field(default_factory=list)

    def in_words(self, name: str) -> str:
        """Return the limit in words: `120 requests a minute`."""
        return limit_in_words(name, self.limit, self.period.known)

    def is_counted(self, now: float) -> bool:
        """Return whether requests are counted now."""
        return now < self.counted_until

    def wait(self, now: float, amount: float) -> float:
        """Return the seconds until `amount` fits, or until a request may test whether it does."""
        if not self.is_counted(now):
            return 0.0
        amount = min(amount, self.limit)  # one that never fits is sent when nothing else is
        room = self._room(now)
        if room >= amount:
            return 0.0
        test = self.whole_at if self.sent <= self.mark else self.booked_at + TEST_S
        waits = [self._refill_s(now, amount - room)]
        if test >= self.at > 0:
            waits.append(test - now)
        return max(0.0, min(waits))

    def book(self, now: float, amount: float) -> float:
        """Count `amount`; return the mark that its answer needs."""
        self._forget(now)
        self._entry(now)[1] += amount
        self.sent, self.booked_at = self.sent + amount, now
        return self.sent

    def counted(self, now: float) -> float:
        """Return what is counted of the present period."""
        self._forget(now)
        return sum(entry[1] + entry[2] for entry in self.used)

    def add(self, times: Iterable[float], now: float, others: int) -> None:
        """Count requests that were sent at `times`, and `others` now."""
        counts: Counter[int] = Counter()
        counts.update(
            math.floor(at / self._width) for at in times if at > now - self.period.assumed
        )
        counts[math.floor(now / self._width)] += others
        for bucket, ours, of_others in self.used:
            counts[int(bucket)] += round(ours + of_others)
        self.used = [[bucket, float(counts[bucket]), 0.0] for bucket in sorted(counts)]

    def correct(self, amount: float) -> None:
        """Add `amount` (negative to return some) to what was counted last."""
        self.sent += amount
        if self.used:
            self.used[-1][1] = max(0.0, self.used[-1][1] + amount)

    def is_news(self, now: float, stated: StatedLimit, near: float) -> bool:
        """Return whether `observe` would change anything that matters."""
        left, near = stated.left, max(near, self.limit / 2)
        return (
            self.guessed
            or stated.limit != self.limit
            or now - self.seen > RENEWED_S
            or (left is not None and (left < near or self.is_counted(now)))
            or replace(self.period).judge(stated)
        )

    def observe(
        self,
        now: float,
        sent_at: float,
        stated: StatedLimit,
        mark: float | None,
        unbooked: float,
        near: float,
    ) -> None:
        """Take over what an answer to a request sent at `sent_at` states.

        `mark` is what `book` returned, None if it was not counted; `unbooked` is what others in
        flight use at most, and `near` how little must be left for counting.
        """
        self._state(now, stated)
        self.period.judge(stated)
        left = stated.left
        if left is None or (left == 0 and stated.reset_s == 0):  # it would be whole already
            return
        near, room = max(near, self.limit / 2), float(left)
        if not self.is_counted(now):
            if left >= near:
                return
            self.used, self.sent, self.mark, mark = [], 0.0, 0.0, 0.0
            room = left - unbooked
        elif mark is None or mark < self.mark:
            return  # a newer answer has said how much is left
        if left < near:
            self.counted_until = now + self.period.assumed + TEST_S
        reset_s = self.period.assumed if stated.reset_s is None else stated.reset_s
        frozen = self._is_frozen(now, left, reset_s)
        self._measure(room, sent_at, mark)
        self.left, self.at, self.mark = room, sent_at, mark
        self.whole_at = now + reset_s
        if frozen:
            self.used = [[bucket, ours, 0.0] for bucket, ours, _ in self.used]
        else:
            self._reconcile(now, self.limit - room + max(0.0, self.sent - mark))

    def refused(self, now: float, accepted: int) -> None:
        """Take over a 429 to a guessed limit after `accepted` answers in its period."""
        self.failures = min(MOST_FAILURES, self.failures + 1) if self.at else 0
        self.limit, self.seen = max(1, accepted), now
        self.counted_until = now + self.period.assumed + TEST_S
        self.at = now

    def may_grow(self, now: float) -> bool:
        """Return whether a guess has held for a period while it was in the way."""
        return self.guessed and now - self.at > self.period.assumed * 2.0**self.failures

    def grow(self, now: float) -> None:
        """Try a little more than was guessed."""
        if self.may_grow(now):
            self.limit, self.at = math.ceil(self.limit * GROWTH), now

    def test(self, now: float) -> None:
        """Let one request test whether there is still nothing left."""
        self.mark, self.at, self.whole_at = self.sent, now, now

    def is_kept(self, now: float) -> bool:
        """Return whether the limit was confirmed lately."""
        return now - self.seen < (GUESS_KEPT_S if self.guessed else KEPT_S)

    def moved(self, seconds: float | None, now: float) -> LearnedLimit:
        """Return the limit on a clock that is `seconds` ahead; None: nobody knows how far."""
        if seconds is None:
            return LearnedLimit(self.limit, self.period, self.guessed, seen=now)
        for name in _TIMES if seconds else ():
            if value := getattr(self, name):
                setattr(self, name, value + seconds)
        if seconds:
            buckets = math.floor(seconds / self._width)
            self.used = [[entry[0] + buckets, *entry[1:]] for entry in self.used]
        self.seen = min(self.seen, now)
        self.counted_until = min(self.counted_until, now + self.period.assumed + TEST_S)
        return self

    def as_json(self) -> Json:
        """Return plain JSON types; what is as new is left out."""
        found = {**vars(self), "period": self.period.as_json()}
        return {name: value for name, value in found.items() if value or name == "limit"}

    @classmethod
    def from_json(cls, value: Any) -> LearnedLimit | None:
        """Return the limit that `as_json` made `value` from; None if it is unreadable."""
        found = value if isinstance(value, dict) else {}
        read: Json = {
            name: known
            for name, (low, high) in _RANGES.items()
            if (known := number(found.get(name), low, high)) is not None
        }
        if "limit" not in read:
            return None
        counts = {name: int(read.get(name, 0)) for name in ("limit", "failures")}
        used = found.get("used")
        entries = map(_entry, used if isinstance(used, list) else [])
        return cls(
            **{**read, **counts},
            period=Period.from_json(found.get("period")),
            guessed=found.get("guessed") is True,
            used=[one for one in entries if one],
        )

    @property
    def _width(self) -> float:
        return self.period.assumed / BUCKETS

    def _room(self, now: float) -> float:
        """Return how much may be sent."""
        if self.period.refills:
            refilled = (now - self.at) * (self.rate or self.limit / self.period.assumed)
            return min(self.limit, self.left + refilled) - (self.sent - self.mark)
        return self.limit - self.counted(now)

    def _refill_s(self, now: float, lacking: float) -> float:
        """Return the seconds until there is room for `lacking` more."""
        if self.period.refills:
            return lacking / (self.rate or self.limit / self.period.assumed)
        for bucket, ours, others in self.used:
            lacking -= ours + others
            if lacking <= 0:
                return (bucket + 1) * self._width + self._kept_s - now
        return 0.0

    @property
    def _kept_s(self) -> float:
        return self.period.assumed + min(MARGIN_S, self.period.assumed / 20)

    def _forget(self, now: float) -> None:
        first = (now - self._kept_s) / self._width - 1
        last = now / self._width + 1
        self.used = [entry for entry in self.used if first < entry[0] <= last]

    def _entry(self, now: float) -> list[float]:
        bucket = math.floor(now / self._width)
        if not self.used or self.used[-1][0] < bucket:
            self.used.append([bucket, 0.0, 0.0])
        return self.used[-1]

    def _reconcile(self, now: float, target: float) -> None:
        """Make the sum of what is counted `target`, as the service counts it."""
        surplus = self.counted(now) - target
        if surplus < 0:
            self._entry(now)[2] -= surplus
            return
        for place, entries in ((2, reversed(self.used)), (1, iter(self.used))):
            for entry in entries:
                taken = min(surplus, entry[place])
                entry[place] -= taken
                surplus -= taken

    def _is_frozen(self, now: float, left: float, reset_s: float) -> bool:
        """Return whether a service repeats that nothing is left, whatever it answers."""
        same = left == 0 and abs(reset_s - self.reset) < SHORTEST_RESET_S
        self.reset = reset_s
        if not (same and self.frozen_at):
            self.frozen_at = 0.0 if left else now
        return now - self.frozen_at > FROZEN_S if self.frozen_at else False

    def _measure(self, room: float, sent_at: float, mark: float) -> None:
        """Take over how much was refilled since the last observation: others use the key too."""
        seconds, most = sent_at - self.at, self.limit / self.period.assumed
        if not self.period.refills or seconds < _SHORTEST_S or self.at <= 0:
            return
        gained = (room - self.left + mark - self.mark) / seconds
        weight = min(1.0, seconds / SMOOTHED_S)
        rate = self.rate or most
        self.rate = min(most, max(most / 100, rate + weight * (gained - rate)))

    def _state(self, now: float, stated: StatedLimit) -> None:
        """Take over the limit itself."""
        if self.guessed or stated.limit != self.limit or now - self.seen > RENEWED_S:
            self.seen = now
        self.limit, self.guessed = stated.limit, False
        self.rate = min(self.rate, self.limit / self.period.assumed)


_TIMES = ("began", "seen", "counted_until", "booked_at", "at", "whole_at", "frozen_at")
_RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(_TIMES, (-1e12, 1e12)),
    "limit": (1, LARGEST),
    "failures": (0, MOST_FAILURES),
    **dict.fromkeys(("sent", "left", "mark", "rate", "reset"), (-1e15, 1e15)),
}
assert {one.name for one in fields(LearnedLimit)} == {*_RANGES, "period", "guessed", "used"}


def rates_of(learned: Mapping[str, LearnedLimit]) -> dict[str, float]:
    """Return how much a minute allows, by what is counted, where the period is known.

    Limits of an hour or a day are left out: a run may use all of one at once.
    """
    found: dict[str, float] = {}
    for name, one in learned.items():
        period, counted = one.period.known, name.partition(" a ")[0]
        if period is not None and period <= MINUTE_S:
            rate = one.limit * MINUTE_S / period
            found[counted] = min(rate, found.get(counted, rate))
    return found


def _entry(value: Any) -> list[float] | None:
    if not isinstance(value, list) or len(value) != 3:
        return None
    counts = [number(one, -1e15, 1e15) for one in value]
    if None in counts or any((one or 0) < 0 for one in counts[1:]):
        return None
    return [float(one or 0) for one in counts]

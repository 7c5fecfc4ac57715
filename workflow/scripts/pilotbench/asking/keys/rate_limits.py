"""The rate limits of one model on a key, as one process sees them: what it counts and concludes.

Limits belong to a model, since most services limit each model of a key by itself; a limit that a
service shares among models is learned for each, and what other models use shows in what is left.

Without headers, a 429 is about the rate if it asks to wait for long, if hardly any request is in
flight compared with what was accepted before, or if a guess is nearly used up. The rate is then as
many requests as were answered in the last minute, and a little more is tried later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pilotbench.asking.keys.adaptive_limit import LONG_S
from pilotbench.asking.keys.learned_limits import FEWEST, LearnedLimit
from pilotbench.asking.keys.limit_period import Period
from pilotbench.asking.keys.usage_file import KeyUsage
from pilotbench.providers.answer import Tokens
from pilotbench.providers.rate_headers import MINUTE_S, StatedLimit

Learned = dict[str, LearnedLimit]
REQUESTS = "requests"
LONG_WAIT_S = 5.0
"""A service that asks to wait for longer, and for several answers, limits the rate."""
NEARLY = 0.9
MOST_REMEMBERED = 20_000


@dataclass
class RateLimits:
    """Counts the requests of this process to `model`; `free`: the config states no rpm.

    `_answered` has when the answered requests of the last minute were sent, `_most` how many were
    in flight at once and answered; `_merged` is the beginning of the last guess that knows of them.
    """

    model: str
    slots: int
    free: bool
    _answered: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_REMEMBERED))
    _most: int = 0
    _latency_s: float = 0.0
    _read: float = 0.0
    _written: float = 0.0
    _merged: float = 0.0

    def known(self, usage: KeyUsage) -> Learned:
        """Return the limits of the model."""
        return usage.learned.get(self.model, {})

    def wait(self, usage: KeyUsage, now: float) -> float:
        """Return the seconds until a request may be sent."""
        learned = self.known(usage).items()
        return max((one.wait(now, self._cost(name)) for name, one in learned), default=0.0)

    def is_counted(self, usage: KeyUsage, now: float) -> bool:
        """Return whether a request must be counted."""
        return any(one.is_counted(now) for one in self.known(usage).values())

    def book(self, usage: KeyUsage, now: float) -> dict[str, float]:
        """Count a request; return the marks that its answer needs."""
        counted = [item for item in self.known(usage).items() if item[1].is_counted(now)]
        return {name: one.book(now, self._cost(name)) for name, one in counted}

    def unused(self, usage: KeyUsage, marks: Mapping[str, float]) -> dict[str, float]:
        """Take back a request that was not sent, or refused; return its marks without it."""
        for name, one in self.known(usage).items():
            if name in marks:
                one.correct(-self._cost(name))
        return {name: mark - self._cost(name) for name, mark in marks.items()}

    def waits_long(self, usage: KeyUsage, began: float, now: float) -> bool:
        """Return whether a limit from before `began` is used up for long."""
        return any(
            one.at < began and one.wait(now, 1) > LONG_S for one in self.known(usage).values()
        )

    def test(self, usage: KeyUsage, now: float) -> None:
        """Let one request test whether there is still nothing left."""
        for one in self.known(usage).values():
            one.test(now)

    def must_change(self, usage: KeyUsage, now: float) -> bool:
        """Return whether a guess lacks the requests of this process, or may grow."""
        guess = self.known(usage).get(REQUESTS)
        if guess is None or not guess.guessed:
            return False
        return guess.began != self._merged or (guess.may_grow(now) and guess.wait(now, 1) > 0)

    def change(self, usage: KeyUsage, now: float) -> None:
        """Add the requests of this process to the guess of another one, or let it grow."""
        guess = self.known(usage).get(REQUESTS)
        if guess is None or not guess.guessed:
            return
        if guess.began != self._merged:
            self._merged = guess.began
            first = guess.began - guess.period.assumed
            mine = [taken for taken in self._answered if first < taken < guess.began]
            guess.limit += len(mine)
            guess.add(mine, now, 0)
        else:
            guess.grow(now)

    def answered(self, now: float, taken: float, in_flight: int, tokens: Tokens) -> None:
        """Remember an answer to a request that was sent at `taken` as one of `in_flight`."""
        first = not self._latency_s
        weight = 1.0 if first else 0.1
        self._latency_s += weight * (now - taken - self._latency_s)
        self._read += weight * (tokens.input - self._read)
        self._written += weight * (tokens.output - self._written)
        self._forget(now)
        self._most = max(self._most if self._answered else 0, in_flight)
        self._answered.append(taken)

    def is_news(self, usage: KeyUsage, now: float, stated: Sequence[StatedLimit]) -> bool:
        """Return whether what an answer states is to be written down."""
        learned = self.known(usage)
        return any(
            (known := learned.get(one.name)) is None
            or known.is_news(now, one, 2 * self.slots * self._cost(one.name))
            for one in stated
        )

    def observe(
        self,
        usage: KeyUsage,
        now: float,
        taken: float,
        marks: Mapping[str, float],
        stated: Sequence[StatedLimit],
        others: int,
    ) -> None:
        """Take over what an answer states."""
        learned = usage.learned.setdefault(self.model, {}) if stated else {}
        for one in stated:
            limit, cost = learned.get(one.name), self._cost(one.name)
            if limit is None:
                limit = learned[one.name] = LearnedLimit(one.limit, seen=now)
            near = 2 * self.slots * cost
            limit.observe(now, taken, one, marks.get(one.name), others * cost, near)

    def is_about_rate(self, usage: KeyUsage, now: float, others: int, wait_s: float | None) -> bool:
        """Return whether a 429 is about the rate, and not about the requests in flight."""
        if wait_s is not None and wait_s >= max(LONG_WAIT_S, 3 * self._latency_s):
            return True
        guess = self.known(usage).get(REQUESTS)
        if guess is not None and guess.guessed and guess.is_counted(now):
            return guess.counted(now) >= NEARLY * guess.limit
        self._forget(now)
        return len(self._answered) >= FEWEST and 2 * (others + 1) <= self._most

    def guess(self, usage: KeyUsage, now: float, others: int, wait_s: float | None) -> None:
        """Learn from a 429 about the rate, where neither config nor service states a limit."""
        learned = usage.learned.setdefault(self.model, {})
        known = learned.get(REQUESTS)
        stated = any(not one.guessed for one in learned.values())
        if not self.free or stated or (wait_s or 0.0) > LONG_S + LONG_WAIT_S:
            return
        if known is not None and known.is_counted(now):
            known.refused(now, round(known.counted(now)))
            return
        self._forget(now)
        if len(self._answered) + others >= FEWEST:
            guess = learned[REQUESTS] = LearnedLimit(
                1, Period(MINUTE_S, 1), guessed=True, began=now
            )
            guess.add(self._answered, now, others)
            guess.refused(now, round(guess.counted(now)))
            self._merged = now

    def _cost(self, name: str) -> float:
        """Return what a request is likely to use of a limit."""
        if "tokens" not in name:
            return 1.0
        if name.startswith("input"):
            return self._read
        return self._written + (0.0 if name.startswith("output") else self._read)

    def _forget(self, now: float) -> None:
        while self._answered and self._answered[0] < now - MINUTE_S:
            self._answered.popleft()

"""Limits learned from headers, against services that count and report in every known way."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from pilotbench.asking.keys.learned_limits import (
    GUESS_KEPT_S,
    KEPT_S,
    LearnedLimit,
    rates_of,
)
from pilotbench.asking.keys.limit_period import Period
from pilotbench.providers.rate_headers import StatedLimit

NOW = 5000.0


@dataclass
class Service:
    """A service with one limit of requests; `foreign` is how many others send per second."""

    limit: int
    period: float = 60.0
    foreign: float = 0.0
    stale: bool = False
    states_period: bool = False
    nonsense: StatedLimit | None = None
    refused: int = 0
    accepted: int = 0
    _times: deque[float] = field(default_factory=deque)
    _others: float = NOW

    def ask(self, now: float) -> tuple[bool, StatedLimit]:
        """Return whether a request is answered, and what the response states."""
        while self.foreign and self._others + 1 / self.foreign <= now:
            self._others += 1 / self.foreign
            if self.left(self._others) >= 1:
                self.take(self._others)
        if self.left(now) < 1:
            self.refused += 1
            return False, self.stated(now)
        self.accepted += 1
        self.take(now)
        return True, self.nonsense or self.stated(now)

    def stated(self, now: float) -> StatedLimit:
        left = self.limit - 1 if self.stale else int(self.left(now))
        period = self.period if self.states_period else None
        return StatedLimit("requests", self.limit, left, round(self.reset(now), 3), period)

    def left(self, now: float) -> float:
        while self._times and self._times[0] <= now - self.period:
            self._times.popleft()
        return self.limit - len(self._times)

    def take(self, now: float) -> None:
        self._times.append(now)

    def reset(self, now: float) -> float:
        return self._times[-1] + self.period - now


class Oldest(Service):
    """A moving window; the reset says when one more is free."""

    def reset(self, now: float) -> float:
        return self._times[0] + self.period - now


@dataclass
class Refilling(Service):
    """A limit that refills evenly; the reset says when it is whole, as OpenAI and Anthropic do."""

    _level: float = -1.0
    _at: float = NOW

    def left(self, now: float) -> float:
        level = self.limit if self._level < 0 else self._level
        self._level = min(self.limit, level + (now - self._at) * self.limit / self.period)
        self._at = now
        return self._level

    def take(self, now: float) -> None:
        self._level -= 1

    def reset(self, now: float) -> float:
        return (self.limit - self._level) * self.period / self.limit


class Fixed(Service):
    """A window that starts afresh at each full period."""

    def left(self, now: float) -> float:
        begin = NOW - 17 + (now - NOW + 17) // self.period * self.period
        while self._times and self._times[0] < begin:
            self._times.popleft()
        return self.limit - len(self._times)

    def reset(self, now: float) -> float:
        return self.period - (now - NOW + 17) % self.period


def play(service: Service, seconds: float, slots: int = 8, latency: float = 0.4) -> LearnedLimit:
    """Ask as fast as the learned limit allows; return it."""
    limit: LearnedLimit | None = None
    now, end = NOW, NOW + seconds
    flights: list[tuple[float, float, StatedLimit, float | None]] = []
    while now < end:
        while flights and flights[0][0] <= now:
            _, sent, stated, mark = heapq.heappop(flights)
            limit = limit or LearnedLimit(stated.limit, seen=now)
            limit.observe(now, sent, stated, mark, len(flights), 2.0 * slots)
            limit = LearnedLimit.from_json(limit.as_json())  # as each process reads it
        if len(flights) < slots and (limit is None or not limit.wait(now, 1)):
            mark = limit.book(now, 1) if limit is not None and limit.is_counted(now) else None
            answered, stated = service.ask(now)
            if mark is not None and not answered:
                limit.correct(-1)
                mark -= 1
            flight = (
                now + (latency if answered else 0.05),
                now + 1e-9 * len(flights),
                stated,
                mark,
            )
            heapq.heappush(flights, flight)
        now += 0.01
    assert limit is not None
    return limit


KINDS: dict[str, Callable[..., Service]] = {
    "whole": Service,
    "oldest": Oldest,
    "refilling": Refilling,
    "fixed": Fixed,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("limit", "period", "seconds", "least"),
    [(120, 60.0, 200.0, 3.0), (30, 60.0, 200.0, 3.0), (40, 10.0, 60.0, 4.5), (40, 2.0, 20.0, 5.0)],
    ids=["120 a minute", "30 a minute", "40 in 10 s", "40 in 2 s"],
)
def test_no_service_refuses_and_most_of_the_limit_is_used(
    kind: str, limit: int, period: float, seconds: float, least: float
) -> None:
    service = KINDS[kind](limit, period)
    play(service, seconds)
    assert service.refused <= 2
    assert service.accepted >= least * limit


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("limit", "period"), [(120, 60.0), (4000, 60.0), (14400, 86400.0), (500, 3600.0)]
)
def test_a_period_is_found_or_unknown_but_never_wrong(kind: str, limit: int, period: float) -> None:
    learned = play(KINDS[kind](limit, period), 30.0)
    assert learned.limit == limit
    assert learned.period.known in (period, None)
    assert learned.period.known == period or kind == "fixed"


def test_a_period_that_is_stated_is_known_at_once() -> None:
    learned = LearnedLimit(100, seen=NOW)
    learned.observe(NOW, NOW, StatedLimit("requests", 100, 99, 17.0, 60.0), None, 0, 0)
    assert learned.period.known == 60.0
    assert learned.in_words("requests") == "100 requests a minute"


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_others_use_too_is_refused_hardly_ever(kind: str) -> None:
    service = KINDS[kind](120, 60.0, foreign=1.0)
    play(service, 200.0)
    assert service.refused <= 0.1 * service.accepted
    assert service.accepted >= 120


def test_a_limit_out_of_reach_is_not_counted() -> None:
    service = Refilling(10_000, 60.0)
    learned = play(service, 30.0)
    assert not learned.is_counted(NOW + 30)
    assert learned.used == []
    assert service.accepted >= 0.9 * 8 / 0.41 * 30


@pytest.mark.parametrize(
    "nonsense",
    [
        StatedLimit("requests", 100, None, None),
        StatedLimit("requests", 100, 100, 0.0),
        StatedLimit("requests", 100, 79, 1e9),
        StatedLimit("requests", 10**15, 0, 0.0),
        StatedLimit("requests", 100, 0, 0.0),
        StatedLimit("requests", 100, 0, 60.0),
        StatedLimit("requests", 100, 0, None),
    ],
)
def test_nonsense_does_not_close_a_key(nonsense: StatedLimit) -> None:
    service = Service(10**6, nonsense=nonsense)
    play(service, 120.0)
    assert service.accepted >= 100


def test_a_service_that_repeats_what_was_left_is_not_stopped_by_it() -> None:
    service = Oldest(50, 60.0, stale=True)
    play(service, 30.0)
    assert service.accepted == 50


def test_a_used_up_quota_of_the_day_waits_for_its_reset() -> None:
    learned = LearnedLimit(200, seen=NOW)
    learned.observe(NOW, NOW, StatedLimit("requests a day", 200, 0, 4000.0, 86400.0), None, 0, 0)
    assert learned.wait(NOW + 1, 1) == pytest.approx(3999)
    assert learned.wait(NOW + 4001, 1) == 0
    learned.book(NOW + 4001, 1)
    assert learned.wait(NOW + 4002, 1) > 0, "one request tests it"


def test_a_request_larger_than_the_limit_goes_when_nothing_else_is_counted() -> None:
    learned = LearnedLimit(1000, seen=NOW)
    learned.observe(NOW, NOW, StatedLimit("tokens", 1000, 400, 30.0), None, 0, 0)
    assert learned.wait(NOW, 5000) > 0
    assert learned.wait(NOW + 130, 5000) == 0


def test_a_lower_and_a_higher_limit_are_taken_over_at_once() -> None:
    learned = LearnedLimit(100, seen=NOW)
    for limit in (20, 500):
        stated = StatedLimit("requests", limit, limit)
        assert learned.is_news(NOW, stated, 0)
        learned.observe(NOW, NOW, stated, None, 0, 0)
        assert learned.limit == limit


def test_a_confirmation_is_written_once_a_minute() -> None:
    learned = LearnedLimit(100, seen=NOW)
    stated = StatedLimit("requests", 100, 99, 0.6)

    def news(now: float) -> bool:
        found = learned.is_news(now, stated, 0)
        learned.observe(now, now, stated, None, 0, 0)
        return found

    assert [news(NOW) for _ in range(6)][-1] is False
    assert news(NOW + 61)
    assert not news(NOW + 62)


def test_a_limit_that_nobody_confirms_is_forgotten() -> None:
    assert LearnedLimit(5, seen=NOW).is_kept(NOW + KEPT_S - 1)
    assert not LearnedLimit(5, seen=NOW).is_kept(NOW + KEPT_S)
    assert not LearnedLimit(5, seen=NOW, guessed=True).is_kept(NOW + GUESS_KEPT_S)


def test_another_clock_moves_all_times_and_an_unknown_one_keeps_only_the_limit() -> None:
    learned = play(Oldest(30), 20.0)
    now = NOW + 20
    before = learned.wait(now, 1)
    moved = LearnedLimit.from_json(learned.as_json())
    assert moved is not None
    moved = moved.moved(-4000.0, now - 4000)
    assert moved.wait(now - 4000, 1) == pytest.approx(before, abs=1)
    unknown = learned.moved(None, 77.0)
    assert (unknown.limit, unknown.wait(77.0, 1)) == (30, 0.0)


@pytest.mark.parametrize(
    "value", [None, 7, {}, {"limit": "9"}, {"limit": 0}, {"limit": float("nan")}, {"limit": True}]
)
def test_an_unreadable_limit_is_none(value: object) -> None:
    assert LearnedLimit.from_json(value) is None


def test_damaged_parts_of_a_limit_are_as_new() -> None:
    found = LearnedLimit.from_json({"limit": 5, "used": [[1], "x", [1, -2, 0]], "period": "many"})
    assert found == LearnedLimit(5)


def test_the_rate_of_a_minute_is_the_lowest_of_those_known() -> None:
    learned = {
        "requests": LearnedLimit(10, Period(1.0, 1)),
        "requests a minute": LearnedLimit(500, Period(60.0, 3)),
        "tokens": LearnedLimit(9),
        "requests a day": LearnedLimit(20, Period(86400.0, 3)),
    }
    assert rates_of(learned) == {"requests": 500}

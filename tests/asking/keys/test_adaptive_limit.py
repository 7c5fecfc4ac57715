"""The rules that turn 429s into a number of slots."""

from __future__ import annotations

import random

import pytest

from pilotbench.asking.keys.adaptive_limit import (
    BELIEVED_S,
    FIRST_INTERVAL_S,
    FIRST_PAUSE_S,
    LONG_S,
    LONGEST_INTERVAL_S,
    LONGEST_PAUSE_S,
    AdaptiveLimit,
)

NOW = 1000.0


def test_a_key_that_never_answered_429_keeps_its_slots() -> None:
    assert AdaptiveLimit().allowed(7) == 7
    assert AdaptiveLimit().answered() == AdaptiveLimit()
    assert not AdaptiveLimit().may_grow(NOW, 7)


def test_a_429_cuts_to_the_requests_that_were_accepted() -> None:
    assert AdaptiveLimit().rejected(NOW, NOW - 0.1, others=5, slots=20).allowed(20) == 5


def test_the_429s_of_one_burst_count_as_one_cut_down_to_what_is_left_in_flight() -> None:
    limit = AdaptiveLimit()
    for others in range(19, 4, -1):  # 20 were sent at once, 15 come back
        limit = limit.rejected(NOW, NOW - 0.1, others, slots=20)
    assert limit.allowed(20) == 5
    assert limit.interval == FIRST_INTERVAL_S


def test_a_late_429_of_a_request_sent_before_the_cut_changes_nothing() -> None:
    limit = AdaptiveLimit().rejected(NOW, NOW - 0.1, others=5, slots=20)
    assert limit.rejected(NOW + 5, NOW - 0.1, others=1, slots=20) == limit


def test_a_probe_that_fails_makes_the_next_one_rarer_up_to_a_bound() -> None:
    limit = AdaptiveLimit().rejected(NOW, NOW - 0.1, others=5, slots=20)
    for _ in range(12):
        now = limit.grow_at
        assert not limit.may_grow(now - 0.01, 20)
        assert limit.may_grow(now, 20)
        limit = limit.grown(now, 20)
        assert limit.allowed(20) == 6
        before, limit = limit.interval, limit.rejected(now + 0.2, now + 0.1, others=5, slots=20)
        assert limit.allowed(20) == 5
        assert limit.interval == min(2 * before, LONGEST_INTERVAL_S)


def test_probes_that_succeed_come_sooner_and_end_at_the_configured_slots() -> None:
    limit, now = AdaptiveLimit().rejected(NOW, NOW - 0.1, others=2, slots=6), NOW
    while limit.allowed(6) < 6:
        now = limit.grow_at
        limit = limit.grown(now, 6)
    assert now - NOW < 4 * FIRST_INTERVAL_S
    assert not limit.may_grow(now + 1000, 6)


def test_a_long_wait_pauses_the_key_however_many_are_in_flight() -> None:
    limit = AdaptiveLimit().rejected(NOW, NOW - 0.1, others=3, slots=4, retry_after=LONG_S)
    assert limit.paused_until == NOW + LONG_S


def test_retry_after_delays_growth_but_pauses_nothing_while_others_are_in_flight() -> None:
    limit = AdaptiveLimit().rejected(NOW, NOW - 0.1, others=5, slots=20, retry_after=30)
    assert limit.paused_until <= NOW
    assert limit.grow_at == NOW + 30


def test_with_nothing_else_in_flight_the_key_pauses_and_then_gets_its_slots_back() -> None:
    limit = AdaptiveLimit().rejected(NOW, NOW - 0.1, others=0, slots=5, retry_after=12)
    assert limit.paused_until == NOW + 12
    assert limit.allowed(5) == 1
    assert limit.answered().allowed(5) == 5


def test_pauses_without_an_answer_between_them_grow() -> None:
    limit, waits = AdaptiveLimit(), []
    now = NOW
    for _ in range(9):
        limit = limit.rejected(now, now - 0.01, others=0, slots=5)
        waits.append(limit.paused_until - now)
        now = limit.paused_until + 0.1
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(FIRST_PAUSE_S)
    assert waits[-1] <= 30.001


@pytest.mark.parametrize("exhausted", [False, True])
def test_a_retry_after_that_was_too_short_is_extended(exhausted: bool) -> None:
    limit, now, waits = AdaptiveLimit(), NOW, []
    for _ in range(9):
        limit = limit.rejected(now, now - 0.01, 0, 5, retry_after=0.001, exhausted=exhausted)
        waits.append(limit.paused_until - now)
        now = limit.paused_until + 0.02
    assert waits[0] == pytest.approx(0.001), "the first one is taken at its word"
    assert waits[1] >= FIRST_PAUSE_S
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(LONGEST_PAUSE_S)
    assert limit.rejected(now, now - 0.01, 0, 5, 300.0).paused_until == now + 300, "longer: taken"
    again = limit.answered().rejected(now, now - 0.01, 0, 5, 0.001)
    assert again.paused_until == pytest.approx(now + 0.001)


def test_a_rate_header_of_zero_pauses_the_key_without_a_cut() -> None:
    limit = AdaptiveLimit().rejected(
        NOW, NOW - 0.1, others=4, slots=5, retry_after=7, exhausted=True
    )
    assert (limit.paused_until, limit.allowed(5)) == (NOW + 7, 5)


@pytest.mark.parametrize("others", [0, 3])
@pytest.mark.parametrize("exhausted", [False, True])
def test_no_pause_of_a_provider_exceeds_an_hour(others: int, exhausted: bool) -> None:
    limit = AdaptiveLimit().rejected(NOW, NOW - 1, others, 5, retry_after=1e9, exhausted=exhausted)
    assert max(limit.paused_until, limit.grow_at) <= NOW + BELIEVED_S


@pytest.mark.parametrize("exhausted", [False, True])
def test_after_a_long_pause_one_request_goes_first(exhausted: bool) -> None:
    limit = AdaptiveLimit().rejected(NOW, NOW - 1, 0, 5, retry_after=600, exhausted=exhausted)
    assert limit.allowed(5) == 1
    assert limit.answered().allowed(5) == 5


def test_a_pause_is_probed_by_one_request_and_lifted_by_its_answer() -> None:
    limit = AdaptiveLimit().rejected(NOW, NOW - 1, 0, 5, retry_after=600).probed(NOW + 10, 5)
    assert (limit.paused_until, limit.allowed(5)) == (NOW + 10, 1)
    assert limit.answered().allowed(5) == 5
    again = limit.rejected(NOW + 11, NOW + 10, 0, 5, retry_after=600)
    assert (again.paused_until, again.paused_at) == (NOW + 611, NOW + 11)
    assert again.lifted().allowed(5) == 5
    assert again.lifted().paused_until == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_key_of_5_configured_20_is_used_well_with_few_429s(seed: int) -> None:
    used, rejected = _simulate(allowed=5, slots=20, requests=200, seed=seed)
    known, _ = _simulate(allowed=5, slots=5, requests=200, seed=seed)
    assert used >= 0.95 * known
    assert rejected < 40


def test_the_time_since_a_key_only_refuses_is_kept_and_does_not_overflow() -> None:
    limit = AdaptiveLimit()
    for second in range(3000):
        limit = limit.rejected(NOW + 100 * second, NOW + 100 * second, others=0, slots=5)
    assert limit.refused_since == NOW
    assert limit.paused_until <= NOW + 100 * 2999 + LONGEST_PAUSE_S
    assert limit.answered().refused_since is None


def _simulate(allowed: int, slots: int, requests: int, seed: int) -> tuple[float, int]:
    """Return (utilisation, 429s) of a key in simulated time; steps of 2 ms."""
    draw, limit, now = random.Random(seed), AdaptiveLimit(), 0.0
    waiting, rejected, busy_s = requests, 0, 0.0
    accepted: list[float] = []  # their ends
    pending: list[tuple[float, float]] = []  # (when the 429 comes, when it was sent)
    while waiting or accepted or pending:
        now += 0.002
        accepted = [end for end in accepted if end > now]
        for told in [p for p in pending if p[0] <= now]:
            pending.remove(told)
            others = len(accepted) + len(pending)
            limit, rejected = limit.rejected(now, told[1], others, slots, 1.0), rejected + 1
            waiting += 1
        flying = len(accepted) + len(pending)
        if waiting and now >= limit.paused_until:
            if flying >= limit.allowed(slots) and limit.may_grow(now, slots):
                limit = limit.grown(now, slots)
            if flying < limit.allowed(slots):
                waiting -= 1
                if len(accepted) < allowed:
                    lasts = draw.lognormvariate(0, 0.6)
                    busy_s += lasts
                    accepted.append(now + lasts)
                    limit = limit.answered()
                else:
                    pending.append((now + 0.003, now))
    return busy_s / (allowed * now), rejected

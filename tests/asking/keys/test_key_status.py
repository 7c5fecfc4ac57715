"""The state of a key in words, for `status` and the live table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotbench.asking.keys.circuit_breaker import CircuitBreaker, forget
from pilotbench.asking.keys.key_status import state_of
from pilotbench.asking.keys.limiter import Limiter
from pilotbench.asking.keys.opened_limiter import key_folder
from pilotbench.ground.errors import AuthenticationFailed, ConnectionFailed
from pilotbench.providers.settings import Access
from support.clocks import HandClock

ACCESS = Access("http://here", "secret")
REFUSED = ConnectionFailed("ConnectError: [Errno 111] Connection refused")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def limiter(tmp_path: Path, clock: HandClock) -> Iterator[Limiter]:
    made = Limiter(key_folder(tmp_path, ACCESS, "k"), 5, clock=clock)
    yield made
    made.close()


def state(folder: Path, clock: HandClock) -> str:
    return str(state_of(folder, ACCESS, "k", clock))


def test_a_key_that_nobody_has_used_has_no_state_and_gets_no_files(
    tmp_path: Path, clock: HandClock
) -> None:
    assert state(tmp_path, clock) == ""
    assert list(tmp_path.iterdir()) == []


def test_a_pause_is_shown_while_it_lasts(
    tmp_path: Path, clock: HandClock, limiter: Limiter
) -> None:
    with limiter.slot() as slot:
        slot.rejected(retry_after=600)
    assert state(tmp_path, clock).startswith("paused by 429 until ")
    left = state_of(tmp_path, ACCESS, "k", clock).until - time.time()
    assert left == pytest.approx(600, abs=60)
    clock.forward(610)
    assert state(tmp_path, clock) == "refused by 429: every request, for 10 min"
    with limiter.slot() as slot:
        slot.settle(0)
    assert state(tmp_path, clock) == ""


def test_dead_keys_and_failing_services_are_shown_until_they_answer(
    tmp_path: Path, clock: HandClock, limiter: Limiter
) -> None:
    breaker = CircuitBreaker(limiter.folder, "m", 900, 30, 0, clock)
    for _ in range(3):
        breaker.failed(REFUSED, clock.now(), "a")
        clock.forward(60)
    assert state(tmp_path, clock) == "retrying: connection refused for 3 min"
    breaker.failed(AuthenticationFailed("HTTP 401: no"), clock.now(), "a")
    assert state(tmp_path, clock) == "in doubt: HTTP 401: no"
    clock.forward(2)
    breaker.failed(AuthenticationFailed("HTTP 401: no"), clock.now(), "a")
    assert state(tmp_path, clock) == "dead: HTTP 401: no"
    breaker.answered()
    assert state(tmp_path, clock) == ""
    breaker.failed(REFUSED, clock.now(), "a")
    forget(limiter.folder)
    assert state(tmp_path, clock) == ""

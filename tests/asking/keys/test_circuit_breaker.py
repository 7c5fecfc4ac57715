"""What is known of a key and the models on it, shared by processes and bounded in time."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotbench.asking.keys.circuit_breaker import FILE, CircuitBreaker, Standing
from pilotbench.ground.errors import AuthenticationFailed, ProviderError, QuotaSpent, ServerFailed
from support.clocks import HandClock

PATIENCE_S, ATTEMPT_S = 100.0, 30.0


def breaker(folder: Path, clock: HandClock, began: float = 0.0, model: str = "m") -> CircuitBreaker:
    return CircuitBreaker(folder, model, PATIENCE_S, ATTEMPT_S, began, clock)


def fail(one: CircuitBreaker, clock: HandClock, error: ProviderError, question: str = "a") -> None:
    sent = clock.now()
    clock.forward(0.1)
    one.failed(error, sent, question)


def down(one: CircuitBreaker, clock: HandClock) -> None:
    """Let everything fail for longer than `retry_for_s`."""
    for number in range(12):
        fail(one, clock, ServerFailed("HTTP 500"), f"question {number}")
        clock.forward(10)


def test_a_service_that_is_down_is_probed_once_a_minute_until_it_answers(tmp_path: Path) -> None:
    clock = HandClock()
    one, other = breaker(tmp_path, clock), breaker(tmp_path, clock)
    for _ in range(8):
        fail(one, clock, ServerFailed("HTTP 500"))
        assert one.standing() is Standing.FINE
        assert one.admit(), "failures alone hold nobody up"
        clock.forward(10)
    down(one, clock)
    assert (one.standing(), other.standing()) == (Standing.CLOSED, Standing.CLOSED)
    assert not other.admit()
    clock.forward(50)
    assert other.standing() is Standing.FINE
    assert [other.admit(), one.admit(), other.admit()] == [True, False, False]
    other.answered()
    assert one.standing() is Standing.FINE
    assert all(one.admit() for _ in range(3))


def test_a_probe_that_was_not_sent_is_left_to_the_next_request(tmp_path: Path) -> None:
    clock = HandClock()
    one = breaker(tmp_path, clock)
    fail(one, clock, AuthenticationFailed("HTTP 401"))
    clock.forward(1.5)
    assert one.admit()
    assert not one.admit()
    one.unused()
    assert one.admit()


def test_a_question_that_always_fails_blocks_no_other(tmp_path: Path) -> None:
    clock = HandClock()
    one = breaker(tmp_path, clock)
    for _ in range(30):
        fail(one, clock, ServerFailed("HTTP 500"), "the same")
        clock.forward(10)
    assert one.standing() is Standing.FINE
    fail(one, clock, ServerFailed("HTTP 500"), "another")
    assert one.standing() is Standing.CLOSED


def test_a_probe_that_fails_closes_it_for_another_minute(tmp_path: Path) -> None:
    clock = HandClock()
    one = breaker(tmp_path, clock)
    down(one, clock)
    clock.forward(50)
    assert one.admit()
    fail(one, clock, ServerFailed("HTTP 500"))
    assert one.standing() is Standing.CLOSED
    clock.forward(61)
    assert one.admit()


def test_a_process_killed_during_a_probe_blocks_no_other(tmp_path: Path) -> None:
    clock = HandClock()
    one = breaker(tmp_path, clock)
    fail(one, clock, AuthenticationFailed("HTTP 401"))
    clock.forward(1.5)
    assert one.admit()
    assert one.standing() is Standing.WAITING
    clock.forward(ATTEMPT_S + 0.1)
    assert one.admit()


def test_one_refusal_makes_the_others_wait_and_an_answer_ends_that(tmp_path: Path) -> None:
    clock = HandClock()
    one, other = breaker(tmp_path, clock), breaker(tmp_path, clock, model="n")
    fail(one, clock, AuthenticationFailed("HTTP 401"))
    assert (one.standing(), other.standing()) == (Standing.WAITING, Standing.WAITING)
    clock.forward(1.5)
    assert [other.admit(), one.admit()] == [True, False]
    other.answered()
    assert one.standing() is Standing.FINE


def test_a_dead_key_is_dead_for_all_models_and_a_failing_model_affects_only_itself(
    tmp_path: Path,
) -> None:
    clock = HandClock()
    one, other = breaker(tmp_path, clock), breaker(tmp_path, clock, model="n")
    down(one, clock)
    assert (one.standing(), other.standing()) == (Standing.CLOSED, Standing.FINE)
    for _ in range(2):
        fail(other, clock, AuthenticationFailed("HTTP 401"))
        clock.forward(1.5)
    fail(other, clock, AuthenticationFailed("HTTP 401"))
    assert (one.standing(), other.standing()) == (Standing.CLOSED, Standing.CLOSED)


def test_a_new_run_starts_without_the_evidence_of_the_last(tmp_path: Path) -> None:
    clock = HandClock()
    down(breaker(tmp_path, clock), clock)
    assert breaker(tmp_path, clock, began=clock.now()).standing() is Standing.FINE


def test_evidence_of_another_boot_is_dropped(tmp_path: Path) -> None:
    clock = HandClock()
    down(breaker(tmp_path, clock), clock)
    assert breaker(tmp_path, HandClock("two", clock.now())).standing() is Standing.FINE


def test_a_rate_limit_worded_as_a_spent_quota_is_retried(tmp_path: Path) -> None:
    clock = HandClock()
    one = breaker(tmp_path, clock)
    for _ in range(5):
        fail(one, clock, QuotaSpent("HTTP 429: quota"))
        assert one.standing() is Standing.WAITING
        while one.standing() is not Standing.FINE:
            clock.forward(0.5)
        assert one.admit()
    one.answered()
    assert one.worst() is None


@pytest.mark.parametrize("content", [b"{", b"[1]", b'{"rows": 5}', b'{"rows": {"key": [1]}}'])
def test_a_damaged_file_counts_as_new(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    clock = HandClock()
    one = breaker(tmp_path, clock)
    assert one.standing() is Standing.FINE
    fail(one, clock, AuthenticationFailed("HTTP 401"))
    assert one.standing() is Standing.WAITING

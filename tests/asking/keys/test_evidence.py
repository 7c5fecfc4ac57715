"""What consecutive failures prove, as tables; times in s of a clock that tests set."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotbench.asking.keys.evidence import PROBE_S, Evidence
from pilotbench.ground.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ProviderError,
    QuotaSpent,
    ServerFailed,
)

PATIENCE_S = 10.0
Met = tuple[float, float, str]
"""When an attempt was sent, when it came back, which question it asked."""


def refused(status: int) -> AuthenticationFailed:
    error = AuthenticationFailed(f"HTTP {status}: no")
    error.status = status
    return error


def met(error: ProviderError, *attempts: Met) -> Evidence:
    row = Evidence()
    for sent, back, question in attempts:
        row = row.after(error, sent, back, question, stale=False)
    return row


ONCE: list[Met] = [(1, 2, "a")]
TOGETHER: list[Met] = [(1, 2, "a"), (1, 2, "b"), (1.5, 2.1, "c")]
TWICE: list[Met] = [(1, 2, "a"), (3, 4, "a")]
TWO_QUESTIONS: list[Met] = [(1, 2, "a"), (3, 4, "b")]
FOR_LONG: list[Met] = [(1, 2, "a"), (3, 4, "b"), (11, 12, "a")]
FAST: list[Met] = [(1, 1, "a"), (1.1, 1.1, "a"), (1.2, 1.2, "b")]


@pytest.mark.parametrize(
    ("error", "attempts", "proven"),
    [
        (refused(401), ONCE, False),
        (refused(401), TOGETHER, False),
        (refused(401), TWICE, True),
        (refused(403), TWICE, False),
        (refused(403), TWO_QUESTIONS, True),
        (QuotaSpent("spent"), ONCE, False),
        (QuotaSpent("spent"), TWO_QUESTIONS, False),
        (QuotaSpent("spent"), FOR_LONG, True),
        (ConnectionFailed("refused"), TWICE, False),
        (ConnectionFailed("refused"), FAST, False),
        (ConnectionFailed("refused"), FOR_LONG, True),
        (ConnectionFailed("refused"), [(t, t + 1, "a") for t in range(1, 20)], False),
        (ServerFailed("HTTP 500"), FOR_LONG, True),
    ],
)
def test_only_repeated_failures_prove_something(
    error: ProviderError, attempts: list[Met], proven: bool
) -> None:
    row = met(error, *attempts)
    assert row.proves(row.last, 0.0, PATIENCE_S) is proven


def test_a_service_is_down_only_after_its_patience_since_the_run_began() -> None:
    row = met(ServerFailed("HTTP 500"), *FOR_LONG)
    assert row.proves(12, 0, PATIENCE_S)
    assert not row.proves(12, 5, PATIENCE_S)


@pytest.mark.parametrize(
    ("now", "began", "counts"),
    [(13, 0, True), (13, 12.5, False), (12 + 60 + 29, 0, True), (12 + 60 + 31, 0, False)],
)
def test_failures_of_earlier_runs_and_old_failures_are_not_evidence(
    now: float, began: float, counts: bool
) -> None:
    assert met(ServerFailed("x"), *FOR_LONG).is_row(now, began, attempt_s=30) is counts


def test_an_answer_during_an_attempt_rules_out_an_outage_at_that_time() -> None:
    row = Evidence(answered=50).after(ServerFailed("x"), 1, 60, "a", stale=False)
    assert row.since == 50


def test_a_dead_key_is_probed_soon_at_first_and_then_once_a_minute() -> None:
    assert met(refused(401), *ONCE).interval() == 1
    assert met(refused(401), *TWICE).interval() == PROBE_S
    quota = [met(QuotaSpent("x"), *[(t, t, "a") for t in range(n)]).interval() for n in (1, 3, 99)]
    assert quota == [1, 4, PROBE_S]


ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(Evidence().as_json(), ANY)) | ANY)
def test_any_content_of_the_file_can_be_judged_and_rewritten(value: Any) -> None:
    row = Evidence.from_json(json.loads(json.dumps(value)))
    row.proves(1e6, 0, PATIENCE_S)
    row = row.after(QuotaSpent("x"), 1, 2, "a", stale=False)
    assert Evidence.from_json(json.loads(json.dumps(row.as_json(), allow_nan=False))) == row

"""Keys that die, services that are down and models that do not exist: few requests, one line."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from asking.keys.test_cases import body_of
from asking.keys.test_key_client import (
    FREE,
    ask_all,
    client_of,
    pool_of,
    request,
    settings_of,
    texts,
)
from pilotbench.ground import errors, job_context, notices
from pilotbench.ground.clock import CLOCK
from support import Simulator
from support import scripted as script
from support.runs import wait_until

pytestmark = pytest.mark.usefixtures("secrets", "said")
CLOSED_PORT = "http://127.0.0.1:9/v1"


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put all secrets into the environment."""
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted")
    for name in ("k1", "k2"):
        monkeypatch.setenv(name.upper(), f"sk-{name}")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the notices in the order in which they are printed."""
    found: list[str] = []
    monkeypatch.setattr(notices, "say", lambda _, text: found.append(text))
    return found


def one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all following pools belong to one run."""
    monkeypatch.setenv(job_context.VARIABLE, json.dumps({"began": CLOCK.moment()}))


def test_an_outage_costs_its_time_once_and_few_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    one_run(monkeypatch)
    times: dict[str, Any] = {"retry_for_s": 1.5, "attempt_deadline_s": 5}
    with Simulator(keys={"k1": FREE}, faults={"error_500": 1}) as s:
        with pool_of(s, tmp_path, **times) as pool:
            found = ask_all(pool, 120, threads=5)
        first = s.stats()["total"]["requests"]
        with pool_of(s, tmp_path, **times) as pool:  # the next job of the run
            found += ask_all(pool, 20, threads=5)
        assert s.stats()["total"]["requests"] == first
    assert all(isinstance(one, errors.ServerFailed) for one in found)
    assert first <= 60
    assert any("retrying for" in text for text in said)
    assert [text for text in said if "nothing more is sent until it answers" in text]
    assert "nothing more is sent" in str(found[-1])


def test_a_new_run_asks_again_and_an_answer_ends_the_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_run(monkeypatch)
    times: dict[str, Any] = {"retry_for_s": 1.0, "attempt_deadline_s": 5}
    with (
        Simulator(keys={"k1": FREE}, faults={"error_500": 1}) as s,
        pool_of(s, tmp_path, **times) as pool,
    ):
        ask_all(pool, 20, threads=5)
    one_run(monkeypatch)
    with Simulator(keys={"k1": FREE}) as s, pool_of(s, tmp_path, **times) as pool:
        assert texts(ask_all(pool, 5)) == list("01234")


def test_a_refused_connection_is_reported_at_once_and_ends_all_requests_together(
    tmp_path: Path, said: list[str]
) -> None:
    simulator = Simulator(keys={"k1": FREE})
    simulator.base_url = CLOSED_PORT
    settings = settings_of(simulator, tmp_path, retry_for_s=1.5)
    with client_of(settings, "k1", 5, True) as pool:
        found = ask_all(pool, 60, threads=5)
    assert all(isinstance(one, errors.ConnectionFailed) for one in found)
    assert said[0] == "k1: connection refused, retrying for 1 s"
    assert said[-1].startswith("k1: connection refused for ")


def test_a_failing_key_hands_its_work_to_the_other_keys(tmp_path: Path) -> None:
    with Simulator(keys={"k1": {**FREE, "unauthorized": True}, "k2": FREE}) as s:
        with pool_of(s, tmp_path) as pool:
            assert texts(ask_all(pool, 30, threads=4)) == [str(n) for n in range(30)]
        assert s.stats()["keys"]["k1"]["requests"] <= 5


def test_a_dead_key_is_reported_and_no_job_of_the_run_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    one_run(monkeypatch)
    with Simulator(keys={"k1": {**FREE, "unauthorized": True}}) as s:
        for _ in range(3):
            with pool_of(s, tmp_path) as pool:
                found = ask_all(pool, 4, threads=1)
        assert s.stats()["total"]["requests"] == 2
    assert all(isinstance(one, errors.KeyDead) for one in found)
    (text,) = {one for one in said if "not used any more" in one}
    assert text.startswith("k1: HTTP 401")


def test_a_model_that_does_not_exist_is_stopped(tmp_path: Path) -> None:
    with (
        Simulator(keys={"k1": FREE}, reject_containing=["<<"]) as s,
        pool_of(s, tmp_path) as pool,
    ):
        found = ask_all(pool, 100, threads=3)
        sent = s.stats()["total"]["requests"]
    assert all(isinstance(one, errors.Rejected) for one in found)
    assert 5 <= sent <= 7
    assert "model_catalog.m: stopped after" in str(found[-1])


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_asks_for_tiny_waits_is_asked_less_and_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("K1", "sk-k1")
    simulator = Simulator(keys={"k1": FREE})
    reply = script.failed(status, "slow down", {"retry-after": "0.001", "retry-after-ms": "1"})
    with script.service(lambda *_: reply) as scripted:
        simulator.base_url = f"{scripted.address}/v1"
        times: dict[str, Any] = {"slots": 1, "retry_for_s": 4}
        with pool_of(simulator, tmp_path, **times) as pool, pytest.raises(errors.Retryable):
            pool.ask(body_of(0))
        assert 2 <= len(scripted.requests) <= 6


def test_a_request_waiting_for_a_doubtful_key_can_be_stopped(tmp_path: Path) -> None:
    stop = threading.Event()
    pool: dict[str, Any] = {"stop": stop}
    with (
        Simulator(keys={"k1": {**FREE, "quota_requests": 0}}) as s,
        pool_of(s, tmp_path, pool=pool, retry_for_s=600) as made,
    ):

        def stop_after_a_refusal() -> None:
            wait_until(lambda: s.stats()["total"]["requests"])
            stop.set()

        threading.Thread(target=stop_after_a_refusal).start()
        with pytest.raises(errors.Stopping):
            made.ask(request())


def test_a_question_that_always_fails_ends_only_itself(tmp_path: Path) -> None:
    """One slot: nothing else is asked while it is tried, and the others are asked afterwards."""
    with script.service(lambda body, _: _answer(body)) as scripted:
        outcome = script.play(script.shard_of(tmp_path, scripted.address, tools=False), tokens=1)
    assert (outcome.outcome(0), outcome.outcome(1)) == ("owed", "right")


def _answer(body: dict[str, Any]) -> Any:
    broken = "6 times 7" in script.question_of(body)
    return script.failed(500, "broken") if broken else script.said("8")

"""What services answer when they throttle, refuse or miss something, and what comes of it.

`q1` meets the fault, `q2` is a healthy question of the same shard.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asking.keys.test_key_client import budget_in, client_of, most_usd, settings_of
from pilotbench.asking.asker import KeyAllowance
from pilotbench.benchmark.instances import Instance
from pilotbench.episodes.evaluate import ShardOwed, evaluate
from pilotbench.ground import notices
from pilotbench.ground.errors import BudgetSpent, ProviderError, Stopping
from pilotbench.providers.request import Request
from support import Simulator
from support.http_service import Reply
from support.scripted import Played, failed, play, question_of, said, service, shard_of

Json = dict[str, Any]
Q1 = "What is 6 times 7?"
ANSWERS = {Q1: "42", "What is 3 plus 5?": "8"}
Script = Callable[[Json, int], Reply | Json | bytes]

TPM = failed(
    429,
    "You exceeded your current quota, please check your plan and billing details.",
    code="insufficient_quota",
    type="insufficient_quota",
)
_SPENT = "You exceeded your current quota. Please retry in 1.2s."
GEMINI = Reply({"error": {"code": 429, "message": _SPENT, "status": "RESOURCE_EXHAUSTED"}}, 429)
DAY = failed(429, "Rate limit reached", {"retry-after": "86400"}, code="rate_limit_exceeded")
NO_KEY = failed(401, "Incorrect API key provided", code="invalid_api_key")
MODERATED = failed(403, "Your input was flagged by our moderation system")
NOT_YET = failed(404, "The API deployment does not exist", code="DeploymentNotFound")


def faulty(fault: Reply, times: int) -> Script:
    """Return a script in which q1 meets `fault` a number of times before it is answered."""

    def reply(body: Json, number: int) -> Reply | Json | bytes:
        question = question_of(body)
        return fault if question == Q1 and number < times else said(ANSWERS[question])

    return reply


def played(folder: Path, script: Script, kind: str = "openai") -> tuple[Played, int]:
    with service(script) as scripted:
        outcome = play(shard_of(folder, scripted.address, tools=False, kind=kind))
        return outcome, scripted.asked(0)


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Set the key; return the notices in the order in which they are printed."""
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted")
    found: list[str] = []
    monkeypatch.setattr(notices, "say", lambda _, text, kind=None: found.append(text))
    return found


@pytest.mark.parametrize(
    ("fault", "times", "kind", "q1", "most"),
    [
        pytest.param(TPM, 2, "openai", "right", 3, id="rl_dash_tpm"),
        pytest.param(GEMINI, 1, "openai", "right", 2, id="rl_gemini"),
        pytest.param(NO_KEY, 1, "openai", "right", 2, id="f_401_once"),
        pytest.param(MODERATED, 99, "openai", "refused", 1, id="f_moderation"),
        pytest.param(NOT_YET, 2, "azure", "right", 3, id="b_404_once"),
        pytest.param(NOT_YET, 99, "azure", "owed", 3, id="404 permanently"),
        pytest.param(failed(403, "no"), 99, "openai", "owed", 3, id="403 for one question"),
    ],
)
def test_a_fault_of_one_question_is_retried_or_fails_that_question_only(
    tmp_path: Path, fault: Reply, times: int, kind: str, q1: str, most: int
) -> None:
    outcome, asked = played(tmp_path, faulty(fault, times), kind)
    assert (outcome.outcome(0), outcome.outcome(1)) == (q1, "right")
    assert asked <= most


def test_a_pause_of_a_day_fails_no_question_that_is_in_flight(tmp_path: Path) -> None:
    in_flight = threading.Event()

    def reply(body: Json, number: int) -> Reply | Json | bytes:
        question = question_of(body)
        if question == Q1:
            assert in_flight.wait(timeout=30)
            return DAY
        in_flight.set()
        return said(ANSWERS[question])

    outcome, asked = played(tmp_path, reply)
    assert (outcome.outcome(0), outcome.outcome(1)) == ("owed", "right")
    assert asked <= 2


def test_a_pause_of_a_day_is_reported_and_the_next_run_tries_once(
    tmp_path: Path, told: list[str]
) -> None:
    with service(lambda *_: DAY) as scripted:
        outcome = play(shard_of(tmp_path, scripted.address, tools=False))
        assert {outcome.outcome(0), outcome.outcome(1)} == {"owed"}
        assert "it asks to wait 86400 s" in "".join(outcome.messages.values())
        assert [text for text in told if "paused until" in text and "by 429" in text]
        asked = len(scripted.requests)
        scripted.reply = lambda body, _: said(ANSWERS[question_of(body)])
        outcome = play(shard_of(tmp_path, scripted.address, tools=False))
        assert (outcome.outcome(0), outcome.outcome(1)) == ("right", "right")
        assert asked <= 2


@pytest.mark.parametrize(("name", "warned"), [("m", False), ("m-2025-01-01", False), ("n", True)])
def test_an_answer_from_another_model_is_reported_during_the_run(
    tmp_path: Path, told: list[str], name: str, warned: bool
) -> None:
    outcome, _ = played(
        tmp_path, lambda body, _: {**said(ANSWERS[question_of(body)]), "model": name}
    )
    assert outcome.outcome(0) == "right"
    assert bool([text for text in told if "m: answered as n, asked for m" in text]) is warned


def test_a_shard_whose_requests_are_rejected_is_not_told_to_run_again(tmp_path: Path) -> None:
    with service(lambda *_: failed(400, "no such parameter")) as scripted:
        asked = shard_of(tmp_path, scripted.address, tools=False)
        (shard,) = asked.plan.shards
        with pytest.raises(ShardOwed) as caught:
            evaluate(asked, shard, tmp_path / "out", KeyAllowance("scripted_key", 2, False, {}))
    assert "HTTP 400: no such parameter" in str(caught.value)
    assert "again" not in str(caught.value)


def body_of(number: int) -> Request:
    messages = [{"role": "system", "content": f"{number}"}, {"role": "user", "content": Q1}]
    body = {"model": "m", "messages": messages, "max_tokens": 20}
    return Request(body, Instance("t", "none", number, "q"), "none", 0, 0)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(said("42", usage=None), id="no counts"),
        pytest.param(b"not JSON", id="unreadable"),
        pytest.param(Reply(b"{}", 504), id="a gateway timed out"),
    ],
)
def test_a_budget_holds_when_no_answer_reports_its_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reply: Any
) -> None:
    monkeypatch.setenv("K1", "sk-k1")
    each = most_usd(body_of(10))
    simulator = Simulator(keys={"k1": {"slots": 5}})
    with service(lambda *_: reply) as scripted:
        simulator.base_url = f"{scripted.address}/v1"
        settings = settings_of(simulator, tmp_path, budget_usd=20.5 * each, retry_for_s=0.5)
        with client_of(settings, "k1", 5, True) as pool:
            for number in range(10, 40):
                try:
                    pool.ask(body_of(number), most_unusable=1)
                except BudgetSpent:
                    break
                except ProviderError:
                    continue
            assert budget_in(pool).spent <= 20.5 * each
        assert 3 <= len(scripted.requests) <= 20


def test_an_answer_that_could_not_be_written_stays_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K1", "sk-k1")
    simulator = Simulator(keys={"k1": {"slots": 5}})

    def full(_: object) -> None:
        raise Stopping("the disk is full")

    with service(lambda *_: said("42")) as scripted:
        simulator.base_url = f"{scripted.address}/v1"
        settings = settings_of(simulator, tmp_path, budget_usd=1.0)
        with client_of(settings, "k1", 5, True) as pool:
            with pytest.raises(Stopping):
                pool.ask(body_of(1), write=full)
            budget_in(pool).begin(lambda: 0.0)
            assert budget_in(pool).spent == pytest.approx(110e-6)

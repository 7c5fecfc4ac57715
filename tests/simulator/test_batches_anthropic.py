"""The batch endpoints of Anthropic, asked by its official client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from support import Simulator
from support.runs import wait_until

Json = dict[str, Any]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(models={"small": {}, "claude": {"family": "claude"}}) as simulator:
        yield simulator


def client_of(simulator: Simulator) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=simulator.address, api_key="any", max_retries=0)


def request(name: str, *, model: str = "small", **more: Any) -> Any:
    messages = [{"role": "user", "content": f"<<{name}>>"}]
    return {
        "custom_id": name,
        "params": {"model": model, "max_tokens": 100, "messages": messages, **more},
    }


def ended(client: anthropic.Anthropic, batch: Any) -> Any:
    batches = client.messages.batches
    wait_until(lambda: batches.retrieve(batch.id).processing_status == "ended")
    return batches.retrieve(batch.id)


def results(client: anthropic.Anthropic, batch: Any) -> dict[str, Any]:
    return {one.custom_id: one.result for one in client.messages.batches.results(batch.id)}


def test_a_batch_is_answered_as_its_requests_are_online(simulator: Simulator) -> None:
    simulator.reset()
    with client_of(simulator) as client:
        batch = client.messages.batches.create(requests=[request(name) for name in "abc"])
        assert (batch.processing_status, batch.request_counts.processing) == ("in_progress", 3)
        assert batch.results_url is None
        batch = ended(client, batch)
        assert (batch.request_counts.processing, batch.request_counts.succeeded) == (0, 3)
        for name, result in results(client, batch).items():
            online: Any = client.messages.create(**request(name)["params"])
            assert result.message.usage.service_tier == "batch"
            assert result.message.content == online.content
            assert result.message.id == online.id
    assert simulator.stats()["tiers"] == {"batch": 3, "standard": 3}
    assert simulator.stats()["total"]["paid_again"] == 3


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"requests": []}, "at least 1 item"),
        ({"requests": [request("a")], "metadata": {}}, "Extra inputs"),
        ({"requests": [request("a"), request("a")]}, "unique"),
        ({"requests": [request("a b")]}, "should match pattern"),
        ({"requests": [request("a" * 65)]}, "should match pattern"),
        ({"requests": [request("a", stream=True)]}, "streaming"),
        ({"requests": [{"custom_id": "a"}]}, "custom_id and params"),
    ],
)
def test_a_wrong_submission_is_refused_at_once(
    simulator: Simulator, body: Json, words: str
) -> None:
    with client_of(simulator) as client, pytest.raises(anthropic.BadRequestError, match=words):
        client.post("/v1/messages/batches", body=body, cast_to=object)


def test_what_is_wrong_with_a_request_is_its_own_result(simulator: Simulator) -> None:
    simulator.reset()
    thinking = {"type": "enabled", "budget_tokens": 50}
    wrong = request("thinking", model="claude", thinking=thinking)
    with client_of(simulator) as client:
        batch = client.messages.batches.create(
            requests=[request("good"), wrong, request("none", model="none")]
        )
        batch = ended(client, batch)
        found = results(client, batch)
    assert {name: result.type for name, result in found.items()} == {
        "good": "succeeded",
        "thinking": "errored",
        "none": "errored",
    }
    assert found["thinking"].error.error.type == "invalid_request_error"
    assert found["none"].error.error.type == "not_found_error"
    assert batch.request_counts.errored == 2
    assert simulator.stats()["total"]["answered"] == 1


def test_the_list_shows_the_newest_first_and_in_pages() -> None:
    with Simulator(batches={"batch_s": 3600}) as simulator, client_of(simulator) as client:
        batches = client.messages.batches
        made = [batches.create(requests=[request(name)]).id for name in "abc"]
        first = batches.list(limit=2)
        assert ([one.id for one in first.data], first.has_more) == (made[:0:-1], True)
        assert [one.id for one in batches.list(limit=2)] == made[::-1]
        assert [one.id for one in batches.list(limit=1, before_id=made[0]).data] == made[1:2]
        with pytest.raises(anthropic.AnthropicError, match="No `results_url`"):
            batches.results(made[0])


def test_a_cancelled_batch_has_the_answers_so_far() -> None:
    with (
        Simulator(batches={"batch_s": 3600, "cancel_part": 0.5}) as simulator,
        client_of(simulator) as client,
    ):
        batch = client.messages.batches.create(requests=[request(name) for name in "abcd"])
        batch = client.messages.batches.cancel(batch.id)
        assert batch.processing_status == "canceling"
        batch = ended(client, batch)
        assert (batch.request_counts.succeeded, batch.request_counts.canceled) == (2, 2)
        kinds = {name: result.type for name, result in results(client, batch).items()}
        assert kinds == {"a": "succeeded", "b": "succeeded", "c": "canceled", "d": "canceled"}
        with pytest.raises(anthropic.BadRequestError):
            client.messages.batches.cancel(batch.id)


def test_limits() -> None:
    for limit, error in (
        ({"enqueued_requests": 1}, anthropic.RateLimitError),
        ({"max_requests": 1}, anthropic.BadRequestError),
        ({"max_bytes": 50}, anthropic.APIStatusError),
    ):
        with Simulator(batches=limit) as simulator, client_of(simulator) as client:
            with pytest.raises(error):
                client.messages.batches.create(requests=[request("a"), request("b")])
            assert simulator.stats()["batches"]["submitted"] == 0


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("invalid", {"errored": 4}),
        ("expired", {"succeeded": 2, "expired": 2}),
        ("line_overloaded", {"errored": 1, "succeeded": 3}),
    ],
)
def test_faults(simulator: Simulator, fault: str, kinds: dict[str, int]) -> None:
    simulator.batch_faults(**{fault: 1})
    with client_of(simulator) as client:
        batch = client.messages.batches.create(requests=[request(name) for name in "abcd"])
        batch = ended(client, batch)
        counts = batch.request_counts.to_dict()
        assert {kind: count for kind, count in counts.items() if count} == kinds
        types = [result.type for result in results(client, batch).values()]
        assert {kind: types.count(kind) for kind in types} == kinds

"""The batch endpoints of OpenAI and Azure, asked by their official client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from support import Simulator
from support.runs import wait_until

Json = dict[str, Any]
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(models={"small": {}, "gpt-5": {"family": "gpt-5"}}) as simulator:
        yield simulator


@pytest.fixture
def slow() -> Iterator[Simulator]:
    """A simulator whose batches run until a test ends them."""
    with Simulator(batches={"batch_s": 3600}) as simulator:
        yield simulator


def client_of(simulator: Simulator, service: str = "openai") -> openai.OpenAI:
    if service == "azure":
        return openai.AzureOpenAI(
            azure_endpoint=simulator.address,
            api_key="any",
            api_version="2025-04-01-preview",
            max_retries=0,
        )
    end = "/openai/v1" if service == "azure_v1" else "/v1"
    return openai.OpenAI(base_url=simulator.address + end, api_key="any", max_retries=0)


def line(name: str, *, url: str = CHAT, model: str = "small", **more: Any) -> Json:
    asked: Json = {"messages": [{"role": "user", "content": f"<<{name}>>"}]}
    if url.endswith("responses"):
        asked = {"input": f"<<{name}>>"}
    body = {"model": model, **asked, **more}
    return {"custom_id": name, "method": "POST", "url": url, "body": body}


def submitted(client: openai.OpenAI, lines: list[Json] | str, endpoint: Any = CHAT) -> Any:
    text = lines if isinstance(lines, str) else "\n".join(map(json.dumps, lines))
    file = client.files.create(file=("lines.jsonl", text.encode()), purpose="batch")
    return client.batches.create(
        input_file_id=file.id,
        endpoint=endpoint,
        completion_window="24h",
        metadata={"tag": "one"},
    )


def ended(client: openai.OpenAI, batch: Any) -> Any:
    wait_until(lambda: client.batches.retrieve(batch.id).status in FINAL)
    return client.batches.retrieve(batch.id)


FINAL = ("completed", "failed", "expired", "cancelled")


def lines_of(client: openai.OpenAI, name: str | None) -> dict[str, Json]:
    if name is None:
        return {}
    found = [json.loads(text) for text in client.files.content(name).text.splitlines()]
    return {one["custom_id"]: one for one in found}


@pytest.mark.parametrize(
    ("service", "endpoint", "url"),
    [
        ("openai", CHAT, CHAT),
        ("openai", RESPONSES, RESPONSES),
        ("azure", "/chat/completions", "/chat/completions"),
        ("azure", CHAT, "/chat/completions"),
        ("azure_v1", RESPONSES, RESPONSES),
    ],
)
def test_a_batch_is_answered_as_its_requests_are_online(
    simulator: Simulator, service: str, endpoint: str, url: str
) -> None:
    simulator.reset()
    with client_of(simulator, service) as client:
        batch = submitted(client, [line(name, url=url) for name in "abc"], endpoint)
        assert batch.status == "validating"
        batch = ended(client, batch)
        assert (batch.status, batch.metadata, batch.error_file_id) == (
            "completed",
            {"tag": "one"},
            None,
        )
        counts = batch.request_counts
        assert (counts.total, counts.completed, counts.failed) == (3, 3, 0)
        found = lines_of(client, batch.output_file_id)
        online = client_of(simulator)
        for name in "abc":
            response = found[name]["response"]
            assert (response["status_code"], found[name]["error"]) == (200, None)
            body = line(name, url=url)["body"]
            ask: Any = online.responses if "input" in body else online.chat.completions
            same = ask.create(**body).to_dict(mode="json")
            for moment in ("created", "created_at", "usage"):
                same.pop(moment, None), response["body"].pop(moment, None)
            assert response["body"] == same
    stats = simulator.stats()
    assert stats["total"]["paid_again"] == 3, "the same bodies were paid for online, too"
    assert stats["tiers"] == {"batch": 3, "standard": 3}


@pytest.mark.parametrize(
    ("lines", "code", "place"),
    [
        ([line("a"), line("a")], "duplicate_custom_id", 2),
        ([line("a"), line("b", url=RESPONSES)], "url_mismatch", 2),
        ([line("a", stream=True)], "invalid_request", 1),
        ([line("a", model="none")], "model_not_found", 1),
        ([line("a"), line("b", model="gpt-5")], "model_mismatch", 2),
        ([{**line("a"), "custom_id": None}], "missing_required_parameter", 1),
        ([{**line("a"), "method": "GET"}], "invalid_method", 1),
        ("", "empty_file", None),
        (json.dumps(line("a")) + "\n{", "invalid_json_line", 2),
    ],
)
def test_a_wrong_line_fails_the_whole_batch(
    simulator: Simulator, lines: list[Json] | str, code: str, place: int | None
) -> None:
    simulator.reset()
    with client_of(simulator) as client:
        batch = ended(client, submitted(client, lines))
    assert (batch.status, batch.output_file_id, batch.error_file_id) == ("failed", None, None)
    assert [(error.code, error.line) for error in batch.errors.data] == [(code, place)]
    assert simulator.stats()["total"]["answered"] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"endpoint": "/v1/embeddings"}, "Supported values are"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"input_file_id": "file-none"}, "Cannot find file"),
        ({"metadata": {"a" * 65: "b"}}, "metadata"),
        ({"metadata": {str(n): "b" for n in range(17)}}, "metadata"),
    ],
)
def test_a_wrong_submission_is_refused_at_once(
    simulator: Simulator, change: Json, words: str
) -> None:
    with client_of(simulator) as client:
        file = client.files.create(file=("a.jsonl", b"{}"), purpose="batch")
        asked: Json = {"endpoint": CHAT, "completion_window": "24h", "input_file_id": file.id}
        with pytest.raises(openai.BadRequestError, match=words):
            client.batches.create(**{**asked, **change})


def test_what_a_family_refuses_is_an_error_of_its_line(simulator: Simulator) -> None:
    simulator.reset()
    lines = [line("good", model="gpt-5"), line("bad", model="gpt-5", max_tokens=5)]
    with client_of(simulator) as client:
        batch = ended(client, submitted(client, lines))
        assert batch.status == "completed"
        assert list(lines_of(client, batch.output_file_id)) == ["good"]
        (wrong,) = lines_of(client, batch.error_file_id).values()
    assert wrong["custom_id"] == "bad"
    assert wrong["response"]["status_code"] == 400
    assert "max_tokens" in wrong["response"]["body"]["error"]["message"]
    assert simulator.stats()["total"]["answered"] == 1


def test_the_list_shows_the_newest_first_and_in_pages(slow: Simulator) -> None:
    with client_of(slow) as client:
        made = [submitted(client, [line(name)]).id for name in "abc"]
        first = client.batches.list(limit=2)
        assert [one.id for one in first.data] == made[:0:-1]
        assert first.has_more
        assert [one.id for one in client.batches.list(limit=2)] == made[::-1]


def test_batches_run_on_without_their_client_until_they_are_ended(slow: Simulator) -> None:
    with client_of(slow) as client:
        batch = submitted(client, [line(name) for name in "ab"])
        wait_until(lambda: client.batches.retrieve(batch.id).status == "in_progress")
    assert slow.stats()["batches"]["running"] == 1
    slow.end_batches()
    with client_of(slow) as client:
        assert client.batches.retrieve(batch.id).status == "completed"
    assert slow.stats()["batches"]["billed"] == 2


def test_a_cancelled_batch_has_the_answers_so_far() -> None:
    with (
        Simulator(batches={"batch_s": 3600, "cancel_part": 0.5}) as simulator,
        client_of(simulator) as client,
    ):
        batch = submitted(client, [line(name) for name in "abcd"])
        assert client.batches.cancel(batch.id).status == "cancelling"
        batch = ended(client, batch)
        assert batch.status == "cancelled"
        assert sorted(lines_of(client, batch.output_file_id)) == ["a", "b"]
        assert batch.error_file_id is None
        with pytest.raises(openai.ConflictError):
            client.batches.cancel(batch.id)


def test_a_batch_that_takes_longer_than_its_window_expires() -> None:
    with (
        Simulator(batches={"batch_s": 3600, "window_s": 0.2}) as simulator,
        client_of(simulator) as client,
    ):
        batch = ended(client, submitted(client, [line("a")]))
        assert (batch.status, batch.output_file_id) == ("expired", None)
        (late,) = lines_of(client, batch.error_file_id).values()
        assert (late["response"], late["error"]["code"]) == (None, "batch_expired")
        assert simulator.stats()["batches"]["billed"] == 0


def test_limits_of_what_is_enqueued_fail_a_batch() -> None:
    for limit in ({"enqueued_requests": 2}, {"enqueued_tokens": 40}):
        with (
            Simulator(batches={"batch_s": 3600, **limit}) as simulator,
            client_of(simulator) as client,
        ):
            first = submitted(client, [line("a")])
            second = ended(client, submitted(client, [line("b"), line("c")]))
            assert second.errors.data[0].code == "token_limit_exceeded"
            simulator.end_batches()
            assert client.batches.retrieve(first.id).status == "completed"
            assert submitted(client, [line("b")]).status == "validating"


def test_limits_of_one_batch() -> None:
    for limit, code in (("max_requests", "too_many_tasks"), ("max_bytes", "file_too_large")):
        with Simulator(batches={limit: 1}) as simulator, client_of(simulator) as client:
            batch = ended(client, submitted(client, [line("a"), line("b")]))
            assert [error.code for error in batch.errors.data] == [code]


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [("submit_reset", 1), ("submit_500", 1), ("submit_failed", 0)],
)
def test_a_submission_can_be_accepted_without_an_answer(
    simulator: Simulator, fault: str, accepted: int
) -> None:
    with client_of(simulator) as client:
        before = simulator.stats()["batches"]["submitted"]
        simulator.batch_faults(**{fault: 1})
        with pytest.raises(openai.APIError):
            submitted(client, [line("a")])
        assert simulator.stats()["batches"]["submitted"] == before + accepted
        assert ended(client, submitted(client, [line("b")])).status == "completed"


def test_the_answer_to_a_submission_can_be_late(simulator: Simulator) -> None:
    with client_of(simulator) as client:
        simulator.batch_faults(submit_late=1)
        with pytest.raises(openai.APITimeoutError):
            submitted(client.with_options(timeout=0.3), [line("late")])
        assert simulator.stats()["batches"]["held"] == 1
        batch = next(iter(client.batches.list()))
        assert ended(client, batch).status == "completed"
        simulator.release_batches()


def test_a_new_batch_can_be_missing_in_the_list() -> None:
    with Simulator(batches={"list_lag_s": 3600}) as simulator, client_of(simulator) as client:
        batch = submitted(client, [line("a")])
        assert client.batches.list().data == []
        assert ended(client, batch).status == "completed"


def test_faults_of_whole_batches_and_of_lines(simulator: Simulator) -> None:
    with client_of(simulator) as client:
        four = [line(name) for name in "abcd"]
        simulator.batch_faults(invalid=1)
        assert ended(client, submitted(client, four)).status == "failed"
        simulator.batch_faults(expired=1)
        batch = ended(client, submitted(client, four))
        assert batch.status == "expired"
        assert sorted(lines_of(client, batch.output_file_id)) == ["a", "b"]
        assert sorted(lines_of(client, batch.error_file_id)) == ["c", "d"]
        simulator.batch_faults(line_server_error=1, line_content_filter=2)
        batch = ended(client, submitted(client, four))
        wrong = lines_of(client, batch.error_file_id)
        assert [wrong[name]["response"]["status_code"] for name in "abc"] == [500, 400, 400]
        assert list(lines_of(client, batch.output_file_id)) == ["d"]
        simulator.batch_faults(stuck=1)
        batch = submitted(client, four)
        simulator.end_batches()
        assert client.batches.retrieve(batch.id).status == "in_progress"
        client.batches.cancel(batch.id)
        assert ended(client, batch).status == "cancelled"


def test_faults_of_results_happen_once(simulator: Simulator) -> None:
    with client_of(simulator) as client:
        batch = ended(client, submitted(client, [line(name) for name in "abcd"]))
        whole = client.files.content(batch.output_file_id).content
        for fault, error in (
            ("results_500", openai.InternalServerError),
            ("results_404", openai.NotFoundError),
            ("results_cut", openai.APIConnectionError),
        ):
            simulator.batch_faults(**{fault: 1})
            with pytest.raises(error):
                assert client.files.content(batch.output_file_id).content
        simulator.batch_faults(results_late=1)
        with pytest.raises(openai.APITimeoutError):
            client.with_options(timeout=0.3).files.content(batch.output_file_id)
        simulator.release_batches()
        simulator.batch_faults(look_500=1)
        with pytest.raises(openai.InternalServerError):
            client.batches.retrieve(batch.id)
        simulator.batch_faults(results_short=1)
        short = client.files.content(batch.output_file_id).content
        assert short == whole[: len(whole) // 2]
        assert client.files.content(batch.output_file_id).content == whole


def test_wrong_keys_have_no_batches() -> None:
    keys: Json = {"good": {}, "dead": {"unauthorized": True}, "spent": {"quota_requests": 0}}
    with Simulator(keys=keys) as simulator:
        for secret, error in (
            ("sk-none", openai.AuthenticationError),
            ("sk-dead", openai.AuthenticationError),
            ("sk-spent", openai.RateLimitError),
        ):
            client = client_of(simulator).with_options(api_key=secret)
            with client, pytest.raises(error):
                client.batches.list()
        with client_of(simulator).with_options(api_key="sk-good") as client:
            ended(client, submitted(client, [line("a")]))
        assert simulator.stats()["keys"]["good"]["answered"] == 1

"""The batch endpoints of Gemini, asked by Google's client."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from support import Simulator
from support.runs import wait_until

Json = dict[str, Any]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(models={"small": {}, "gemini-3": {"family": "gemini-3"}}) as simulator:
        yield simulator


@pytest.fixture
def client(simulator: Simulator) -> Iterator[genai.Client]:
    yield from clients(simulator)


@pytest.fixture
def slow() -> Iterator[Simulator]:
    """A simulator whose batches run until a test ends them."""
    with Simulator(batches={"batch_s": 3600, "cancel_part": 0.5}) as simulator:
        yield simulator


def clients(simulator: Simulator) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=simulator.address)
    client = genai.Client(api_key="any", http_options=options)
    yield client
    client.close()


def contents(name: str) -> Any:
    return [{"role": "user", "parts": [{"text": f"<<{name}>>"}]}]


def submitted(client: genai.Client, names: str, model: str = "small") -> types.BatchJob:
    source: Any = [{"contents": contents(name), "metadata": {"name": name}} for name in names]
    return client.batches.create(model=model, src=source, config={"display_name": "one"})


def ended(client: genai.Client, batch: types.BatchJob) -> types.BatchJob:
    wait_until(lambda: client.batches.get(name=batch.name or "").done)
    return client.batches.get(name=batch.name or "")


def state(batch: types.BatchJob) -> str:
    return batch.state.name.removeprefix("JOB_STATE_") if batch.state else ""


def responses(batch: types.BatchJob) -> list[types.InlinedResponse]:
    return (batch.dest and batch.dest.inlined_responses) or []


def test_inlined_requests_are_answered_as_online(
    simulator: Simulator, client: genai.Client
) -> None:
    simulator.reset()
    batch = submitted(client, "abc")
    assert (state(batch), batch.display_name) == ("PENDING", "one")
    batch = ended(client, batch)
    assert state(batch) == "SUCCEEDED"
    for name, found in zip("abc", responses(batch), strict=True):
        online = client.models.generate_content(model="small", contents=contents(name))
        assert found.metadata == {"name": name}
        assert found.response is not None
        assert found.response.candidates == online.candidates
        assert found.response.response_id == online.response_id
    stats = simulator.stats()
    assert stats["tiers"] == {"batch": 3, "standard": 3}
    assert stats["total"]["paid_again"] == 3


def test_the_requests_and_results_can_be_files(simulator: Simulator, client: genai.Client) -> None:
    lines = [{"key": name, "request": {"contents": contents(name)}} for name in "ab"]
    text = "\n".join(map(json.dumps, lines)).encode()
    file = client.files.upload(file=io.BytesIO(text), config={"mime_type": "application/jsonl"})
    batch = ended(client, client.batches.create(model="small", src=file.name or ""))
    assert batch.dest is not None
    text = client.files.download(file=batch.dest.file_name or "")
    found = {one["key"]: one["response"] for one in map(json.loads, text.splitlines())}
    assert sorted(found) == ["a", "b"]
    assert found["b"]["candidates"][0]["content"]["parts"] == [{"text": "b"}]
    simulator.batch_faults(results_cut=1)
    with pytest.raises(Exception, match=r"peer closed|incomplete"):
        client.files.download(file=batch.dest.file_name or "")


def test_metadata_can_be_missing_in_the_results() -> None:
    with Simulator(batches={"gemini_metadata": False}) as simulator:
        for client in clients(simulator):
            found = responses(ended(client, submitted(client, "ab")))
            assert [one.metadata for one in found] == [None, None]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"batch": {}}, 400, "requests or file_name"),
        ({"batch": {}, "metadata": {}}, 400, "Unknown name"),
        ({"batch": {"inputConfig": {"fileName": "files/none"}}}, 403, "may not exist"),
        (
            {"batch": {"inputConfig": {"requests": {"requests": [{"request": {}}]}}}},
            400,
            "contents is not specified",
        ),
    ],
)
def test_a_wrong_submission_is_refused_at_once(
    client: genai.Client, body: Json, status: int, words: str
) -> None:
    with pytest.raises(errors.ClientError, match=words) as raised:
        client._api_client.request("post", "models/small:batchGenerateContent", body)
    assert raised.value.code == status


def test_an_unknown_model_is_refused_at_once(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError, match="not found"):
        submitted(client, "a", "none")


def test_what_a_family_refuses_is_the_error_of_its_request(
    simulator: Simulator, client: genai.Client
) -> None:
    simulator.reset()
    wrong: Json = {"contents": [{"role": "system", "parts": [{"text": "a"}]}]}
    body: Json = {"batch": {"inputConfig": {"requests": {"requests": [{"request": wrong}]}}}}
    made = client._api_client.request("post", "models/small:batchGenerateContent", body)
    name = json.loads(made.body or "")["name"]
    batch = ended(client, types.BatchJob(name=name))
    (found,) = responses(batch)
    assert found.response is None
    assert found.error is not None
    assert "valid role" in str(found.error.message)
    assert simulator.stats()["total"]["answered"] == 0


def test_the_list_shows_the_newest_first_and_in_pages(slow: Simulator) -> None:
    for client in clients(slow):
        made = [submitted(client, name).name for name in "abc"]
        found = client.batches.list(config={"page_size": 2})
        assert [one.name for one in found.page] == made[:0:-1]
        assert [one.name for one in found] == made[::-1]


def test_a_cancelled_batch_has_no_results_and_costs_nothing(slow: Simulator) -> None:
    for client in clients(slow):
        batch = submitted(client, "abcd")
        client.batches.cancel(name=batch.name or "")
        batch = ended(client, batch)
        assert (state(batch), responses(batch)) == ("CANCELLED", [])
        with pytest.raises(errors.ClientError):
            client.batches.cancel(name=batch.name or "")
        assert slow.stats()["batches"]["billed"] == 0
        batch = submitted(client, "abcd")
        slow.end_batches()
        assert len(responses(client.batches.get(name=batch.name or ""))) == 4


def test_limits() -> None:
    for limit, status in (
        ({"enqueued_requests": 1}, 429),
        ({"max_requests": 1}, 400),
        ({"max_bytes": 50}, 400),
    ):
        with Simulator(batches=limit) as simulator:
            for client in clients(simulator):
                with pytest.raises(errors.ClientError) as raised:
                    submitted(client, "ab")
                assert raised.value.code == status


@pytest.mark.parametrize(
    ("fault", "end", "good"),
    [("invalid", "FAILED", 0), ("expired", "EXPIRED", 0), ("line_server_error", "SUCCEEDED", 3)],
)
def test_faults(
    simulator: Simulator, client: genai.Client, fault: str, end: str, good: int
) -> None:
    simulator.batch_faults(**{fault: 1})
    batch = ended(client, submitted(client, "abcd"))
    assert state(batch) == end
    assert sum(one.response is not None for one in responses(batch)) == good

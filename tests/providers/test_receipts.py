"""What comes beside a message is kept as it came, from every wire format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotbench.ground import errors
from pilotbench.providers.bodies import completed, completion
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.receipts import request_id
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
RULES = FailureRules()
COUNTS = {"prompt_tokens": 9, "completion_tokens": 1}
INPUT = {"input_tokens": 9, "output_tokens": 1}
SAID = {"role": "assistant", "content": "4"}
TOKEN = {"token": "4", "logprob": -0.1, "top_logprobs": []}
GOOGLE = {"promptTokenCount": 9, "candidatesTokenCount": 1, "trafficType": "ON_DEMAND"}


def choice(index: int = 0, text: str = "4", **more: Any) -> Json:
    message = {"role": "assistant", "content": text}
    return {"index": index, "message": message, "finish_reason": "stop", **more}


def chat(**more: Any) -> Json:
    return {"id": "c1", "choices": [choice()], "usage": COUNTS, **more}


def part(**more: Any) -> Json:
    return {"type": "message", "content": [{"type": "output_text", "text": "4", **more}]}


def candidate(index: int = 0, **more: Any) -> Json:
    content = {"role": "model", "parts": [{"text": "4"}]}
    return {"index": index, "content": content, "finishReason": "STOP", **more}


def streamed(*events: Json) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def delta(index: int, text: str | None, logprobs: Any = None, reason: str | None = None) -> Json:
    piece = {"index": index, "delta": {"content": text} if text else {}, "finish_reason": reason}
    return {"id": "c1", "service_tier": "flex", "choices": [{**piece, "logprobs": logprobs}]}


@pytest.mark.parametrize(
    ("api", "body", "headers", "tier", "received"),
    [
        ("chat", chat(), {}, None, {"id": "c1", "usage": COUNTS}),
        (
            "chat",
            chat(service_tier="default", system_fingerprint="fp_1"),
            {"x-request-id": "req_1"},
            "default",
            {"id": "c1", "usage": COUNTS, "fingerprint": "fp_1", "request_id": "req_1"},
        ),
        (
            "chat",
            chat(choices=[choice(logprobs={"content": [TOKEN], "refusal": None}), choice(1, "5")]),
            {},
            None,
            {
                "id": "c1",
                "usage": COUNTS,
                "logprobs": {"content": [TOKEN], "refusal": None},
                "choices": [choice(1, "5")],
            },
        ),
        ("chat", chat(choices=[choice(logprobs={"content": None})]), {}, None,
         {"id": "c1", "usage": COUNTS}),
        ("chat", {"code": 200, "data": chat()}, {}, None, {"id": "c1", "usage": COUNTS}),
        ("chat", chat(id=7, service_tier=["odd"], usage=None), {}, None, {"id": "7"}),
        (
            "responses",
            {"id": "r1", "status": "completed", "service_tier": "priority", "usage": INPUT,
             "output": [part(logprobs=[TOKEN])]},
            {},
            "priority",
            {"id": "r1", "usage": INPUT, "logprobs": [TOKEN]},
        ),
        (
            "messages",
            {"id": "m1", "content": "4", "stop_reason": "end_turn",
             "usage": {**INPUT, "service_tier": "standard"}},
            {"request-id": "req_2"},
            "standard",
            {"id": "m1", "usage": {**INPUT, "service_tier": "standard"}, "request_id": "req_2"},
        ),
        (
            "messages",
            {"content": "4", "usage": {**INPUT, "service_tier": "standard", "speed": "fast"}},
            {},
            "fast",
            {"usage": {**INPUT, "service_tier": "standard", "speed": "fast"}},
        ),
        (
            "gemini",
            {"responseId": "g1", "usageMetadata": GOOGLE,
             "candidates": [candidate(avgLogprobs=-0.2), candidate(1)]},
            {},
            "ON_DEMAND",
            {"id": "g1", "usage": GOOGLE, "logprobs": {"avgLogprobs": -0.2},
             "choices": [candidate(1)]},
        ),
        (
            "gemini",
            {"candidates": [candidate()]},
            {"x-gemini-service-tier": "flex"},
            "flex",
            {},
        ),
    ],
)  # fmt: skip
def test_what_comes_beside_a_message_is_kept(
    api: str, body: Json, headers: dict[str, str], tier: str | None, received: Json
) -> None:
    found = completion(WIRE_FORMATS[api], RULES, json.dumps(body).encode(), headers)
    assert (found.tier, found.received) == (tier, received)
    assert completed(WIRE_FORMATS[api], RULES, body, headers) == found


@pytest.mark.parametrize(
    ("api", "events", "tier", "received"),
    [
        (
            "chat",
            [
                delta(0, "4", {"content": [TOKEN]}),
                delta(1, "5"),
                delta(0, "2", {"content": [TOKEN], "refusal": None}),
                delta(1, "0", reason="stop"),
                delta(0, None, reason="stop"),
                {"id": "c1", "choices": [], "usage": COUNTS, "system_fingerprint": "fp_1"},
            ],
            "flex",
            {
                "id": "c1",
                "usage": COUNTS,
                "fingerprint": "fp_1",
                "logprobs": {"content": [TOKEN, TOKEN], "refusal": None},
                "choices": [{"message": {"content": "50"}, "finish_reason": "stop"}],
            },
        ),
        (
            "messages",
            [
                {"type": "message_start", "message": {"id": "m1", "usage": {
                    "input_tokens": 9, "output_tokens": 1, "service_tier": "priority"}}},
                {"type": "content_block_start", "index": 0,
                 "content_block": {"type": "text", "text": "42"}},
                {"type": "message_delta", "delta": {"stop_reason": "end_turn"},
                 "usage": {"output_tokens": 5}},
                {"type": "message_stop"},
            ],
            "priority",
            {"id": "m1",
             "usage": {"input_tokens": 9, "output_tokens": 5, "service_tier": "priority"}},
        ),
        (
            "responses",
            [{"type": "response.completed", "response": {
                "id": "r1", "status": "completed", "output": [part(text="42", logprobs=[TOKEN])],
                "usage": INPUT, "service_tier": "auto"}}],
            "auto",
            {"id": "r1", "usage": INPUT, "logprobs": [TOKEN]},
        ),
        (
            "gemini",
            [
                {"responseId": "g1", "usageMetadata": GOOGLE, "candidates": [
                    {"content": {"parts": [{"text": "4"}]},
                     "logprobsResult": {"chosenCandidates": [TOKEN]}}]},
                {"responseId": "g1", "usageMetadata": GOOGLE, "candidates": [
                    candidate(content={"parts": [{"text": "2"}]},
                              logprobsResult={"chosenCandidates": [TOKEN]}), candidate(1)]},
            ],
            "ON_DEMAND",
            {"id": "g1", "usage": GOOGLE,
             "logprobs": {"logprobsResult": {"chosenCandidates": [TOKEN, TOKEN]}},
             "choices": [{**candidate(1)}]},
        ),
    ],
)  # fmt: skip
def test_a_stream_keeps_what_an_answer_at_once_has(
    api: str, events: list[Json], tier: str, received: Json
) -> None:
    found = completion(WIRE_FORMATS[api], RULES, streamed(*events))
    assert (found.tier, found.received) == (tier, received)
    assert WIRE_FORMATS[api].read(found.message).text == "42"


@pytest.mark.parametrize(
    ("api", "content", "received"),
    [
        ("chat", json.dumps(chat(choices=[])).encode(), {"id": "c1", "usage": COUNTS}),
        ("chat", b'{"id": "c1", "usage": {', {}),
        ("chat", streamed(delta(0, "4")), {"id": "c1"}),
        ("chat", streamed(delta(0, "4"), {"usage": COUNTS}) + b"data: {\n\ndata: {}\n\n",
         {"id": "c1", "usage": COUNTS}),
        ("messages", streamed({"type": "message_start", "message": {"id": "m1", "usage": INPUT}},
                              {"type": "message_delta", "usage": {"output_tokens": 5}},
                              {"type": "error", "error": {"type": "overloaded_error"}}),
         {"id": "m1", "usage": {**INPUT, "output_tokens": 5}}),
        ("responses", streamed({"type": "response.created", "response": {"id": "r1"}}),
         {"id": "r1"}),
        ("gemini", streamed({"responseId": "g1", "usageMetadata": GOOGLE}),
         {"id": "g1", "usage": GOOGLE}),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_used_says_what_could_be_read(
    api: str, content: bytes, received: Json
) -> None:
    with pytest.raises(errors.ProviderError) as failed:
        completion(WIRE_FORMATS[api], RULES, content, {"x-request-id": "req_1"})
    assert failed.value.received == {**received, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"date": "today", "X-Request-ID": "a"}, "a"),
        ({"apim-request-id": "a"}, "a"),
        ({"x-amzn-requestid": "a"}, "a"),
        ({"x-ms-client-request-id": "b", "request-id": "a"}, "a"),
        ({"x-trace-id": "b", "apim-request-id": "a"}, "a"),
        ({"x-trace-id": "a"}, "a"),
        ({"x-request-id": " ", "x-trace-id": "a"}, "a"),
        ({"x-request-id": "a" * 1000}, "a" * 200),
    ],
)
def test_the_id_of_a_request_is_in_a_header(headers: dict[str, str], expected: str | None) -> None:
    assert request_id(headers) == expected


@pytest.mark.parametrize("name", ["usage", "logprobs", "choices"])
def test_however_deep_it_is_nothing_fails(name: str) -> None:
    deep: Any = {"content": [1]}
    for _ in range(300):
        deep = {"a": deep}
    body = chat(choices=[choice(), deep]) if name == "choices" else chat(**{name: deep})
    body = chat(choices=[choice(logprobs=deep)]) if name == "logprobs" else body
    found = completion(WIRE_FORMATS["chat"], RULES, json.dumps(body).encode())
    assert found.message["content"] == "4"

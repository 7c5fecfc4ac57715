"""Each API of the simulator in its own form: answers, usage, errors, rate limits, streams."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from support import Simulator
from support.raw_apis import APIS, FAMILIES, Raw, calls_in, handed_back, opening
from support.runs import wait_until

Json = dict[str, Any]
MODELS: Json = {
    "echo": {},
    **{family: {"plays": "turns-2", "family": family} for family in FAMILIES.values()},
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(models=MODELS) as simulator:
        yield simulator


def spread(answer: requests.Response) -> list[Json]:
    """Return the events of a stream that are JSON."""
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


TEXTS: dict[str, Callable[[Json], str]] = {
    "chat": lambda answer: answer["choices"][0]["message"]["content"],
    "responses": lambda answer: answer["output"][0]["content"][0]["text"],
    "messages": lambda answer: answer["content"][0]["text"],
    "gemini": lambda answer: answer["candidates"][0]["content"]["parts"][0]["text"],
}
STOPS: dict[str, Callable[[Json], Any]] = {
    "chat": lambda answer: answer["choices"][0]["finish_reason"],
    "responses": lambda answer: (
        answer["incomplete_details"] and answer["incomplete_details"]["reason"]
    ),
    "messages": lambda answer: answer["stop_reason"],
    "gemini": lambda answer: answer["candidates"][0]["finishReason"],
}
PIECES: dict[str, Callable[[list[Json]], str]] = {
    "chat": lambda events: "".join(
        choice["delta"].get("content") or "" for one in events for choice in one["choices"]
    ),
    "responses": lambda events: "".join(
        one["delta"] for one in events if one["type"] == "response.output_text.delta"
    ),
    "messages": lambda events: "".join(
        one["delta"].get("text", "") for one in events if one["type"] == "content_block_delta"
    ),
    "gemini": lambda events: "".join(
        part["text"] for one in events for part in one["candidates"][0]["content"]["parts"]
    ),
}


@pytest.mark.parametrize("api", APIS)
def test_a_question_is_answered_in_text(simulator: Simulator, api: str) -> None:
    body = opening(api, "echo", tools=False)
    body.pop("thinking", None)
    answer = Raw(api, simulator.address).post(body)
    assert TEXTS[api](answer.json()) == "42"


@pytest.mark.parametrize("api", APIS)
def test_a_stream_has_the_same_text_and_its_content_type(simulator: Simulator, api: str) -> None:
    body = opening(api, "echo", "Say <<one, two, three and four>>", tools=False)
    answer = Raw(api, simulator.address).post(body, stream=True)
    assert answer.headers["content-type"] == "text/event-stream"
    events = spread(answer)
    assert len(events) > 3
    assert PIECES[api](events) == "one, two, three and four"


USAGE: dict[str, Callable[[Json], dict[str, int]]] = {
    "chat": lambda answer: {
        "input": answer["usage"]["prompt_tokens"],
        "output": answer["usage"]["completion_tokens"],
        "cached": answer["usage"]["prompt_tokens_details"]["cached_tokens"],
        "reasoning": answer["usage"]["completion_tokens_details"]["reasoning_tokens"],
        "total": answer["usage"]["total_tokens"],
    },
    "responses": lambda answer: {
        "input": answer["usage"]["input_tokens"],
        "output": answer["usage"]["output_tokens"],
        "cached": answer["usage"]["input_tokens_details"]["cached_tokens"],
        "reasoning": answer["usage"]["output_tokens_details"]["reasoning_tokens"],
        "total": answer["usage"]["total_tokens"],
    },
    "gemini": lambda answer: {
        "input": answer["usageMetadata"]["promptTokenCount"],
        "output": answer["usageMetadata"]["candidatesTokenCount"]
        + answer["usageMetadata"]["thoughtsTokenCount"],
        "cached": answer["usageMetadata"].get("cachedContentTokenCount", 0),
        "reasoning": answer["usageMetadata"]["thoughtsTokenCount"],
        "total": answer["usageMetadata"]["totalTokenCount"],
    },
}


@pytest.mark.parametrize("api", USAGE)
def test_usage_counts_reasoning_and_what_is_cached(simulator: Simulator, api: str) -> None:
    raw = Raw(api, simulator.address)
    body = opening(api, FAMILIES[api], f"{'word ' * 400} <<{api}>>")
    first = raw.post(body).json()
    second = raw.post(handed_back(api, body, first)).json()
    counts = USAGE[api](second)
    assert 0 < counts["reasoning"] < counts["output"]
    assert counts["total"] == counts["input"] + counts["output"]
    assert USAGE[api](first)["cached"] == 0
    assert 0 < counts["cached"] <= USAGE[api](first)["input"] < counts["input"]


def test_anthropic_counts_the_cache_apart_where_it_is_asked_for(simulator: Simulator) -> None:
    raw = Raw("messages", simulator.address)
    body = opening("messages", "claude", f"{'word ' * 400} <<cached>>")
    plain = raw.post(body).json()["usage"]
    assert 0 < plain["output_tokens_details"]["thinking_tokens"] < plain["output_tokens"]
    assert plain["cache_creation_input_tokens"] == plain["cache_read_input_tokens"] == 0
    body["system"] = [{"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}}]
    first = raw.post(body).json()
    assert first["usage"]["cache_creation_input_tokens"] > 0
    second = raw.post(handed_back("messages", body, first)).json()["usage"]
    assert second["cache_read_input_tokens"] > 0


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("fault", "stops"),
    [
        ("length", ["length", "max_output_tokens", "max_tokens", "MAX_TOKENS"]),
        ("filtered", ["content_filter", "content_filter", "refusal", "SAFETY"]),
    ],
)
def test_a_spoilt_answer_says_why_it_ended(api: str, fault: str, stops: list[str]) -> None:
    with Simulator(faults={fault: 1}) as simulator:
        answer = Raw(api, simulator.address).post(opening(api, "echo", tools=False))
    assert STOPS[api](answer.json()) == dict(zip(APIS, stops, strict=True))[api]


GOOGLE = "type.googleapis.com/google.rpc"
ERRORS = [
    ("error_500", "chat", 500, {"type": "server_error", "code": "server_error"}),
    ("error_500", "responses", 500, {"type": "server_error", "code": "server_error"}),
    ("error_500", "messages", 500, {"type": "api_error"}),
    ("error_500", "gemini", 500, {"status": "INTERNAL", "code": 500}),
    ("overloaded", "chat", 503, {"type": "server_error"}),
    ("overloaded", "messages", 529, {"type": "overloaded_error", "message": "Overloaded"}),
    ("overloaded", "gemini", 503, {"status": "UNAVAILABLE"}),
    ("unauthorized", "messages", 401, {"type": "authentication_error"}),
    ("unauthorized", "gemini", 400, {"details": [
        {"@type": f"{GOOGLE}.ErrorInfo", "reason": "API_KEY_INVALID"}]}),
    ("insufficient_quota", "chat", 429, {"code": "insufficient_quota"}),
    ("insufficient_quota", "messages", 400, {"type": "invalid_request_error"}),
    ("insufficient_quota", "gemini", 429, {"status": "RESOURCE_EXHAUSTED"}),
    ("context_overflow", "responses", 400, {"code": "context_length_exceeded"}),
    ("context_overflow", "messages", 400, {"type": "invalid_request_error"}),
    ("content_filter", "messages", 400, {
        "message": "Output blocked by content filtering policy"}),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "api", "status", "wanted"), ERRORS)
def test_an_error_has_the_form_of_its_api(fault: str, api: str, status: int, wanted: Json) -> None:
    with Simulator(faults={fault: 1}) as simulator:
        answer = Raw(api, simulator.address).post(opening(api, "echo", tools=False))
    assert answer.status_code == status
    error = answer.json()["error"]
    assert {name: error[name] for name in wanted} == wanted
    assert (answer.json().get("type") == "error") == (api == "messages")


def test_a_verdict_of_geminis_filter_is_an_answer_without_candidates() -> None:
    with Simulator(faults={"content_filter": 1}) as simulator:
        answer = Raw("gemini", simulator.address).post(opening("gemini", "echo", tools=False))
    assert answer.status_code == 200
    assert answer.json()["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    assert "candidates" not in answer.json()


@pytest.mark.parametrize("api", APIS)
def test_a_refusal_says_how_long_to_wait_where_its_api_says_so(api: str) -> None:
    with Simulator(keys={"k": {"rpm": 1}}, window_s=3600) as simulator:
        raw = Raw(api, simulator.address, simulator.secret("k"))
        good = raw.post(opening(api, "echo", tools=False))
        refused = raw.post(opening(api, "echo", "Again", tools=False))
    assert (good.status_code, refused.status_code) == (200, 429)
    if api == "gemini":
        details = refused.json()["error"]["details"]
        (info,) = [one for one in details if one["@type"] == f"{GOOGLE}.RetryInfo"]
        assert 0 < float(info["retryDelay"].removesuffix("s")) <= 3600
        assert "retry-after" not in refused.headers
        return
    name = "anthropic-ratelimit-requests-" if api == "messages" else "x-ratelimit-"
    names = ["limit", "remaining", "reset"]
    ends = names if api == "messages" else [f"{one}-requests" for one in names]
    assert [good.headers[f"{name}{end}"] for end in ends[:2]] == ["1", "0"]
    assert good.headers[f"{name}{ends[2]}"].endswith("Z" if api == "messages" else "s")
    wait = refused.headers["retry-after"]
    assert 0 < float(wait) <= 3600
    assert wait.isdigit() == (api == "messages")


ENDED: dict[str, Callable[[str], bool]] = {
    "chat": lambda text: "data: [DONE]" in text,
    "responses": lambda text: '"type": "response.completed"' in text,
    "messages": lambda text: '"type": "message_stop"' in text,
    "gemini": lambda text: '"finishReason": "STOP"' in text,
}


def streamed(api: str, **setup: Any) -> tuple[str, Json, bool]:
    """Return the text of a stream, what the simulator counted, and whether it was cut off."""
    with Simulator(keys={"k": {}}, models=MODELS, **setup) as simulator:
        raw = Raw(api, simulator.address, simulator.secret("k"))
        answer = raw.post(opening(api, FAMILIES[api]), stream=True)
        text = b""
        try:
            for piece in answer.iter_content(None):
                text += piece
        except requests.exceptions.ChunkedEncodingError:
            return text.decode(), simulator.stats(), True
        wait_until(lambda: simulator.stats()["total"]["in_flight"] == 0)
        return text.decode(), simulator.stats(), False


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("fault", "broken"),
    [("truncated", True), ("cut_stream", False), ("stream_error", False), ("malformed", False)],
)
def test_a_stream_can_be_cut_off(api: str, fault: str, broken: bool) -> None:
    text, stats, cut = streamed(api, faults={fault: 1})
    assert cut == broken
    assert text
    assert not ENDED[api](text)
    assert ("overloaded" in text.lower()) == (fault == "stream_error")
    assert (stats["total"]["answered"], stats["total"]["failed"]) == (0, 1)


@pytest.mark.parametrize("api", APIS[:3])
def test_a_stream_is_kept_alive_until_its_first_event(api: str) -> None:
    text, stats, _ = streamed(api, latency_s=0.4, keep_alive_s=0.05)
    alive = "event: ping" if api == "messages" else ": keep-alive"
    assert text.startswith(alive)
    assert text.count(alive) > 2
    assert ENDED[api](text)
    assert stats["total"]["answered"] == 1


@pytest.mark.parametrize("api", APIS)
def test_a_stream_that_hangs_is_kept_alive_and_breaks(api: str) -> None:
    text, stats, cut = streamed(api, keep_alive_s=0.05, hang_s=0.4, faults={"hang": 1})
    assert cut
    assert not ENDED[api](text)
    assert stats["total"]["answered"] == 0


def test_faults_of_streams_spare_whole_answers() -> None:
    with Simulator(faults={"cut_stream": 0.5, "stream_error": 0.5}) as simulator:
        answer = Raw("chat", simulator.address).post(opening("chat", "echo"))
        assert answer.status_code == 200
        assert simulator.stats()["faults"] == {}


def test_one_connection_serves_streams_and_whole_answers(simulator: Simulator) -> None:
    body = opening("chat", "echo", tools=False)
    with requests.Session() as session:
        for stream in (True, False, True):
            sent = {**body, "stream": stream}
            answer = session.post(f"{simulator.base_url}/chat/completions", json=sent, timeout=60)
            assert answer.status_code == 200


@pytest.mark.parametrize(
    ("api", "path", "body", "words"),
    [
        ("responses", "/v1/responses", {"model": "m"}, "Missing required parameter: 'input'."),
        ("messages", "/v1/messages", {"model": "m"}, "messages: Field required"),
        ("gemini", "/v1beta/models/m:generateContent", {}, "contents is not specified"),
        ("gemini", "/v1beta/models/m:streamGenerateContent", {"contents": [{}]}, "alt=sse"),
        ("gemini", "/v1beta/models/m:generateContent", [], "must be a JSON object"),
    ],
)
def test_what_cannot_be_read_is_refused(
    simulator: Simulator, api: str, path: str, body: Any, words: str
) -> None:
    headers = Raw(api, simulator.address).headers
    answer = requests.post(simulator.address + path, json=body, headers=headers, timeout=60)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "name"),
    [("/v1/models", lambda m: m["data"][0]["id"]),
     ("/v1beta/models", lambda m: m["models"][0]["name"].removeprefix("models/"))],
)  # fmt: skip
def test_models_are_listed(simulator: Simulator, path: str, name: Callable[[Json], str]) -> None:
    assert name(requests.get(simulator.address + path, timeout=60).json()) == "echo"


def test_every_simulator_gives_the_same_answer(simulator: Simulator) -> None:
    with Simulator(models=MODELS) as other:
        for api in APIS:
            answers = [
                Raw(api, one.address).post(opening(api, FAMILIES[api])).json()
                for one in (simulator, other)
            ]
            for answer in answers:
                answer.pop("created", None), answer.pop("created_at", None)
            assert answers[0] == answers[1]
            assert calls_in(api, answers[0])

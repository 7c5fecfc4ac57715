"""Bodies of successful answers: what can be read is read, the rest is kept as it came."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotbench.ground import errors
from pilotbench.providers.answer import Completion, Tokens
from pilotbench.providers.bodies import LONGEST_RAW, completion
from pilotbench.providers.failures import broken_call, failure
from pilotbench.providers.finish_reasons import Meaning, meaning
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.wire_formats import WIRE_FORMATS
from pilotbench.providers.wire_formats.chat import before, now
from support.chat import CHAT

USAGE = {"prompt_tokens": 100, "completion_tokens": 10}


def choice(message: Any = None, finish: Any = "stop", **rest: Any) -> dict[str, Any]:
    return {"index": 0, "message": message, "finish_reason": finish, **rest}


def body(*choices: Any, **rest: Any) -> bytes:
    return json.dumps({"model": "m", "choices": [*choices], "usage": USAGE, **rest}).encode()


def said(content: Any, **rest: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **rest}


def read(content: bytes) -> Completion:
    return completion(WIRE_FORMATS["chat"], KINDS["openai"].failures, content)


def stream(*chunks: Any, end: str = "data: [DONE]\n\n") -> bytes:
    return ("".join(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks) + end).encode()


def delta(finish: str | None = None, **piece: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": piece, "finish_reason": finish}]}


def call(index: int, **function: Any) -> dict[str, Any]:
    return {"index": index, "function": function}


GOOD = body(choice(said("42")))
NO_ERROR = [
    {"code": 0, "message": "success"}, {"code": "200"}, {"message": "OK"}, {"code": None}, {},
    "0", "", None, False, [],
]  # fmt: skip
SERVER = {"code": "server_error", "message": "upstream"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (GOOD, "42"),
        (b"\xef\xbb\xbf" + GOOD, "42"),
        (b": keep-alive\n\n: keep-alive\n\n" + GOOD, "42"),
        (b"\n\n  " + GOOD, "42"),
        (b"[" + GOOD + b"]", "42"),
        (b'{"success": true, "code": 200, "message": "ok", "data": ' + GOOD + b"}", "42"),
        (GOOD.replace(b'"index": 0', b'"logprobs": [NaN, -Infinity, Infinity, 1e999]'), "42"),
        (GOOD.replace(b'"42"', b'"caf\xe9 42"'), "caf\ufffd 42"),
        (GOOD.replace(b'"42"', b'"\\ud800 half"'), "\ufffd half"),
        (body(choice(said([{"type": "text", "text": "4"}, {"text": "2"}]))), "42"),
        (body(choice(said(["4", {"text": "2"}, {"image": 1}]))), "42"),
        (body(choice(said({"type": "text", "text": "42"}))), "42"),
        (body(choice(said(42))), "42"),
        (body(choice(said({"tool": "x"}))), '{"tool": "x"}'),
        (body({"text": "42", "finish_reason": "stop"}), "42"),
        (body(choice(None, "MALFORMED_FUNCTION_CALL")), None),
        (body({"finish_reason": "MAX_TOKENS"}), None),
        (body({"finish_reason": "SAFETY"}), None),
        (body(choice(said(None))), None),
        *((body(choice(said("42")), error=none), "42") for none in NO_ERROR),
        *(
            (stream(delta("stop", content="42") | {"usage": USAGE, "error": none}), "42")
            for none in NO_ERROR
        ),
    ],
)
def test_what_can_be_read_is_read(content: bytes, expected: str | None) -> None:
    found = read(content)
    assert found.message["content"] == expected
    assert (found.model, found.tokens) == ("m", Tokens(100, 10))
    json.dumps(found.as_json(), allow_nan=False).encode()


def test_a_number_that_is_none_becomes_null_where_it_is_kept() -> None:
    content = body(choice(said("x", scores=["NAN"]))).replace(b'"NAN"', b"NaN")
    assert read(content).message == {"role": "assistant", "content": "x", "scores": [None]}


STREAM = stream(
    delta(role="assistant", content=""),
    delta(reasoning_content="six "),
    delta(reasoning_content="times seven"),
    delta(content="4"),
    delta(content="2"),
    delta("stop"),
    {"choices": [], "usage": USAGE},
)


def test_a_stream_is_put_together() -> None:
    found = read(b": comment\n\nevent: message\n" + STREAM)
    assert found == Completion(
        {"role": "assistant", "content": "42", "reasoning_content": "six times seven"},
        "stop",
        "m",
        Tokens(100, 10),
        received={"usage": {"prompt_tokens": 100, "completion_tokens": 10}},
    )


def test_the_calls_of_a_stream_are_put_together_by_index() -> None:
    chunks = [
        delta(tool_calls=[call(0, name="finish", arguments="") | {"id": "a", "type": "function"}]),
        delta(tool_calls=[call(0, arguments='{"answer"')]),
        delta(tool_calls=[call(1, name="other", arguments="{}") | {"id": "b"}]),
        delta("tool_calls", tool_calls=[call(0, arguments=": 42}", name=None)]),
    ]
    first, second = read(stream(*chunks)).message["tool_calls"]
    assert first["function"] == {"name": "finish", "arguments": '{"answer": 42}'}
    assert (first["id"], second["id"]) == ("a", "b")
    assert second["function"] == {"name": "other", "arguments": "{}"}


def named(identity: str | None, name: str, arguments: str, index: Any = 0) -> dict[str, Any]:
    return delta(tool_calls=[{**call(index, name=name, arguments=arguments), "id": identity}])


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        (
            [named("a", "add", '{"x":'), named("a", "", "1}"), named("b", "sub", "{}")],
            [("a", "add", '{"x":1}'), ("b", "sub", "{}")],
        ),
        (
            [named("a", "add", "{}", None), named("b", "sub", '{"x":', None),
             named(None, "", "1}", None)],
            [("a", "add", "{}"), ("b", "sub", '{"x":1}')],
        ),
        ([named("a", "add", '{"x":'), named("a", "add", "1}")], [("a", "add", '{"x":1}')]),
        ([named("a", "ad", '{"x":'), named("b", "", "1}")], [("b", "ad", '{"x":1}')]),
        ([named("a", "ad", ""), named("a", "d_up", "{}")], [("a", "add_up", "{}")]),
    ],
    ids=["all numbered 0", "not numbered", "name repeated", "new id in each piece", "name in two"],
)  # fmt: skip
def test_calls_of_a_stream_are_told_apart_however_they_are_numbered(
    chunks: list[Any], expected: list[tuple[str, str, str]]
) -> None:
    calls = read(stream(*chunks, delta("tool_calls"))).message["tool_calls"]
    made = [(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in calls]
    assert made == expected


def detail(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "reasoning.text", "index": 0, "text": text, **more}


def thinking(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}]}


@pytest.mark.parametrize(
    ("name", "pieces", "whole"),
    [
        (
            "reasoning_details",
            [[detail("six ")], [detail("times", format="x")], [detail("", signature="s")]],
            [detail("six times", format="x", signature="s")],
        ),
        (
            "reasoning_details",
            [[detail("a"), {"type": "reasoning.encrypted", "index": 1, "id": "1", "data": "x"}],
             [{"type": "reasoning.encrypted", "index": 1, "id": "2", "data": "y"}]],
            [detail("a"), {"type": "reasoning.encrypted", "index": 1, "id": "1", "data": "x"},
             {"type": "reasoning.encrypted", "index": 1, "id": "2", "data": "y"}],
        ),
        ("content", [[thinking("six ")], [thinking("times")], "4", "2"],
         [thinking("six times"), {"type": "text", "text": "42"}]),
        ("content", ["", [{"type": "text", "text": "4"}], [{"type": "text", "text": "2"}]], "42"),
        ("annotations", [[{"url": "a"}], [{"url": "a"}]], [{"url": "a"}, {"url": "a"}]),
    ],
    ids=["details", "encrypted details", "thinking", "parts of text", "parts of no text"],
)  # fmt: skip
def test_the_parts_of_a_stream_are_put_together(name: str, pieces: list[Any], whole: Any) -> None:
    chunks = [delta(**{name: piece}) for piece in pieces]
    assert read(stream(*chunks, delta("stop"))).message[name] == whole


def test_a_stream_of_several_answers_is_the_first_of_them() -> None:
    def piece(index: int, content: str, **more: Any) -> dict[str, Any]:
        return {"choices": [{"index": index, "delta": {"content": content}, **more}]}

    ends = {"finish_reason": "stop"}
    content = stream(
        piece(0, "4"), piece(1, "x"), piece(0, "2", **ends), piece(1, "y", **ends), {"usage": USAGE}
    )
    assert (read(content).message["content"], read(content).tokens) == ("42", Tokens(100, 10))


@pytest.mark.parametrize(
    "content",
    [stream(delta(content="42"), delta("stop"), end=""), stream(delta(content="42"))],
    ids=["finish reason", "done"],
)
def test_a_stream_has_one_end_at_least(content: bytes) -> None:
    assert read(content).message["content"] == "42"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        GOOD[:-20],
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        b"[" * 100_000,
        body(),
        body({}),
        body(choice("x")),
        body(choice(None)),
        body("x"),
        b'data: {"choices": [{"delta": {"content": "4\n\ndata: {}\n\n',
        body(choice(said("half a sent"), "insufficient_system_resource")),
        body(choice(said(None), "abort")),
        b'{"code": 200, "message": "ok", "data": null}',
        body(prompt_filter_results=[{"content_filter_results": {"hate": {"filtered": False}}}]),
    ],
    ids=lambda content: content[:30].decode("latin-1"),
)
def test_what_holds_no_completion_is_kept_as_it_came(content: bytes) -> None:
    with pytest.raises(errors.UnusableAnswer) as caught:
        read(content)
    assert caught.value.raw == content.decode("utf-8", "replace")[:LONGEST_RAW]
    assert len(str(caught.value)) < 300


PRETTY = json.dumps(delta("stop", content="42") | {"usage": USAGE}, indent=1).replace(
    "\n", "\r\ndata: "
)


@pytest.mark.parametrize(
    "content",
    [
        f"data: {PRETTY}\r\n\r\ndata: [DONE]\r\n\r\n",
        f"event: message\r\ndata: {PRETTY}\r\ndata:\r\n",
        stream(delta(content="4"), delta("stop", content="2"), {"usage": USAGE})
        .decode()
        .replace("\r\n\r\n", "\n"),
    ],
    ids=["several lines", "without an end", "without empty lines"],
)
def test_an_event_may_have_several_lines_and_no_empty_one_after_it(content: str) -> None:
    found = read(content.encode())
    assert (found.message["content"], found.tokens) == ("42", Tokens(100, 10))


@pytest.mark.parametrize(
    "content", [b": wait\n\n: wait\n\n", b"retry: 10\n\nevent: message\r\n", b"\n:\n"]
)
def test_a_stream_that_says_nothing_was_cut_off(content: bytes) -> None:
    with pytest.raises(errors.ConnectionFailed):
        read(content)


@pytest.mark.parametrize("api", [*WIRE_FORMATS])
def test_an_error_event_without_json_is_an_error_of_the_service(api: str) -> None:
    content = b"event: error\ndata: upstream is\ndata: gone\n\n"
    with pytest.raises(errors.ServerFailed, match="upstream is gone"):
        completion(WIRE_FORMATS[api], KINDS["openai"].failures, content)


@pytest.mark.parametrize("end", ["", 'data: {"choices": [{"delta": {"content": "4', "data: "])
def test_a_stream_that_was_cut_off_is_a_broken_connection(end: str) -> None:
    with pytest.raises(errors.ConnectionFailed):
        read(stream(delta(content="4"), end=end))


def test_what_was_paid_for_an_unusable_answer_is_known() -> None:
    with pytest.raises(errors.UnusableAnswer) as caught:
        read(body(choice(said("half"), "abort")))
    assert caught.value.tokens == Tokens(100, 10)


@pytest.mark.parametrize(
    "rest",
    [
        {"prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": True}}}]},
        {"prompt_filter_results": [{"content_filter_results": {"jailbreak": {"detected": True}}}]},
        {"prompt_filter_results": [{"prompt_index": 0}]},
        {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
    ],
)
def test_no_choice_and_a_filter_that_says_so_is_refused(rest: dict[str, Any]) -> None:
    with pytest.raises(errors.Refused):
        read(body(**rest))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"error": {"message": "upstream"}}, errors.ServerFailed),
        ({"error": {"code": 429, "message": "slow down"}}, errors.RateLimited),
        ({"error": {"code": "429", "message": "slow down"}, "choices": []}, errors.RateLimited),
        ({"error": {"code": "content_filter", "message": "no"}}, errors.Refused),
        ({"error": {"code": "x", "message": "Prompt exceeds max length"}}, errors.ContextOverflow),
        ({"error": {"code": "Throttling", "message": "wait"}}, errors.RateLimited),
        ({"error": "text"}, errors.ServerFailed),
        ({"object": "error", "code": 400, "message": "bad"}, errors.Rejected),
        ({"errorCode": "x", "msg": "busy", "success": False}, errors.ServerFailed),
    ],
)
def test_an_error_in_a_200_keeps_its_kind(content: Any, expected: type[Exception]) -> None:
    with pytest.raises(expected):
        read(json.dumps(content).encode())
    with pytest.raises(expected):
        read(stream({"choices": []}, content))
    with pytest.raises(expected):
        read(stream(delta(role="assistant", content=""), content))


@pytest.mark.parametrize(
    ("content", "tokens"),
    [
        (body(choice(said("42")), error=SERVER), Tokens(100, 10)),
        (body(choice(said("42")), error="busy", usage=None), None),
        (body(choice(said(None)), error=SERVER), Tokens(100, 10)),
        (body(error=SERVER), Tokens(100, 10)),
        (body(choice(said(None, reasoning_content="hm")), error=SERVER, usage=None), None),
        (body(choice(said(None, tool_calls=[call(0)])), error=SERVER, usage=None), None),
        (body({"text": "4"}, error={"code": 429}, usage=None), None),
        (body(choice(said("4")), error={"code": 402, "message": "spent"}), Tokens(100, 10)),
        (json.dumps({"error": SERVER, "data": json.loads(GOOD)}).encode(), Tokens(100, 10)),
        (stream(delta(content="4"), {"error": SERVER}, delta("error") | {"error": {}}), None),
        (
            stream(delta(content="4"), delta("error") | {"error": SERVER, "usage": USAGE}),
            Tokens(100, 10),
        ),
    ],
)
def test_an_error_in_a_paid_response_is_an_unusable_answer(
    content: bytes, tokens: Tokens | None
) -> None:
    with pytest.raises(errors.UnusableAnswer) as caught:
        read(content)
    assert caught.value.tokens == tokens
    assert caught.value.raw == content.decode()


@pytest.mark.parametrize(
    "event", [{"error": SERVER}, {"object": "error", "code": 503, "message": "busy"}]
)
def test_an_error_in_the_middle_of_a_stream_keeps_its_kind(event: dict[str, Any]) -> None:
    """Like a stream that was cut off, it is not an answer, and is requested again."""
    with pytest.raises(errors.ServerFailed):
        read(stream(delta(content="4"), event))


@pytest.mark.parametrize(
    ("error", "means"),
    [
        ({"code": "content_filter", "message": "no"}, Meaning.REFUSED),
        ({"code": "x", "message": "Prompt exceeds max length"}, Meaning.LENGTH),
        ({"code": "tool_use_failed", "message": "no"}, Meaning.CALL),
    ],
)
def test_the_last_word_of_a_service_that_was_paid_for_has_its_tokens(
    error: dict[str, Any], means: Meaning
) -> None:
    for content in (body(choice(said("4")), error=error), body(error=error)):
        found = read(content)
        assert (meaning(found.finish_reason), found.tokens) == (means, Tokens(100, 10))


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>", b"\n <html><body>sign in"])
def test_a_gateways_page_is_not_an_answer_of_a_model(page: bytes) -> None:
    with pytest.raises(errors.ServerFailed):
        read(page)


def test_a_broken_call_in_a_200_is_the_models_own() -> None:
    error = {"code": "tool_use_failed", "message": "no", "failed_generation": "<f"}
    found = read(json.dumps({"error": error}).encode())
    assert (found.message["content"], found.finish_reason) == ("<f", "tool_use_failed")


WORDS = st.sampled_from(
    [
        "choices",
        "message",
        "delta",
        "content",
        "tool_calls",
        "function",
        "arguments",
        "name",
        "id",
        "index",
        "finish_reason",
        "usage",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "error",
        "code",
        "text",
        "data",
        "x_groq",
        "details",
        "filtered",
        "prompt_filter_results",
        "retryDelay",
    ]
)
NUMBERS = st.booleans() | st.integers() | st.floats()
VALUES = st.recursive(
    st.none() | NUMBERS | st.sampled_from(["", "stop", "4", "x", "1s"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)
CALLS = st.lists(
    st.fixed_dictionaries({}, optional={"id": VALUES, "index": VALUES, "function": VALUES})
    | VALUES,
    max_size=3,
)
MESSAGES = st.fixed_dictionaries(
    {}, optional={"content": VALUES, "tool_calls": CALLS | VALUES, "reasoning_content": VALUES}
)
CHOICE = st.fixed_dictionaries(
    {}, optional={"message": MESSAGES, "delta": MESSAGES, "finish_reason": VALUES, "usage": VALUES}
)
CHOICES = st.fixed_dictionaries(
    {"choices": st.lists(CHOICE | VALUES, max_size=2)},
    optional={"usage": VALUES, "error": VALUES, "model": VALUES, "data": VALUES, "code": VALUES},
)


@settings(max_examples=150, deadline=None)
@given(st.lists(CHOICES | VALUES, min_size=1, max_size=4), st.booleans())
def test_no_body_raises_anything_but_an_error_of_the_provider(values: list[Any], sse: bool) -> None:
    content = stream(*values) if sse else json.dumps(values[0]).encode()
    try:
        found = read(content)
    except errors.ProviderError:
        return
    parsed = CHAT["native"].parse(found.message)
    message, protocol = WIRE_FORMATS["chat"].read(found.message), PROTOCOLS["native"]
    repeated = [protocol.assistant_message(message, parsed)]
    repeated += protocol.result_messages(message, parsed, {})
    for form in (now, before):
        json.dumps([form(repeated), found.as_json()], allow_nan=False)


@given(st.integers(400, 599), VALUES)
def test_no_error_body_raises(status: int, value: Any) -> None:
    assert isinstance(failure(KINDS["openai"].failures, status, {}, value), errors.ProviderError)
    broken_call(KINDS["openai"].failures, status, value)

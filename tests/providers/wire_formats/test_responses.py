"""The Responses API, both ways: nothing is stored, and reasoning goes back as it came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from pilotbench.benchmark.tasks.task import ToolSpec
from pilotbench.ground import errors
from pilotbench.providers.answer import Completion, Tokens
from pilotbench.providers.bodies import completion
from pilotbench.providers.finish_reasons import Meaning, meaning
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.messages import Message, Offer, ToolCall, ToolResult
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.history import repeated
from pilotbench.providers.wire_formats.responses import WIRE

Json = dict[str, Any]
REASONING = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "hm"}],
    "encrypted_content": "c2ln",
}
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "finish",
    "arguments": '{"answer": 42}',
    "status": "completed",
}
USAGE = {
    "input_tokens": 100,
    "output_tokens": 10,
    "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 20},
    "output_tokens_details": {"reasoning_tokens": 3},
}
TOOL = ToolSpec("finish", "End.", {"type": "object", "properties": {}})
ALWAYS = {"store": False, "include": ["reasoning.encrypted_content"]}


def said(text: str, **rest: Any) -> Json:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": [part], **rest}


def body(*messages: Message, offer: Offer | None = None, **parameters: Any) -> Json:
    """Return the body of a request."""
    found, earlier = WIRE.bodies("m", messages, offer or Offer(), parameters)
    assert not earlier
    return found


def answer(output: Any, status: str = "completed", **rest: Any) -> Json:
    return {"model": "m-2026", "status": status, "output": output, "usage": USAGE, **rest}


def read(found: Json) -> Completion:
    return completion(WIRE, KINDS["openai"].failures, json.dumps(found).encode())


def stream(*events: Json) -> bytes:
    return "".join(f"event: {e.get('type')}\ndata: {json.dumps(e)}\n\n" for e in events).encode()


@pytest.mark.parametrize(
    ("messages", "items"),
    [
        ([Message("user", "u")], [{"role": "user", "content": "u"}]),
        ([Message("assistant", "t")], [{"role": "assistant", "content": "t"}]),
        (
            [
                Message("assistant", calls=(ToolCall("a", "f", {"x": "é"}), ToolCall("", "g", {}))),
                Message("tool", results=(ToolResult("a", "1"), ToolResult("", "2"))),
            ],
            [
                {"type": "function_call", "call_id": "a", "name": "f", "arguments": '{"x":"é"}'},
                {"type": "function_call", "call_id": "NEW", "name": "g", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "a", "output": "1"},
                {"type": "function_call_output", "call_id": "NEW", "output": "2"},
            ],
        ),
    ],
)
def test_a_neutral_message_is_written_as_items(messages: list[Message], items: list[Json]) -> None:
    found = body(*messages)["input"]
    new = next((one["call_id"] for one in found if one.get("name") == "g"), "")
    assert len(new) in (0, 9)
    assert json.loads(json.dumps(found).replace(new or "NEW", "NEW")) == items


def test_system_text_tools_and_schema_have_their_own_places() -> None:
    found = body(Message("system", "s"), Message("user", "u"), offer=Offer([TOOL]))
    assert found == {
        "model": "m",
        "instructions": "s",
        "input": [{"role": "user", "content": "u"}],
        "tools": [
            {
                "type": "function",
                "name": "finish",
                "description": "End.",
                "parameters": TOOL.parameters,
                "strict": False,
            }
        ],
        **ALWAYS,
    }
    schema = {"type": "object", "properties": {}}
    text = body(offer=Offer(schema=schema))["text"]
    assert text == {
        "format": {"type": "json_schema", "name": "call", "schema": schema, "strict": False}
    }


@pytest.mark.parametrize(
    ("parameters", "sent"),
    [
        ({"max_tokens": 5}, {"max_output_tokens": 5}),
        ({"max_completion_tokens": 5}, {"max_output_tokens": 5}),
        ({"max_output_tokens": 5}, {"max_output_tokens": 5}),
        ({"reasoning_effort": "low"}, {"reasoning": {"effort": "low"}}),
        (
            {"reasoning": {"summary": "auto"}, "reasoning_effort": "low"},
            {"reasoning": {"summary": "auto", "effort": "low"}},
        ),
        ({"verbosity": "low"}, {"text": {"verbosity": "low"}}),
        (
            {"response_format": {"type": "json_object"}},
            {"text": {"format": {"type": "json_object"}}},
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            {"text": {"format": {"type": "json_schema", "name": "x"}}},
        ),
        ({"temperature": 0, "top_p": 1}, {"temperature": 0, "top_p": 1}),
        ({"extra_body": {"top_k": 1}}, {"top_k": 1}),
        ({"include": []}, {"include": None}),
    ],
)  # fmt: skip
def test_parameters_have_the_names_of_this_api(parameters: Json, sent: Json) -> None:
    expected = {
        n: v for n, v in {"model": "m", "input": [], **ALWAYS, **sent}.items() if v is not None
    }
    assert WIRE.sent(body(**parameters)) == expected


@pytest.mark.parametrize("name", ["seed", "stop", "frequency_penalty", "logit_bias", "n"])
def test_a_parameter_that_this_api_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(errors.ConfigError, match=f"{name} is unknown to api responses"):
        WIRE.bodies("m", [], Offer(), {name: 1})


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ([said("a"), said("b")], Message("assistant", "ab")),
        ([REASONING, CALL], Message("assistant", thinking="hm", calls=(
            ToolCall("call_1", "finish", '{"answer": 42}'),))),
        ([{"type": "reasoning", "content": [{"type": "reasoning_text", "text": "x"}]}],
         Message("assistant", thinking="x")),
        ([{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}],
         Message("assistant", refusal="no")),
        ([{"type": "function_call", "id": "fc", "name": 3}, {"type": "message", "content": 1}],
         Message("assistant", calls=(ToolCall("fc", "", None),))),
    ],
)  # fmt: skip
def test_items_are_read(output: list[Json], message: Message) -> None:
    found = WIRE.read({"output": output})
    assert found == Message(**{**vars(message), "raw": {"output": output}})


@pytest.mark.parametrize(
    ("found", "reason", "means"),
    [
        (answer([said("42")]), "completed", Meaning.COMPLETED),
        (
            answer([said("4")], "incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "max_output_tokens",
            Meaning.LENGTH,
        ),
        (
            answer([], "incomplete", incomplete_details={"reason": "content_filter"}),
            "content_filter",
            Meaning.REFUSED,
        ),
        (answer([said("4")], "incomplete", incomplete_details=None), "incomplete", Meaning.LENGTH),
    ],
)
def test_the_status_is_the_finish_reason(found: Json, reason: str, means: Meaning) -> None:
    got = read(found)
    assert got == Completion(
        {"output": found["output"]},
        reason,
        "m-2026",
        Tokens(100, 10, 3, 40, 20),
        received={"usage": found["usage"]},
    )
    assert meaning(got.finish_reason) is means


@pytest.mark.parametrize(
    ("found", "error"),
    [
        (answer([said("4")], "in_progress"), errors.UnusableAnswer),
        (answer([], "cancelled"), errors.UnusableAnswer),
        ({"status": "completed"}, errors.UnusableAnswer),
        ({"object": "response", "output": "x"}, errors.UnusableAnswer),
        (
            {"status": "failed", "output": [], "error": {"code": "server_error", "message": "x"}},
            errors.ServerFailed,
        ),
        (
            {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow"}},
            errors.RateLimited,
        ),
        (
            {"status": "failed", "error": {"code": "context_length_exceeded", "message": "x"}},
            errors.ContextOverflow,
        ),
        (answer([said("4")], "failed", error={"code": "server_error"}), errors.UnusableAnswer),
    ],
)
def test_what_is_no_completion(found: Json, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(found)


DONE = answer([REASONING, CALL])
ITEMS = [
    {"type": "response.output_item.done", "output_index": n, "item": item}
    for n, item in enumerate([REASONING, CALL])
]
CREATED = {"type": "response.created", "response": {"status": "in_progress", "output": []}}


@pytest.mark.parametrize(
    "events",
    [
        [CREATED, *ITEMS, {"type": "response.completed", "response": DONE}],
        [CREATED, *ITEMS, {"type": "response.completed", "response": {**DONE, "output": []}}],
    ],
)
def test_a_stream_is_put_together(events: Sequence[Json]) -> None:
    found = completion(WIRE, KINDS["openai"].failures, b": keep-alive\n\n" + stream(*events))
    assert found == read(DONE)


@pytest.mark.parametrize("events", [[CREATED], [CREATED, *ITEMS]])
def test_a_stream_that_was_cut_off_is_a_broken_connection(events: Sequence[Json]) -> None:
    with pytest.raises(errors.ConnectionFailed):
        completion(WIRE, KINDS["openai"].failures, stream(*events))


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"type": "error", "code": "server_error", "message": "x"}, errors.ServerFailed),
        ({"error": {"code": "rate_limit_exceeded", "message": "x"}}, errors.RateLimited),
        (
            {"type": "response.failed", "response": {"status": "failed", "error": {"code": 503}}},
            errors.ServerFailed,
        ),
    ],
)
def test_an_error_in_a_stream_keeps_its_kind(event: Json, error: type[Exception]) -> None:
    with pytest.raises(error):
        completion(WIRE, KINDS["openai"].failures, stream(CREATED, event))


def replayed(output: list[Json], mode: str = "as_said") -> list[Json]:
    """Return the items that repeat an answer under `native`."""
    message, protocol = WIRE.read({"output": output}), PROTOCOLS["native"]
    parsed = protocol.parse(message)
    ours = repeated(mode, message, protocol.assistant_message(message, parsed))
    results = protocol.result_messages(message, parsed, {"ok": True})
    return list(body(ours, *results)["input"])


OUR_CALL = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "finish",
    "arguments": '{"answer":42}',
}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": '{"ok":true}'}
SECOND = {**CALL, "id": "fc_2", "call_id": "call_2"}


@pytest.mark.parametrize(
    ("output", "items"),
    [
        ([REASONING, CALL], [REASONING, CALL, RESULT]),
        ([{**REASONING, "status": None}, said("Now. "), CALL],
         [REASONING, said("Now. "), CALL, RESULT]),
        ([CALL, {"type": "web_search_call", "id": "ws"}],
         [CALL, {"type": "web_search_call", "id": "ws"}, RESULT]),
        ([{**CALL, "arguments": '"{\\"answer\\": 42}"'}],
         [{**CALL, "arguments": '{"answer":42}'}, RESULT]),
    ],
)  # fmt: skip
def test_items_go_back_as_they_came(output: list[Json], items: list[Json]) -> None:
    assert replayed(output) == items


def test_parallel_calls_stay_with_an_answer_each() -> None:
    first, second, *results = replayed([CALL, SECOND])
    assert (first, second) == (CALL, SECOND)
    assert [one["call_id"] for one in results] == ["call_1", "call_2"]


def test_a_repeated_id_of_a_call_is_replaced_alike_at_every_replay() -> None:
    items = replayed([CALL, {**SECOND, "call_id": "call_1"}])
    assert items == replayed([CALL, {**SECOND, "call_id": "call_1"}])
    assert items[0]["call_id"] == items[2]["call_id"] == "call_1"
    assert items[1]["call_id"] == items[3]["call_id"] != "call_1"


@pytest.mark.parametrize(
    "output",
    [
        [REASONING, {**CALL, "arguments": "{"}],
        [REASONING],
    ],
)
def test_reasoning_without_the_item_after_it_does_not_go_back(output: list[Json]) -> None:
    item, reply = replayed(output)
    assert item["role"] == "assistant"
    assert item["content"] in ("finish {", "(empty)")
    assert reply["role"] == "user"


@pytest.mark.parametrize(
    ("mode", "items"),
    [
        ("none", [OUR_CALL, RESULT]),
        (
            "think_tag",
            [
                {"role": "assistant", "content": "<think>\nhm\n</think>\n\n"},
                OUR_CALL,
                RESULT,
            ],
        ),
    ],
)
def test_reasoning_is_left_out_or_text_if_the_model_says_so(mode: str, items: list[Json]) -> None:
    assert replayed([REASONING, CALL], mode) == items

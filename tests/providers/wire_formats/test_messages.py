"""Anthropic's Messages API as tables: what is sent for a conversation, what an answer means."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.tasks.task import ToolSpec
from pilotbench.ground import errors
from pilotbench.providers.answer import Tokens
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.messages import Message, Offer, ToolCall, ToolResult
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.history import repeated
from pilotbench.providers.wire_formats.messages import MOST_OUTPUT, WIRE

Json = dict[str, Any]
THINKING = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
HIDDEN = {"type": "redacted_thinking", "data": "eGRh"}
SYSTEM, USER = Message("system", "Rules."), Message("user", "Go.")
FINISH = ToolSpec("finish", "End.", {"type": "object", "properties": {"answer": {}}})
ADD = ToolSpec("add", "Add.", {"type": "object", "properties": {"a": {"type": "integer"}}})


def use(name: str = "toolu_1", tool: str = "add", **given: Any) -> Json:
    """Return a block with a call."""
    return {"type": "tool_use", "id": name, "name": tool, "input": given}


def text(words: str) -> Json:
    """Return a block of text."""
    return {"type": "text", "text": words}


def result(name: str, content: str) -> Json:
    """Return a block with the result of a call."""
    return {"type": "tool_result", "tool_use_id": name, "content": content}


def said(*blocks: Any) -> Json:
    """Return a message of the service."""
    return {"role": "assistant", "content": list(blocks)}


def body(*messages: Message, offer: Offer | None = None, **parameters: Any) -> Json:
    """Return the body of a request."""
    found, earlier = WIRE.bodies("claude-x", messages, offer or Offer(), parameters)
    assert not earlier
    return found


def sent(*messages: Message) -> list[Json]:
    """Return the messages of a request after the first question."""
    return body(SYSTEM, USER, *messages)["messages"][1:]


def played(
    message: Json, reply: Json, protocol: str = "native", history: str = "as_said"
) -> list[Json]:
    """Return what a protocol sends back after a message of the service."""
    native, read = PROTOCOLS[protocol], WIRE.read(message)
    parsed = native.parse(read)
    ours = repeated(history, read, native.assistant_message(read, parsed))
    return sent(ours, *native.result_messages(read, parsed, reply))


def test_a_request_is_the_question_with_the_system_text_apart() -> None:
    assert body(SYSTEM, USER) == {
        "model": "claude-x",
        "max_tokens": MOST_OUTPUT,
        "system": "Rules.",
        "messages": [{"role": "user", "content": "Go."}],
    }
    assert "system" not in body(USER)
    assert body(SYSTEM, Message("system", "More."), USER)["system"] == "Rules.\n\nMore."


def test_tools_have_their_schema_as_input_schema() -> None:
    found = body(USER, offer=Offer(tools=[ADD, ToolSpec("end", "End.", {})]))["tools"]
    assert found == [
        {"name": "add", "description": "Add.", "input_schema": ADD.parameters},
        {"name": "end", "description": "End.", "input_schema": {"type": "object"}},
    ]


PARAMETERS: list[tuple[Json, Json]] = [
    ({"temperature": 0, "top_p": 0.9, "top_k": 5}, {"temperature": 0, "top_p": 0.9, "top_k": 5}),
    ({"max_tokens": 100}, {"max_tokens": 100}),
    ({"max_completion_tokens": 100}, {"max_tokens": 100}),
    ({"stop": "END"}, {"stop_sequences": ["END"]}),
    ({"stop": ["A", "B"]}, {"stop_sequences": ["A", "B"]}),
    ({"effort": "low"}, {"output_config": {"effort": "low"}}),
    ({"reasoning_effort": "high"}, {"output_config": {"effort": "high"}}),
    ({"thinking": {"type": "adaptive"}}, {"thinking": {"type": "adaptive"}}),
    (
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        {
            "thinking": {"type": "enabled", "budget_tokens": 2000},
            "max_tokens": MOST_OUTPUT + 2000,
        },
    ),
    (
        {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 3000},
        {"thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 3000},
    ),
    ({"cache_control": {"type": "ephemeral"}}, {"cache_control": {"type": "ephemeral"}}),
]


@pytest.mark.parametrize(("given", "found"), PARAMETERS)
def test_parameters_are_written_in_the_words_of_the_api(given: Json, found: Json) -> None:
    assert body(USER, **given) == {**body(USER), **found}


@pytest.mark.parametrize("name", ["seed", "logprobs", "response_format"])
def test_a_parameter_that_the_api_does_not_have_is_one_clear_line(name: str) -> None:
    with pytest.raises(errors.ConfigError, match=f"{name} is unknown to api messages: remove it"):
        WIRE.bodies("claude-x", [USER], Offer(), {name: 1})


def test_structured_output_is_asked_for_where_the_schema_has_a_strict_form() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 5}}}
    found = body(USER, offer=Offer(schema=schema), effort="low")["output_config"]
    closed = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": [],
        "additionalProperties": False,
    }
    assert found == {"effort": "low", "format": {"type": "json_schema", "schema": closed}}
    assert "output_config" not in body(USER, offer=Offer(schema={"type": "object"}))


def test_the_calls_of_protocol_json_are_one_object_with_a_list_of_tools() -> None:
    tools = [ADD, FINISH]
    found = body(USER, offer=PROTOCOLS["json"].offer(tools))["output_config"]["format"]["schema"]
    assert found["type"] == "object"
    assert found["properties"]["tool"] == {"type": "string", "enum": ["add", "finish"]}
    assert len(found["properties"]["arguments"]["anyOf"]) == 2


REPEATED: list[tuple[str, Json, list[Json]]] = [
    ("call alone", said(use()), [use()]),
    ("text and call", said(text("I add."), use(a=1)), [text("I add."), use(a=1)]),
    ("thinking", said(THINKING, use()), [THINKING, use()]),
    ("hidden thinking", said(HIDDEN, THINKING, use()), [HIDDEN, THINKING, use()]),
    (
        "thinking between calls",
        said(THINKING, use("toolu_1"), THINKING, use("toolu_2")),
        [THINKING, use("toolu_1"), THINKING, use("toolu_2")],
    ),
    ("fields of a call", said({**use(), "caller": {"type": "direct"}}),
     [{**use(), "caller": {"type": "direct"}}]),
    ("nulls", said({**text("a"), "citations": None}, use()), [text("a"), use()]),
    ("blank text", said(text(" \n"), use()), [use()]),
    ("name with spaces", said(use(tool=" add ")), [use()]),
    ("blocks of the service", said({"type": "new", "data": 1}, use()),
     [{"type": "new", "data": 1}, use()]),
]  # fmt: skip


@pytest.mark.parametrize(("_", "message", "blocks"), REPEATED, ids=[row[0] for row in REPEATED])
def test_a_message_goes_back_block_by_block_as_it_came(
    _: str, message: Json, blocks: list[Json]
) -> None:
    assert played(message, {"ok": True})[0] == {"role": "assistant", "content": blocks}


TEXTS: list[tuple[str, Json, str, Any]] = [
    ("as_said", said(THINKING, text("I wait.")), "native", [THINKING, text("I wait.")]),
    ("as_said", said(THINKING), "native", [THINKING, text("(empty)")]),
    ("as_said", said(THINKING, {**use(), "input": '{"a'}), "native", [THINKING, text('add {"a')]),
    ("as_said", said(THINKING, text("I wait.")), "text", [THINKING, text("I wait.")]),
    ("as_said", said(text("I wait.")), "text", "I wait."),
    ("none", said(THINKING, text("I wait.")), "text", "I wait."),
    ("none", said(THINKING, text("I add."), use()), "native", [text("I add."), use()]),
    ("think_tag", said(THINKING, text("I wait.")), "text", "<think>\nhm\n</think>\n\nI wait."),
]


@pytest.mark.parametrize(("history", "message", "protocol", "content"), TEXTS)
def test_reasoning_goes_back_as_the_model_says(
    history: str, message: Json, protocol: str, content: Any
) -> None:
    first = played(message, {"ok": False}, protocol, history)[0]
    assert first == {"role": "assistant", "content": content}


def test_the_results_of_all_calls_are_in_one_message_in_the_order_of_the_calls() -> None:
    _, reply = played(said(use("toolu_1"), use("toolu_2", "end")), {"ok": True})
    assert reply["role"] == "user"
    assert [block["tool_use_id"] for block in reply["content"]] == ["toolu_1", "toolu_2"]
    assert reply["content"][0] == result("toolu_1", '{"ok":true}')
    assert "not_executed" in reply["content"][1]["content"]


IDS: list[tuple[str, list[str]]] = [("", ["toolu_1"]), ("toolu_1", []), ("x" * 65, ["toolu_1"])]


@pytest.mark.parametrize(("given", "before"), IDS)
def test_an_id_that_the_api_rejects_is_replaced_alike_in_call_and_result(
    given: str, before: list[str]
) -> None:
    first = Message("assistant", calls=tuple(ToolCall(name, "add", {}) for name in before))
    replies = Message("tool", results=tuple(ToolResult(name, "1") for name in before))
    second = Message("assistant", calls=(ToolCall(given, "add", {}),), raw=said(use(given)))
    third = Message("tool", results=(ToolResult(given, "2"),))
    asked = [first, replies, second, third] if before else [second, third]
    turns = sent(*asked)
    (call,), (reply,) = turns[-2]["content"], turns[-1]["content"]
    assert call["id"] == reply["tool_use_id"] == (given if given == "toolu_1" else call["id"])
    assert 0 < len(call["id"]) <= 64
    assert turns == sent(*asked)


def test_a_call_that_stood_in_the_text_becomes_a_block_after_the_text() -> None:
    tagged = 'I add.<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>'
    spoken, reply = played(said(THINKING, text(tagged)), {"ok": True})
    kept, words, call = spoken["content"]
    assert (kept, words) == (THINKING, text("I add."))
    assert call == use(call["id"], a=1)
    assert reply["content"] == [result(call["id"], '{"ok":true}')]


def test_roles_alternate_and_results_come_first() -> None:
    calls = (ToolCall("toolu_1", "add", {}),)
    turns = sent(
        Message("assistant", calls=calls),
        Message("user", "and"),
        Message("tool", results=(ToolResult("toolu_1", "3"),)),
        Message("assistant", "a"),
        Message("assistant", "b"),
    )
    assert turns == [
        {"role": "assistant", "content": [use()]},
        {"role": "user", "content": [result("toolu_1", "3"), text("and")]},
        {"role": "assistant", "content": [text("a"), text("b")]},
    ]


@pytest.mark.parametrize("words", ["", " ", "\n"])
def test_a_message_without_text_is_sent_as_empty(words: str) -> None:
    assert sent(Message("assistant", words)) == [{"role": "assistant", "content": "(empty)"}]


READ: list[tuple[str, Any, Message]] = [
    ("text", [text("a"), text("b")], Message("assistant", "ab")),
    ("only text", "a", Message("assistant", "a")),
    ("thinking", [THINKING, HIDDEN, text("a")], Message("assistant", "a", "hm")),
    ("calls", [use(a=1), use("toolu_2", "end")], Message(
        "assistant", calls=(ToolCall("toolu_1", "add", {"a": 1}), ToolCall("toolu_2", "end", {})))),
    ("input as text", [{**use(), "input": '{"a'}], Message(
        "assistant", calls=(ToolCall("toolu_1", "add", '{"a'),))),
    ("nothing", [], Message("assistant")),
    ("null", None, Message("assistant")),
    ("other JSON", [1, None, {"type": "text", "text": 5}, {"type": "tool_use"}], Message(
        "assistant", calls=(ToolCall("", "", None),))),
    ("half a surrogate pair", [text("a\ud800")], Message("assistant", "a\ufffd")),
]  # fmt: skip


@pytest.mark.parametrize(("_", "content", "found"), READ, ids=[row[0] for row in READ])
def test_a_message_of_the_service_is_read_whatever_it_contains(
    _: str, content: Any, found: Message
) -> None:
    message = {"role": "assistant", "content": content}
    read = WIRE.read(message)
    assert read.raw is message
    assert (read.role, read.text, read.thinking, read.calls) == (
        found.role, found.text, found.thinking, found.calls,
    )  # fmt: skip


def test_a_text_written_as_a_message_is_read_again() -> None:
    assert WIRE.read(WIRE.written("a")).text == "a"
    assert WIRE.read(WIRE.written(None)).text == ""


COUNTS: list[tuple[Any, Tokens | None]] = [
    ({"input_tokens": 10, "output_tokens": 5}, Tokens(10, 5)),
    ({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": None,
      "cache_creation_input_tokens": None}, Tokens(10, 5)),
    ({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 100},
     Tokens(110, 5, 0, 100)),
    ({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 100,
      "cache_creation_input_tokens": 7}, Tokens(117, 5, 0, 100, 7)),
    ({"input_tokens": 10, "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 3}},
     Tokens(10, 5, 3)),
    ({"input_tokens": "many", "output_tokens": 5}, None),
    ({"input_tokens": "10", "output_tokens": "5", "cache_read_input_tokens": 100.0,
      "cache_creation_input_tokens": "7"}, Tokens(117, 5, 0, 100, 7)),
    ({"input_tokens": 0, "output_tokens": 5}, Tokens(0, 5)),
    ({"output_tokens": 5}, None),
    ({"input_tokens": True, "output_tokens": 5}, None),
    ({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": -5}, None),
    ({}, None),
    (None, None),
    ([], None),
]  # fmt: skip


@pytest.mark.parametrize(("usage", "found"), COUNTS)
def test_the_input_includes_what_the_cache_read_and_wrote(usage: Any, found: Tokens | None) -> None:
    answer = {"content": [text("a")], "stop_reason": "end_turn", "usage": usage}
    assert WIRE.completion(FailureRules(), answer).tokens == found


def test_a_completion_keeps_the_blocks_as_they_came() -> None:
    blocks = [THINKING, text("a"), {**use(), "caller": None}]
    answer = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x-20260101",
              "content": blocks, "stop_reason": "tool_use", "stop_sequence": None,
              "usage": {"input_tokens": 10, "output_tokens": 5}}  # fmt: skip
    found = WIRE.completion(FailureRules(), answer)
    assert found.message == {"role": "assistant", "content": blocks}
    assert (found.finish_reason, found.model) == ("tool_use", "claude-x-20260101")


CUT: list[tuple[str, list[Json], list[str | None]]] = [
    ("cut in a call", [use(a=1)], [None]),
    ("cut before the arguments", [use()], [None]),
    ("cut in a call of finish", [use(tool="finish", answer="4")], [None]),
    ("cut in the second call", [use(), use("toolu_2")], ["add"]),
    ("cut in the text", [use(), text("and")], ["add"]),
    ("cut in the stream", [{**use(), "input": '{"a": '}], [None]),
    ("no call", [text("I")], [None]),
    ("nothing", [], [None]),
]


@pytest.mark.parametrize(("_", "content", "tools"), CUT, ids=[row[0] for row in CUT])
@pytest.mark.parametrize("reason", ["max_tokens", "model_context_window_exceeded"])
def test_a_call_that_was_cut_off_is_not_made(
    _: str, content: list[Json], tools: list[str | None], reason: str
) -> None:
    answer = {"content": content, "stop_reason": reason}
    message = WIRE.read(WIRE.completion(FailureRules(), answer).message)
    call = PROTOCOLS["native"].parse(message).call
    assert [call and call["tool"]] == tools


BROKEN: list[tuple[str, Json, type[errors.ProviderError]]] = [
    ("no content", {"stop_reason": "end_turn"}, errors.UnusableAnswer),
    ("content is not a list", {"content": 5}, errors.UnusableAnswer),
    ("the service failed", {"content": [], "stop_reason": "error"}, errors.UnusableAnswer),
    ("overloaded", {"error": {"type": "overloaded_error", "message": "o"}}, errors.ServerFailed),
    ("rate", {"error": {"type": "rate_limit_error", "message": "slow"}}, errors.RateLimited),
    ("too large", {"error": {"type": "request_too_large"}}, errors.ContextOverflow),
    ("unpaid", {"error": {"type": "billing_error", "message": "pay"}}, errors.QuotaSpent),
    ("key", {"error": {"type": "authentication_error"}}, errors.AuthenticationFailed),
    ("wrong", {"error": {"type": "invalid_request_error", "message": "w"}}, errors.Rejected),
    ("unknown", {"error": {"type": "new_error", "message": "w"}}, errors.ServerFailed),
    ("text", {"error": "broken"}, errors.ServerFailed),
]  # fmt: skip


@pytest.mark.parametrize(("_", "answer", "error"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_body_without_a_completion_is_the_error_that_it_means(
    _: str, answer: Json, error: type[errors.ProviderError]
) -> None:
    with pytest.raises(error) as found:
        WIRE.completion(FailureRules(), answer)
    assert type(found.value) is error


def test_what_is_sent_has_the_extra_body_at_the_top_level() -> None:
    made = body(USER, extra_body={"speed": "fast"})
    assert WIRE.sent(made) == {**body(USER), "speed": "fast"}
    assert WIRE.path(made) == "/v1/messages"

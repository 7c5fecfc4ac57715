"""Whatever a model writes can be read, and what is read can be sent and hashed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotbench.ground.canonical_json import canonical
from pilotbench.providers.messages import compact
from pilotbench.providers.protocols.protocol import NO_CALL
from pilotbench.providers.protocols.reading import (
    NotACallError,
    arguments_of,
    call_of,
    decoded,
    said,
)
from pilotbench.providers.wire_formats import WIRE_FORMATS
from support.chat import CHAT

CALL = {"tool": "utility_cache", "arguments": {"key": "a"}}
TOOLED = ("native", "json", "text")

HOSTILE = {
    "nothing": "",
    "white space": " \n\t\r\n",
    "a lone surrogate": 'x\ud800 {"tool": "a\udfff", "arguments": {"b": "\ud83d"}}',
    "an escaped surrogate": '{"tool": "a", "arguments": {"b": "\\ud800"}}',
    "a long line": "a" * 1_000_000,
    "many fences": "```call\n" * 20_000,
    "many objects": '{"tool": "a"} ' * 20_000,
    "many spaces": " " * 200_000 + "```call",
    "control characters": "\x00\x01\x02```call\n{\x00}\n```",
    "a list bomb": "[" * 100_000,
    "an object bomb": '{"tool": "a", "arguments": ' + '{"a":' * 50_000,
    "a deep value": '{"tool": "a", "arguments": {"a": ' + "[" * 300 + "]" * 300 + "}}",
    "no number": '{"tool": "a", "arguments": {"b": NaN}}',
    "an infinite number": '{"tool": "a", "arguments": {"b": 1e999}}',
    "a huge integer": '{"tool": "a", "arguments": {"b": ' + "9" * 400 + "}}",
    "more digits than Python reads": '{"tool": "a", "arguments": {"b": ' + "9" * 5000 + "}}",
    "a bare word": "null",
    "no object": "[1, 2]",
    "tool is a number": '{"tool": 5, "arguments": {}}',
    "tool is empty": '{"tool": " ", "arguments": {}}',
    "arguments are a list": '{"tool": "a", "arguments": [1]}',
}


def forms(text: str) -> list[dict]:
    """Return the messages that carry `text` in every place where text can stand."""
    function = {"name": text, "arguments": text}
    return [
        {"content": text},
        {"content": f"```call\n{text}"},
        {"content": [{"type": "text", "text": text}]},
        {"content": None, "reasoning_content": text},
        {"content": None, "tool_calls": [{"id": text, "type": "function", "function": function}]},
    ]


@pytest.mark.parametrize("protocol", CHAT)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_content_is_read_and_can_be_repeated(name: str, protocol: str) -> None:
    for message in forms(HOSTILE[name]):
        assert_readable(protocol, message)


@given(text=st.text(st.characters(), max_size=60), protocol=st.sampled_from(sorted(CHAT)))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_and_can_be_repeated(text: str, protocol: str) -> None:
    for message in forms(text):
        assert_readable(protocol, message)


@pytest.mark.parametrize("protocol", CHAT)
@pytest.mark.parametrize(
    "message",
    [
        {},
        {"content": 5},
        {"content": [5, {"text": 6}, None]},
        {"tool_calls": "x"},
        {"tool_calls": [None, 5]},
        {"tool_calls": [{}]},
        {"tool_calls": [{"function": 5}]},
        {"tool_calls": [{"id": 7, "function": {"name": None, "arguments": 7}}]},
    ],
)
def test_a_message_of_another_shape_is_one_without_a_call(message: dict, protocol: str) -> None:
    assert CHAT[protocol].parse(message).call is None
    assert_readable(protocol, message)


def assert_readable(protocol: str, message: dict) -> None:
    """Parse `message`, and check that what comes of it can be sent, hashed and stored."""
    spoken = CHAT[protocol]
    parsed = spoken.parse(message)
    sent = [
        spoken.assistant_message(message, parsed),
        *spoken.result_messages(message, parsed, NO_CALL),
    ]
    for value in (sent, parsed.call, parsed.text, parsed.thought):
        canonical(value).encode("utf-8")
    if parsed.call is not None:
        assert set(parsed.call) == {"tool", "arguments"}
        assert isinstance(parsed.call["arguments"], dict)


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ('{"tool": "a", "arguments": {"b": 1}}', {"b": 1}),
        ('{"name": "a", "parameters": {"b": 1}}', {"b": 1}),
        ('{"tool": "a"}', {}),
        ('{"tool": "a", "arguments": null}', {}),
        ('{"tool": "a", "arguments": ""}', {}),
        ('{"tool": " a ", "arguments": "{\\"b\\": 1}"}', {"b": 1}),
    ],
)
def test_calls_are_read_by_the_stated_tolerances(written: str, arguments: dict) -> None:
    assert call_of(decoded(written)) == {"tool": "a", "arguments": arguments}


@pytest.mark.parametrize("value", ["[1]", "5", "not json", [1], 5, True])
def test_arguments_that_are_not_an_object_are_not_a_call(value: object) -> None:
    with pytest.raises(NotACallError):
        arguments_of(value)


@pytest.mark.parametrize(
    ("content", "text", "thought"),
    [
        ("plain", "plain", None),
        ("<think>a</think>b", "b", "a"),
        ("a</think>b", "b", "a"),
        ("<think>never closed", "", "never closed"),
        ("b <think>later</think>", "b <think>later</think>", None),
        ("<think></think>b", "b", None),
    ],
)
def test_reasoning_is_cut_off_the_front(content: str, text: str, thought: str | None) -> None:
    found = said(WIRE_FORMATS["chat"].read({"content": content}))
    assert (found.text, found.thought) == (text, thought)


def test_reasoning_fields_are_thought_and_are_not_repeated() -> None:
    message = {"content": compact(CALL), "reasoning_content": "because"}
    for name in ("json", "text"):
        parsed = CHAT[name].parse(message)
        assert parsed.call == CALL
        assert parsed.thought == "because"
        assert "because" not in json.dumps(CHAT[name].assistant_message(message, parsed))

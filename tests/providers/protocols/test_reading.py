"""Whatever a model writes can be read, and what is read can be sent and hashed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotbench.benchmark.tasks import TASKS
from pilotbench.ground.canonical_json import canonical
from pilotbench.providers.messages import compact
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.history import repeated
from pilotbench.providers.protocols.protocol import NO_CALL
from pilotbench.providers.protocols.reading import (
    NotACallError,
    arguments_of,
    call_of,
    decoded,
    mended,
)
from pilotbench.providers.wire_formats.chat import WIRE, as_sent
from support.chat import CHAT

CALL = {"tool": "utility_cache", "arguments": {"key": "a"}}
CALL_TEXT = compact(CALL)
TASK = TASKS["simple_task"]
TOOLS = TASK.tools(TASK.instance("easy", 0))
SCHEMAS = {tool.name: tool.parameters for tool in TOOLS}
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


PIECES = st.sampled_from(
    [
        *"{}[]()<>|\"':,=`~\\ \n\ud83d｜▁a",
        *("<tool_call>", "</tool_call>", "<function=a>", "<parameter=b>", '<invoke name="a">'),
        *("<arg_key>", "</arg_key><arg_value>", "[TOOL_CALLS]", "[ARGS]", "<think>", "</think>"),
        *("```call\n", "```", "call:a{", '<|"|>', "finish(answer=", "functools[", "<|channel|>"),
        *('"tool"', '"name": "a"', '"arguments": {', "functions.a:0", "to=", "1e9"),
        *(CALL_TEXT, compact({**CALL, "arguments": compact(CALL["arguments"])})),
    ]
)


@given(
    text=st.lists(PIECES, max_size=25).map("".join) | st.text(st.characters(), max_size=60),
    protocol=st.sampled_from(sorted(CHAT)),
)
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_and_can_be_repeated(text: str, protocol: str) -> None:
    for message in forms(text):
        assert_readable(protocol, message)


@given(piece=st.lists(PIECES, min_size=1, max_size=6).map("".join), begin=PIECES, end=PIECES)
@settings(max_examples=6, deadline=None)
def test_a_megabyte_of_anything_is_read(piece: str, begin: str, end: str) -> None:
    text = begin + piece * (1_000_000 // len(piece)) + end
    for protocol in TOOLED:
        assert CHAT[protocol].parse({"content": text}, TOOLS).surplus <= 100


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
    parsed = spoken.parse(message, TOOLS)
    came = WIRE.read(message)
    ours = PROTOCOLS[protocol].assistant_message(came, parsed)
    sent = [
        *as_sent(repeated("as_said", came, ours, parsed.text)),
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
        ('{"tool_name": "a", "args": {"b": 1}}', {"b": 1}),
        ('{"function": "a", "input": {"b": 1}}', {"b": 1}),
        ('{"type": "tool_use", "id": "t", "name": "functions.a", "input": {"b": 1}}', {"b": 1}),
        ('{"function_call": {"name": "a", "arguments": "{\\"b\\": 1}"}}', {"b": 1}),
        ('{"tool_call": {"name": "a", "arguments": {}}}', {}),
        ('{"name": "a", "tool_call_id": "0", "index": 0}', {}),
    ],
)
def test_calls_are_read_by_the_stated_tolerances(written: str, arguments: dict) -> None:
    assert call_of(decoded(written), {}) == ({"tool": "a", "arguments": arguments}, False)


NOT_CALLS = {
    "a person": {"name": "Bo"},
    "a person with an age": {"name": "Bo", "age": 3},
    "the definition of a tool": {
        "name": "finish",
        "description": "End.",
        "parameters": SCHEMAS["finish"],
    },
    "a tool and its answer": {"tool": "finish", "answer": 42},
    "a tool with null and its answer": {"tool": "finish", "input": None, "answer": 42},
    "an entry that is no tool": {"Bo": {"age": 3}},
    "two entries": {"finish": {"answer": 1}, "utility_cache": {}},
    "a tool that is no object": {"finish": 42},
    "arguments as a list": {"tool": "utility_cache", "arguments": ["a"]},
    "arguments as words": {"tool": "utility_cache", "arguments": "the key a"},
}


@pytest.mark.parametrize("name", NOT_CALLS)
def test_an_object_that_is_data_is_not_a_call(name: str) -> None:
    with pytest.raises(NotACallError):
        call_of(NOT_CALLS[name], SCHEMAS)


@pytest.mark.parametrize("value", [{"tool": "x"}, {"name": "utility_helper"}, {"finish": {}}])
def test_a_call_without_arguments_must_name_a_tool(value: dict) -> None:
    assert call_of(value, SCHEMAS)[0]["arguments"] == {}


MENDED = {
    "single quotes": ("{'a': 1, 'b': None, 'c': True}", {"a": 1, "b": None, "c": True}),
    "a comma at the end": ('{"a": [1, 2,],}', {"a": [1, 2]}),
    "a missing bracket": ('{"a": {"b": 1}', {"a": {"b": 1}}),
    "a line break in a text": ('{"a": "b\nc"}', {"a": "b\nc"}),
    "keys without quotes": ("{a: 1}", {"a": 1}),
    "a comment": ('{"a": 1, // the first\n"b": 2}', {"a": 1, "b": 2}),
    "a missing comma": ('{"a": 1 "b": 2}', {"a": 1, "b": 2}),
    "a backslash": ('{"a": "\\d+"}', {"a": "\\d+"}),
}


@pytest.mark.parametrize("name", MENDED)
def test_broken_json_that_ends_as_json_is_repaired(name: str) -> None:
    text, value = MENDED[name]
    assert mended(text, NotACallError("broken")) == value
    assert arguments_of(text) == (value, True)


UNMENDED = [
    '{"a": 1',
    '{"a": "b',
    '{"a": [1, ',
    "a: 1}",
    "",
    "{" * 600 + "}",
    "{" + " " * 30_000 + "}",
]


@pytest.mark.parametrize("text", UNMENDED)
def test_what_was_broken_off_is_not_guessed(text: str) -> None:
    with pytest.raises(NotACallError, match="broken"):
        mended(text, NotACallError("broken"))


@pytest.mark.parametrize("value", ["[1]", "5", "not json", [1], 5, True])
def test_arguments_that_are_not_an_object_are_not_a_call(value: object) -> None:
    with pytest.raises(NotACallError):
        arguments_of(value)


def test_reasoning_fields_are_thought_and_are_not_repeated() -> None:
    message = {"content": compact(CALL), "reasoning_content": "because"}
    for name in ("json", "text"):
        parsed = CHAT[name].parse(message)
        assert parsed.call == CALL
        assert parsed.thought == "because"
        assert "because" not in json.dumps(CHAT[name].assistant_message(message, parsed))

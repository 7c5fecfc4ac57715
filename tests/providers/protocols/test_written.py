"""Calls that stand in text, each form as a row: what is read, and what costs a turn."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotbench.providers.messages import compact
from pilotbench.providers.protocols.written import tagged_calls
from support.chat import CHAT

CALL = {"tool": "file_operations_reader", "arguments": {"path": "a.csv"}}
OTHER = {"tool": "finish", "arguments": {"answer": 42}}
NAMED = {"name": CALL["tool"], "arguments": CALL["arguments"]}
C, N = compact(CALL), compact(NAMED)
BOTH = ("text", "json")


def fence(text: str, word: str = "json") -> str:
    """Return a fenced block."""
    return f"```{word}\n{text}\n```"


def tag(text: str, word: str = "tool_call") -> str:
    """Return text between tags."""
    return f"<{word}>\n{text}\n</{word}>"


DATA = '{"rows": [1, 2]}'
LLAMA = compact({"name": CALL["tool"], "parameters": CALL["arguments"]})
BROKEN_AROUND = f'{{"tool": "a", "arguments": {{"x": nil, "y": {C}}}}}'
CODE = fence("rows = {'a': 1}\nprint(rows['a'])", "python")
READ = {  # what was written, the protocols under which it is CALL
    "a bare object": (C, BOTH),
    "a fence after a block of code": (f"First:\n{CODE}\nThen:\n{fence(C)}", BOTH),
    "a fence after a block of JSON data": (f"{fence(DATA)}\n{fence(C)}", BOTH),
    "a fence after code with braces": (f"{fence('def f(x): {x}', 'js')}\n{fence(C)}", BOTH),
    "a fence of an unknown word": (fence(C, "tool_code"), BOTH),
    "tildes": (f"~~~json\n{C}\n~~~", BOTH),
    "Hermes tags": (tag(N), BOTH),
    "Hermes tags after words": (f"I will read the file.\n{tag(N)}", BOTH),
    "Hermes tags that are not closed": (f"<tool_call>{N}", BOTH),
    "Hermes tags in one line": (f"<tool_call>{N}</tool_call>", BOTH),
    "Hermes tags around a fence": (tag(fence(N)), BOTH),
    "Hermes tags in a fence": (fence(tag(N), "xml"), BOTH),
    "tags of another word": (tag(N, "function_call"), BOTH),
    "tags with bars": (f"<|tool_call|>{N}<|/tool_call|>", BOTH),
    "Mistral's mark before a list": (f"[TOOL_CALLS][{N}]", BOTH),
    "Llama's mark": (f"<|python_tag|>{LLAMA}", BOTH),
    "a list of one call": (f"[{C}]", BOTH),
    "a list of one call in a fence": (fence(f"[{C}]"), BOTH),
    "a list of one call in a block of a call": (fence(f"[{C}]", "call"), ("text",)),
    "an OpenAI tool call": (compact({"type": "function", "function": NAMED}), BOTH),
    "arguments as text": (compact({**NAMED, "arguments": compact(CALL["arguments"])}), BOTH),
    "an id and a type beside": (compact({"id": "1", "type": "function", **NAMED}), BOTH),
    "data before, in the text": (f'The row is {{"name": "Bo", "age": 3}}.\n{C}', ("json",)),
    "braces before, in the text": (f"The set {{a, b}} is read.\n{C}", ("json",)),
    "a block of a call after one of JSON": (f"{fence('{}')}\n{fence(C, 'call')}", ("text",)),
    "NaN in data before": (f'{{"rows": [NaN]}}\n{C}', ("json",)),
}
READ_ROWS = [(form, name) for form, (_, names) in READ.items() for name in names]


@pytest.mark.parametrize(("form", "protocol"), READ_ROWS)
def test_a_call_is_read_in_this_form(form: str, protocol: str) -> None:
    parsed = CHAT[protocol].parse({"content": READ[form][0]})
    assert (parsed.call, parsed.error, parsed.surplus) == (CALL, None, 0)


DRAFT = compact({"plan": [CALL]})
UNKNOWN = compact({"name": CALL["tool"], "args": CALL["arguments"]})
COSTS_A_TURN = {  # what was written, the protocols under which it is no call
    "unknown keys instead of arguments": (UNKNOWN, BOTH),
    "unknown keys in tags": (tag(UNKNOWN), BOTH),
    "arguments beside the tool": (compact({"tool": "finish", "answer": 42}), BOTH),
    "null arguments beside unknown keys": (
        compact({"tool": "finish", "arguments": None, "answer": 42}),
        BOTH,
    ),
    "a tool and a name without arguments": (compact({"tool": "a", "name": "b"}), BOTH),
    "a call within other data": (DRAFT, BOTH),
    "a call within a call's arguments that breaks off": (
        '{"tool": "call_tool", "arguments": ' + N,
        BOTH,
    ),
    "a broken call, then a whole one": (f'{{"tool": "finish", "arguments": {{,}}}}\n{C}', BOTH),
    "a broken call that holds a whole one": (BROKEN_AROUND, BOTH),
    "NaN in a call, then a whole one": (f'{{"tool": "a", "arguments": {{"x": NaN}}}}\n{C}', BOTH),
    "tags without JSON": (tag("finish(42)"), BOTH),
    "tags without text": ("<tool_call></tool_call>", BOTH),
    "a call in the middle of a sentence": (f"I could say {C} here.", ("text",)),
    "a call in a line of code": (fence(f"run({C})", "python"), ("text",)),
    "a list of words": ('["finish", "42"]', BOTH),
    "a list of lists": (f"[[{C}]]", ("text",)),
    "a tool without arguments in a list beside a number": ("[42]", BOTH),
    "a broken block of a call, then JSON": (f"{fence('{', 'call')}\n{fence(C)}", ("text",)),
    "a function that is no object": (compact({"type": "function", "function": "finish"}), BOTH),
}
COST_ROWS = [(form, name) for form, (_, names) in COSTS_A_TURN.items() for name in names]


@pytest.mark.parametrize(("form", "protocol"), COST_ROWS)
def test_a_message_without_a_call_costs_a_turn_and_says_why(form: str, protocol: str) -> None:
    parsed = CHAT[protocol].parse({"content": COSTS_A_TURN[form][0]})
    assert parsed.call is None
    assert parsed.error


SURPLUS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "a list of three": (f"[{C}, {compact(OTHER)}, {C}]", BOTH, 2),
    "two pairs of tags": (f"{tag(C)}\n{tag(compact(OTHER))}", BOTH, 1),
    "two fences": (f"{fence(C)}\nand\n{fence(compact(OTHER))}", BOTH, 1),
    "a call and data": (f'{C}\n{{"rows": 2}}', BOTH, 0),
    "a call, data, a call": (f"{fence(C)}\n{fence('{}')}\n{fence(compact(OTHER))}", BOTH, 1),
    "a list in a block of a call": (fence(f"[{C}, {C}]", "call"), ("text",), 1),
    "a call and what breaks off": (f'{C}\n{{"tool": "fin', BOTH, 0),
}
SURPLUS_ROWS = [(form, name) for form, (_, names, _) in SURPLUS.items() for name in names]


@pytest.mark.parametrize(("form", "protocol"), SURPLUS_ROWS)
def test_the_first_call_is_made_and_the_others_are_surplus(form: str, protocol: str) -> None:
    content, _, surplus = SURPLUS[form]
    parsed = CHAT[protocol].parse({"content": content})
    assert (parsed.call, parsed.surplus) == (CALL, surplus)


@pytest.mark.parametrize(
    ("text", "call", "surplus"),
    [
        (f"Well.\n{tag(N)}", CALL, 0),
        (tag(N) + tag(N), CALL, 1),
        (f"[TOOL_CALLS] [{N}, {N}]", CALL, 1),
        (tag(UNKNOWN), None, 0),
        (tag("finish(42)"), None, 0),
    ],
)
def test_calls_in_tags_are_read_alone_too(text: str, call: Any, surplus: int) -> None:
    """A server may leave tags in the text instead of making tool calls of them."""
    found = tagged_calls(text)
    assert found is not None
    assert (found.call, found.surplus) == (call, surplus)
    assert (found.error is None) == (call is not None)


@pytest.mark.parametrize("text", [C, fence(C), "a <tool> b", "tool_call", json.dumps([NAMED])])
def test_text_without_tags_has_no_tagged_call(text: str) -> None:
    assert tagged_calls(text) is None


PIECES = [
    '{"',
    "{'a",
    '{"a":',
    "<tool_call>",
    "```json\n{",
    "[TOOL_CALLS]",
    "[{",
    "~~~\n",
    '{"\\"{',
]


@pytest.mark.parametrize("piece", PIECES)
def test_reading_ends_where_openings_do_not(piece: str) -> None:
    for name in BOTH:
        assert CHAT[name].parse({"content": piece * 30_000}).call is None


def test_no_call_is_looked_for_after_ten_thousand_openings() -> None:
    def call(openings: int) -> Any:
        return CHAT["json"].parse({"content": "{x} " * openings + C}).call

    assert (call(9_999), call(10_000)) == (CALL, None)

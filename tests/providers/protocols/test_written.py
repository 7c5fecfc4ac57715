"""Calls that stand in text, each form as a row: what is read, and what costs a turn."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotbench.benchmark.tasks import TASKS
from pilotbench.providers.messages import compact
from pilotbench.providers.protocols.written import MOST_PLACES
from support.chat import CHAT
from support.families import STYLES

TASK = TASKS["simple_task"]
TOOLS = TASK.tools(TASK.instance("easy", 0))
PROTOCOLS = ("native", "text", "json")
CALL = {"tool": "file_operations_reader", "arguments": {"path": "a.csv"}}
RICH = {
    "tool": "computation_calculator",
    "arguments": {"expression": 'a * "b" - {1}, <c>', "values": {"a": 2, "b": ["x: y", -1.5]}},
}
OTHER = {"tool": "finish", "arguments": {"answer": 42}}
NAMED = {"name": CALL["tool"], "arguments": CALL["arguments"]}
C, N, F = compact(CALL), compact(NAMED), compact(OTHER)


def fence(text: str, word: str = "json") -> str:
    """Return a fenced block."""
    return f"```{word}\n{text}\n```"


def tag(text: str, word: str = "tool_call") -> str:
    """Return text between tags."""
    return f"<{word}>\n{text}\n</{word}>"


def read(protocol: str, content: str | None, **message: Any) -> Any:
    """Return what is read in a message."""
    return CHAT[protocol].parse({"content": content, **message}, TOOLS)


STYLED = [(family, style) for family, styles in STYLES.items() for style in styles]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("call", [CALL, RICH, OTHER], ids=["plain", "rich", "finish"])
@pytest.mark.parametrize(("family", "style"), STYLED)
def test_the_form_of_a_family_is_read(family: str, style: Any, call: Any, protocol: str) -> None:
    parsed = read(protocol, style(call))
    assert (parsed.call, parsed.error, parsed.surplus, parsed.repaired) == (call, None, 0, False)


MARKED = [style for _, style in STYLED if style(CALL)[0] == "<" or style(CALL).startswith("[TOOL")]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("style", MARKED)
def test_a_tag_is_read_after_words_and_in_reasoning_that_ends_with_it(
    style: Any, protocol: str
) -> None:
    after = read(protocol, f"I read the file.\n\n{style(CALL)}")
    assert (after.call, after.surplus) == (CALL, 0)
    within = read(protocol, f"<think>I could read it. {style(OTHER)}\nNo:\n{style(CALL)}")
    assert (within.call, within.surplus, within.thought[:15]) == (CALL, 0, "I could read it")
    twice = read(protocol, f"{style(CALL)}\n{style(OTHER)}")
    assert (twice.call, twice.surplus) == (CALL, 1)


DATA = '{"rows": [1, 2]}'
CODE = fence("rows = {'a': 1}\nprint(rows['a'])", "python")
SCHEMA = compact({"name": "finish", "description": "d", "parameters": {"properties": {}}})
READ = {
    "a bare object": C,
    "a fence after a block of code": f"First:\n{CODE}\nThen:\n{fence(C)}",
    "a fence after a block of JSON data": f"{fence(DATA)}\n{fence(C)}",
    "a fence after code with braces": f"{fence('def f(x): {x}', 'js')}\n{fence(C)}",
    "a fence of an unknown word": fence(C, "tool_code"),
    "a fence that is not closed": f"```json\n{C}",
    "tildes": f"~~~json\n{C}\n~~~",
    "Hermes tags that are not closed": f"<tool_call>{N}",
    "Hermes tags around a fence": tag(fence(N)),
    "Hermes tags in a fence": fence(tag(N), "xml"),
    "Hermes tags around a word": f"<tool_call>json\n{N}</tool_call>",
    "tags of another word": tag(N, "function_call"),
    "tags with bars": f"<|tool_call|>{N}<|/tool_call|>",
    "a list of one call": f"[{C}]",
    "a list of one call in a fence": fence(f"[{C}]"),
    "a list of one call in a block of a call": fence(f"[{C}]", "call"),
    "a name before the arguments": fence('file_operations_reader {"path": "a.csv"}', "call"),
    "a name around the arguments": tag('file_operations_reader({"path": "a.csv"})'),
    "an OpenAI tool call": compact({"type": "function", "function": NAMED}),
    "arguments as text": compact({**NAMED, "arguments": compact(CALL["arguments"])}),
    "arguments encoded twice": compact({**NAMED, "arguments": json.dumps('{"path": "a.csv"}')}),
    "arguments as args": compact({"name": CALL["tool"], "args": CALL["arguments"]}),
    "arguments as input": compact({"tool": CALL["tool"], "input": CALL["arguments"]}),
    "an id and a type beside": compact({"id": "1", "type": "function", **NAMED}),
    "data before, in the text": f'The row is {{"name": "Bo", "age": 3}}.\n{C}',
    "a person before, in the text": f'The row is {{"name": "Bo"}}.\n{C}',
    "the definition of a tool before": f"{SCHEMA}\n{C}",
    "a JSON answer before": f'{{"answer": 42}}\n{C}',
    "braces before, in the text": f"The set {{a, b}} is read.\n{C}",
    "a block of a call after one of JSON": f"{fence('{}')}\n{fence(C, 'call')}",
    "an empty block of a call before": f"{fence('{}', 'call')}\n{fence(C, 'call')}",
    "NaN in data before": f'{{"rows": [NaN]}}\n{C}',
    "in the middle of a sentence": f"I say {C} here.",
    "in a line of code": fence(f"run({C})", "python"),
    "a list of lists": f"[[{C}]]",
    "a draft in closed reasoning before": f"<think>{F}</think>\n{C}",
    "an example in a sentence before a block": f"Not {F}, but:\n{fence(C, 'call')}",
    "an example in a sentence before tags": f"Not {F}, but: {tag(N)}",
    "an example in a fence before a block": f"{fence(F)}\nNo:\n{fence(C, 'call')}",
    "an example that breaks off before a block": f'{{"tool": "finish", …\n{fence(C, "call")}',
    "reasoning that is not closed": f"<think>I read it.\n{C}",
    "reasoning with a draft that is not closed": f"<think>{F}? No, I read it.\n{fence(C, 'call')}",
    "nothing but reasoning": f"<think>I read it.\n{C}</think>",
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("form", READ)
def test_a_call_is_read_in_this_form(form: str, protocol: str) -> None:
    parsed = read(protocol, READ[form])
    found = (parsed.call, parsed.error, parsed.surplus, parsed.repaired)
    assert found == (CALL, None, 0, False)


BROKEN_AROUND = f'{{"tool": "file_operations_reader", "arguments": {{"path": nil, "y": {C}}}}}'
COSTS_A_TURN = {
    "words": "I read the file a.csv.",
    "unknown keys instead of arguments": compact({"name": CALL["tool"], "values": {"a": 1}}),
    "unknown keys in tags": tag(compact({"name": CALL["tool"], "values": {"a": 1}})),
    "arguments beside the tool": compact({"tool": "finish", "answer": 42}),
    "null arguments beside unknown keys": compact(
        {"tool": "finish", "arguments": None, "answer": 42}
    ),
    "a tool and a name without arguments": compact({"tool": "a", "name": "b"}),
    "a call within other data": compact({"plan": [CALL]}),
    "a call without arguments in a sentence": 'I end with {"tool": "finish"} then.',
    "a person": '{"name": "Bo"}',
    "the definition of a tool": SCHEMA,
    "a call that breaks off": '{"tool": "finish", "arguments": {"answer": "4',
    "a call that breaks off in tags": '<tool_call>{"name": "finish", "arguments": {"answer": "4',
    "a call that breaks off after a name": '[TOOL_CALLS]finish[ARGS]{"answer": "4',
    "a call that breaks off, then a whole one": f'{{"tool": "finish", "argu\n{C}',
    "an element with words": "<function=finish>the answer is 42</function>",
    "an element with words, then a call": f"<function=finish>42 {C}</function>",
    "NaN in a call, then a whole one": f'{{"tool": "a", "arguments": {{"x": NaN}}}}\n{C}',
    "tags without a call": tag("I would finish now."),
    "tags without text": "<tool_call></tool_call>",
    "tags around a word that is no tool": tag("thinking"),
    "Python that is more than a call": fence("rows = parse(data='a')", "tool_code"),
    "Python in other code": fence("finish(answer=42)", "python"),
    "Python in a sentence": "I will call finish(answer=42) then.",
    "a list of words": '["finish", "42"]',
    "a list of numbers": "[42]",
    "a block that breaks off": fence("{", "call"),
    "a function that is no object": compact({"type": "function", "function": "finish", "x": 1}),
    "a call in reasoning that goes on": f"<think>{C}\nOr should I look first?",
    "a call in the middle of nothing but reasoning": f"<think>{tag(N)} Hm.</think>",
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("form", COSTS_A_TURN)
def test_a_message_without_a_call_costs_a_turn_and_says_why(form: str, protocol: str) -> None:
    parsed = read(protocol, COSTS_A_TURN[form])
    assert (parsed.call, parsed.repaired) == (None, False)
    assert parsed.error


REPAIRED = {
    "single quotes": "{'tool': 'file_operations_reader', 'arguments': {'path': 'a.csv'}}",
    "a comma at the end": C[:-1] + ",}",
    "a missing bracket": C[:-1],
    "a missing bracket in a fence": fence(C[:-1]),
    "a missing bracket in tags": tag(N[:-1]),
    "a missing bracket after a name": '[TOOL_CALLS]file_operations_reader{"path": "a.csv",}',
    "keys without quotes": '{tool: "file_operations_reader", arguments: {path: "a.csv"}}',
    "single quotes in arguments as text": compact({**NAMED, "arguments": "{'path': 'a.csv'}"}),
    "a comment": C[:-1] + " // read it\n}",
    "single quotes, then words": "{'tool': 'file_operations_reader', 'args': {'path': 'a.csv'}} ok",
    "single quotes in a list": "[{'name': 'file_operations_reader', 'args': {'path': 'a.csv'}}]",
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("form", REPAIRED)
def test_a_call_that_is_broken_json_is_repaired_and_counted(form: str, protocol: str) -> None:
    parsed = read(protocol, REPAIRED[form])
    assert (parsed.call, parsed.error, parsed.surplus) == (CALL, None, 0)
    assert parsed.repaired


def test_a_tool_call_whose_arguments_are_broken_is_repaired_and_repeated_whole() -> None:
    function = {"name": CALL["tool"], "arguments": "{'path': 'a.csv'}"}
    message = {"content": None, "tool_calls": [{"id": "1", "function": function}]}
    parsed = CHAT["native"].parse(message, TOOLS)
    assert (parsed.call, parsed.repaired) == (CALL, True)
    repeated = CHAT["native"].assistant_message(message, parsed)
    assert json.loads(repeated["tool_calls"][0]["function"]["arguments"]) == CALL["arguments"]


def test_what_a_broken_call_contains_is_not_a_call() -> None:
    for protocol in PROTOCOLS:
        parsed = read(protocol, BROKEN_AROUND)
        assert parsed.call["arguments"] == {"path": "nil", "y": CALL}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_reasoning_that_was_sent_apart_is_read_where_nothing_else_was_sent(protocol: str) -> None:
    ends = f"I read it.\n{tag(N)}"
    assert read(protocol, None, reasoning_content=ends).call == CALL
    assert read(protocol, "", reasoning_content=f"{ends}\nOr not.").call is None
    assert read(protocol, "Well.", reasoning_content=ends).call is None


SURPLUS: dict[str, tuple[str, int]] = {
    "a list of three": (f"[{C}, {F}, {C}]", 2),
    "two pairs of tags": (f"{tag(C)}\n{tag(F)}", 1),
    "two in one pair of tags": (tag(f"{N}\n{F}"), 1),
    "Llama's semicolon": (f"{C}; {F}", 1),
    "two fences": (f"{fence(C)}\nand\n{fence(F)}", 1),
    "a call and data": (f'{C}\n{{"rows": 2}}', 0),
    "a call, data, a call": (f"{fence(C)}\n{fence('{}')}\n{fence(F)}", 1),
    "a list in a block of a call": (fence(f"[{C}, {C}]", "call"), 1),
    "a call and what breaks off": (f'{C}\n{{"tool": "fin', 0),
    "tool calls in an object": (compact({"tool_calls": [CALL, OTHER]}), 1),
    "two Python calls": (
        '[file_operations_reader(path="a.csv"), finish(answer=42)]',
        1,
    ),
    "a block and one in a sentence": (f"{fence(C, 'call')} rather than {F}", 0),
    "a missing bracket, then another call": (f"{C[:-1]}\n{F}", 1),
    "two hundred": (f"[{','.join([C] * 200)}]", 100),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("form", SURPLUS)
def test_the_first_call_is_made_and_the_others_are_surplus(form: str, protocol: str) -> None:
    content, surplus = SURPLUS[form]
    parsed = read(protocol, content)
    assert (parsed.call, parsed.surplus) == (CALL, surplus)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "text", ["{}", "First:\n{}", "First:\n  {} \nThen.", "`call`:\n```\n{}\n```"]
)
def test_a_call_without_arguments_is_read_in_lines_of_its_own(text: str, protocol: str) -> None:
    parsed = read(protocol, text.replace("{}", '{"tool": "utility_helper"}'))
    assert parsed.call == {"tool": "utility_helper", "arguments": {}}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_without_the_tools_a_call_of_any_name_is_read(protocol: str) -> None:
    assert CHAT[protocol].parse({"content": '{"name": "Bo"}'}).call == {
        "tool": "Bo",
        "arguments": {},
    }


@pytest.mark.parametrize(
    ("content", "before"),
    [
        (f"First.\n{tag(N)}", "First."),
        (f"First.\n<tool_call>\n<function={CALL['tool']}>\n", "First."),
        (f"First. {C} Then.", "First."),
        (fence(C, "call"), ""),
    ],
)
def test_under_native_the_text_before_a_call_is_repeated_with_it(content: str, before: str) -> None:
    message = {"content": content}
    parsed = CHAT["native"].parse(message, TOOLS)
    repeated = CHAT["native"].assistant_message(message, parsed)
    assert (repeated["content"] or "") == before
    assert repeated["tool_calls"][0]["function"]["name"] == CALL["tool"]


@pytest.mark.parametrize("protocol", ["text", "json"])
def test_a_call_in_reasoning_that_is_not_closed_is_repeated_without_it(protocol: str) -> None:
    message = {"content": f"<think>I read it.\n{tag(N)}"}
    parsed = CHAT[protocol].parse(message, TOOLS)
    assert parsed.thought == "I read it."
    assert CHAT[protocol].assistant_message(message, parsed)["content"] == tag(N)


def test_no_call_is_looked_for_after_ten_thousand_openings() -> None:
    def call(openings: int) -> Any:
        return read("json", "{x} " * openings + C).call

    assert (call(MOST_PLACES - 1), call(MOST_PLACES)) == (CALL, None)

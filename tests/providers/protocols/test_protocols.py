"""The three protocols offer the same, read the same and answer the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.world.toolbox import TOOLS
from pilotbench.providers.messages import compact
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.players import call_message, protocol_of
from pilotbench.providers.protocols.protocol import (
    NO_CALL,
    NOT_EXECUTED,
    RULES,
    stated_turns,
)
from support.chat import CHAT

CALL: dict[str, Any] = {
    "tool": "data_processing_parser",
    "arguments": {"data": "h-1", "format": "csv"},
}
OTHER = {"tool": "finish", "arguments": {"answer": "x"}}
TOOLED = ("native", "json", "text")
TASK = TASKS["simple_task"]
CONTROL_TOKENS = ("<tool_call>", "<|", "[TOOL_CALLS]", "<function", "<start_of_turn>", "[INST]")


def native(*calls: dict) -> dict:
    """Return a native message with these calls."""
    made = [
        call_message("native", call, place)["tool_calls"][0] for place, call in enumerate(calls)
    ]
    return {"role": "assistant", "content": None, "tool_calls": made}


@pytest.mark.parametrize("protocol", TOOLED)
@pytest.mark.parametrize("difficulty", TASK.difficulties)
def test_every_protocol_offers_the_same_tools_with_the_same_words(
    protocol: str, difficulty: str
) -> None:
    instance = TASK.instance(difficulty, 0)
    tools = TASK.tools(instance)
    extra = CHAT[protocol].body_extra(tools)
    offered = CHAT[protocol].system(TASK, instance, 9) + json.dumps(extra, ensure_ascii=False)
    assert tools[-1].name == "finish"
    for tool in tools:
        assert json.dumps(tool.name) in offered
        assert json.dumps(tool.description, ensure_ascii=False) in offered
        assert compact(tool.parameters) in offered or json.dumps(tool.parameters) in offered
    unoffered = set(TOOLS) - {tool.name for tool in tools}
    assert not [name for name in unoffered if name in offered]


@pytest.mark.parametrize("protocol", TOOLED)
def test_the_system_message_states_the_rules_and_ends_with_the_turns(protocol: str) -> None:
    text = CHAT[protocol].system(TASK, TASK.instance("easy", 0), 13)
    assert RULES in text
    assert "transient" in text
    assert stated_turns(text) == 13


@pytest.mark.parametrize("protocol", TOOLED)
def test_the_system_message_is_the_same_for_all_instances_but_for_its_end(protocol: str) -> None:
    texts = {CHAT[protocol].system(TASK, TASK.instance("easy", i), 13) for i in range(5)}
    other = CHAT[protocol].system(TASKS["data_pipeline"], TASK.instance("easy", 0), 22)
    assert len(texts) == 1
    assert other.replace("22 messages", "13 messages") == texts.pop()


@pytest.mark.parametrize("protocol", TOOLED)
def test_no_protocol_uses_a_control_token(protocol: str) -> None:
    text = CHAT[protocol].system(TASK, TASK.instance("hard", 0), 13)
    assert not [token for token in CONTROL_TOKENS if token in text]


@pytest.mark.parametrize("protocol", TOOLED)
def test_a_call_is_read_and_its_result_given_back(protocol: str) -> None:
    spoken, reply = CHAT[protocol], {"ok": True, "result": {"handle": "é"}}
    message = call_message(protocol, CALL, 0)
    parsed = spoken.parse(message)
    assert (parsed.call, parsed.error, parsed.surplus) == (CALL, None, 0)
    (result,) = spoken.result_messages(message, parsed, reply)
    assert json.loads(result["content"]) == reply
    assert "é" in result["content"]
    repeated = spoken.assistant_message(message, parsed)
    assert spoken.parse(repeated) == parsed


SURPLUS = {
    "native": native(CALL, OTHER, OTHER),
    "json": {"content": f"{compact(CALL)}\n{compact(OTHER)}{compact(OTHER)}"},
    "text": {"content": "\n".join(f"```call\n{compact(c)}\n```" for c in (CALL, OTHER, OTHER))},
}


@pytest.mark.parametrize("protocol", TOOLED)
def test_surplus_calls_each_get_the_fixed_reply(protocol: str) -> None:
    spoken, message = CHAT[protocol], SURPLUS[protocol]
    parsed = spoken.parse(message)
    assert (parsed.call, parsed.surplus) == (CALL, 2)
    results = spoken.result_messages(message, parsed, {"ok": True, "result": 1})
    lines = [line for result in results for line in result["content"].splitlines()]
    assert [json.loads(line) for line in lines] == [{"ok": True, "result": 1}] + [NOT_EXECUTED] * 2


def test_every_native_tool_call_is_answered_by_its_id() -> None:
    message = native(CALL, OTHER)
    message["tool_calls"][1]["id"] = "abc"
    parsed = CHAT["native"].parse(message)
    results = CHAT["native"].result_messages(message, parsed, {})
    assert [(m["role"], m["tool_call_id"]) for m in results] == [
        ("tool", "call_0"),
        ("tool", "abc"),
    ]


@pytest.mark.parametrize("arguments", ['{"a": ', "[1]", "NaN", "x", '{"a": NaN}'])
def test_broken_native_arguments_are_not_a_call_and_are_repeated_as_text(arguments: str) -> None:
    message = native(CALL)
    message["tool_calls"][0]["function"]["arguments"] = arguments
    spoken = CHAT["native"]
    parsed = spoken.parse(message)
    assert parsed.call is None
    assert parsed.error
    repeated = spoken.assistant_message(message, parsed)
    assert set(repeated) == {"role", "content"}
    assert arguments.strip() in repeated["content"]
    assert spoken.result_messages(message, parsed, NO_CALL) == [
        {"role": "user", "content": compact(NO_CALL)}
    ]


def test_a_broken_surplus_native_call_leaves_no_broken_json_in_the_history() -> None:
    message = native(CALL, OTHER)
    message["tool_calls"][1]["function"]["arguments"] = '{"a": '
    parsed = CHAT["native"].parse(message)
    repeated = CHAT["native"].assistant_message(message, parsed)
    assert parsed.call == CALL
    assert [json.loads(c["function"]["arguments"]) for c in repeated["tool_calls"]] == [
        CALL["arguments"],
        {},
    ]


READ_AS_JSON = {
    "bare": compact(CALL),
    "in a fence": f"```json\n{compact(CALL)}\n```",
    "in an unclosed fence": f"```\n{compact(CALL)}",
    "after text": f"Well:\n{compact(CALL)}\nDone.",
    "after reasoning": f"<think>{{maybe}}</think>{compact(CALL)}",
    "with a thought": compact({"thought": "first parse", **CALL}),
    "indented": json.dumps(CALL, indent=2),
}


@pytest.mark.parametrize("form", READ_AS_JSON)
def test_json_calls_are_read_by_the_stated_rules(form: str) -> None:
    assert CHAT["json"].parse({"content": READ_AS_JSON[form]}).call == CALL


def test_the_thought_of_a_json_call_is_kept_apart() -> None:
    message = {"content": compact({"thought": "first parse", **CALL})}
    assert CHAT["json"].parse(message).thought == "first parse"


READ_AS_TEXT = {
    "closed": f"```call\n{compact(CALL)}\n```",
    "unclosed": f"I parse it.\n```call\n{compact(CALL)}",
    "one line": f"```call {compact(CALL)} ```",
    "capitals": f"```CALL\n{compact(CALL)}\n```",
    "indented": f"  ```call\n{json.dumps(CALL, indent=2)}\n  ```",
    "quoted fence within": "```call\n"
    + compact({"tool": CALL["tool"], "arguments": {**CALL["arguments"]}})
    + "\n```\nwith ``` after",
    "json fence": f"Now:\n```json\n{compact(CALL)}\n```",
    "bare": compact(CALL),
    "other word": f"```tool_call\n{compact(CALL)}\n```",
    "four ticks": f"````call\n{compact(CALL)}\n````",
    "windows": f"```call\r\n{compact(CALL)}\r\n```",
    "after drafts in reasoning": f"<think>```call\n{{}}\n```</think>```call\n{compact(CALL)}\n```",
    "call block before others": f"```json\n{{}}\n```\n```call\n{compact(CALL)}\n```",
}


@pytest.mark.parametrize("form", READ_AS_TEXT)
def test_text_calls_are_read_by_the_stated_rules(form: str) -> None:
    assert CHAT["text"].parse({"content": READ_AS_TEXT[form]}).call == CALL


def test_a_fence_inside_an_argument_does_not_end_the_block() -> None:
    call = {"tool": "utility_logger", "arguments": {"text": "```call\n{}\n``` and more"}}
    parsed = CHAT["text"].parse({"content": f"```call\n{compact(call)}\n```"})
    assert (parsed.call, parsed.surplus) == (call, 0)


@pytest.mark.parametrize(
    "content",
    [
        "Just words.",
        "recall {nothing}",
        'Use {"tool": "finish"} at the end.',
        '```call\n{"tool": "finish", "argum',
        "```call\nI finish.\n```",
        "```python\nprint(1)\n```",
    ],
)
def test_text_without_a_block_is_not_a_call(content: str) -> None:
    parsed = CHAT["text"].parse({"content": content})
    assert parsed.call is None
    assert parsed.error


def test_the_json_schema_has_an_alternative_for_each_tool_with_its_parameters() -> None:
    tools = TASK.tools(TASK.instance("easy", 0))
    schema = PROTOCOLS["json"].offer(tools).schema
    assert schema is not None
    shapes = [one["properties"] for one in schema["anyOf"]]
    assert [shape["tool"]["const"] for shape in shapes] == [tool.name for tool in tools]
    assert [shape["arguments"] for shape in shapes] == [tool.parameters for tool in tools]
    assert all(list(shape) == ["thought", "tool", "arguments"] for shape in shapes)


@pytest.mark.parametrize("protocol", TOOLED)
def test_the_protocol_is_recognised_from_the_request(protocol: str) -> None:
    instance = TASK.instance("easy", 0)
    spoken = CHAT[protocol]
    system = {"role": "system", "content": spoken.system(TASK, instance, 5)}
    body = {"messages": [system], **spoken.body_extra(TASK.tools(instance))}
    assert protocol_of(body) == protocol


def test_a_plain_question_has_the_system_message_of_its_pack(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "task.yaml").write_text("description: d\nscorer: {kind: exact}\nsystem: Be brief.\n")
    (folder / "instances.jsonl").write_text('{"question": "q", "answer": "a"}\n')
    plain = CHAT["none"]
    assert plain.system(QuestionPack(folder), Instance("pack", "none", 0, "q"), 1) == "Be brief."
    assert plain.body_extra(()) == {}

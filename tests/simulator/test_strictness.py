"""What the simulated families refuse, and that they accept what is handed back unchanged."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from pilotbench.simulator.families import FAMILIES as DECLARED
from pilotbench.simulator.strictness import RULES
from support import Simulator
from support.raw_apis import APIS, FAMILIES, Raw, calls_in, handed_back, message_of, opening

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
Change = Callable[[Json], Any]
MODELS: Json = {
    **{name: {"plays": "turns-3", "family": name, "calls": 2} for name in DECLARED},
    "lenient": {"plays": "turns-3", "family": "deepseek", "lenient": ["chat.deepseek_reasoning"]},
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(models=MODELS) as simulator:
        yield simulator


def second_request(simulator: Simulator, api: str, family: str) -> tuple[Raw, Json]:
    """Return a good second request of a conversation, and who sends it."""
    raw, body = Raw(api, simulator.address), opening(api, family)
    if family == "gpt-5" and api == "chat":
        body["reasoning_effort"] = "none"
    answer = raw.post(body, stream=family == "qwen")
    assert answer.status_code == 200, answer.text
    return raw, handed_back(api, body, assembled(answer) if family == "qwen" else answer.json())


def assembled(answer: requests.Response) -> Json:
    """Return the message with calls that the chunks of a stream of chat completions make up."""
    import json

    message: Json = {"role": "assistant", "content": None, "tool_calls": []}
    for line in answer.text.splitlines():
        if not line.startswith("data: {"):
            continue
        for choice in json.loads(line.removeprefix("data: "))["choices"]:
            for call in choice["delta"].get("tool_calls", ()):
                if "id" in call:
                    message["tool_calls"].append({k: v for k, v in call.items() if k != "index"})
                else:
                    function = message["tool_calls"][call["index"]]["function"]
                    function["arguments"] += call["function"]["arguments"]
    return {"choices": [{"message": message}]}


PLAYED = [
    *(("chat", family) for family in ("gpt-4", "deepseek", "kimi", "mistral", "gpt-5", "qwen")),
    *(("responses", family) for family in ("gpt-4", "gpt-5", "plain")),
    *(("messages", family) for family in ("claude", "plain")),
    *(("gemini", family) for family in ("gemini-2.5", "gemini-3", "plain")),
]


@pytest.mark.parametrize(("api", "family"), PLAYED)
def test_what_is_handed_back_unchanged_is_accepted(
    simulator: Simulator, api: str, family: str
) -> None:
    """Through a whole conversation with two calls in each message."""
    simulator.reset()
    raw, body = second_request(simulator, api, family)
    answer = raw.post(body, stream=family == "qwen")
    assert answer.status_code == 200, answer.text
    given = assembled(answer) if family == "qwen" else answer.json()
    assert [name for name, _ in calls_in(api, given)] == ["look"] * 2
    last = raw.post(handed_back(api, body, given), stream=family == "qwen")
    given = assembled(last) if family == "qwen" else last.json()
    assert [name for name, _ in calls_in(api, given)] == ["finish"] * 2
    stats = simulator.stats()
    assert (stats["refusals"], stats["total"]["failed"]) == ({}, 0)


def message(place: int) -> Callable[[Json], Json]:
    return lambda body: body["messages"][place]


def item(kind: str) -> Callable[[Json], Json]:
    return lambda body: next(one for one in body["input"] if one.get("type") == kind)


def part(body: Json, name: str = "functionCall") -> Json:
    return next(one for content in body["contents"] for one in content["parts"] if name in one)


def block(body: Json, kind: str) -> Json:
    blocks = [
        one for m in body["messages"] if isinstance(m["content"], list) for one in m["content"]
    ]
    return next(one for one in blocks if one["type"] == kind)


def set_id(value: Any) -> Change:
    return lambda body: body["messages"][2]["tool_calls"][0].update(id=value)


ANY_OF = {"anyOf": [{"type": "object"}]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "call", "schema": ANY_OF}}
OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}
LONG = "i" * 65

REFUSED: list[tuple[str, str, str, Change, str]] = [
    # chat completions
    ("chat", "gpt-5", "tools_with_reasoning", lambda b: b.pop("reasoning_effort"),
     "Function tools with reasoning_effort are not supported for gpt-5 in /v1/chat/completions."),
    ("chat", "gpt-5", "max_tokens", lambda b: b.update(max_tokens=9), "max_completion_tokens"),
    ("chat", "gpt-5", "temperature",
     lambda b: b.update(temperature=0, tools=[], reasoning_effort="low"), "Only the default (1)"),
    ("chat", "gpt-4", "object_schema", lambda b: b.update(response_format=FORMAT),
     "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
    ("chat", "gpt-4", "call_ids", lambda b: message(2)(b)["tool_calls"][0].pop("id"), "Missing"),
    ("chat", "gpt-4", "call_ids", set_id(""), "empty string"),
    ("chat", "gpt-4", "call_ids", set_id("i" * 41), "maximum length 40, but got"),
    ("chat", "gpt-4", "call_ids",
     lambda b: set_id(message(2)(b)["tool_calls"][1]["id"])(b), "Duplicate"),
    ("chat", "gpt-4", "call_answers", lambda b: b["messages"].pop(), "did not have response"),
    ("chat", "gpt-4", "call_answers", lambda b: message(2)(b).pop("tool_calls"),
     "must be a response to a preceding message"),
    ("chat", "deepseek", "deepseek_reasoning", lambda b: message(2)(b).pop("reasoning_content"),
     "Missing `reasoning_content` field in the assistant message at message index 2."),
    ("chat", "deepseek", "deepseek_reasoning",
     lambda b: message(2)(b).update(reasoning_content="Well. [x]"), "was changed"),
    ("chat", "deepseek", "no_schema", lambda b: b.update(response_format=FORMAT), "unavailable"),
    ("chat", "kimi", "kimi_reasoning", lambda b: message(2)(b).pop("reasoning_content"),
     "thinking is enabled but reasoning_content is missing in assistant tool call message"),
    ("chat", "qwen", "stream_only", lambda b: b.update(stream=False),
     "parameter.enable_thinking must be set to false for non-streaming calls"),
    ("chat", "mistral", "nine_characters", set_id("call_1234"),
     "Tool call id was call_1234 but must be a-z, A-Z, 0-9, with a length of 9."),
    ("chat", "mistral", "role_order",
     lambda b: b["messages"].append({"role": "user", "content": "And?"}),
     "Unexpected role 'user' after role 'tool'"),
    # Responses
    ("responses", "gpt-5", "parameters", lambda b: b.update(reasoning_effort="low"),
     "this parameter has moved to 'reasoning.effort'"),
    ("responses", "gpt-5", "parameters", lambda b: b.update(seed=1), "Unknown parameter: 'seed'."),
    ("responses", "gpt-5", "parameters", lambda b: b.update(previous_response_id="resp_1"),
     "Previous response with id 'resp_1' not found."),
    ("responses", "gpt-5", "temperature", lambda b: b.update(temperature=0), "not supported"),
    ("responses", "gpt-5", "input",
     lambda b: b["input"][0].update(content=[{"type": "text", "text": "Hi"}]), "input_text"),
    ("responses", "gpt-5", "tools",
     lambda b: b.update(tools=[{"type": "function", "function": {}}]), "tools[0].name"),
    ("responses", "gpt-5", "call_ids", lambda b: item("function_call")(b).update(call_id=LONG),
     "maximum length 64"),
    ("responses", "gpt-5", "call_ids",
     lambda b: b["input"].append(copy.deepcopy(item("function_call")(b))), "Duplicate item"),
    ("responses", "gpt-5", "call_answers", lambda b: b["input"].pop(), "No tool output found"),
    ("responses", "gpt-5", "call_answers",
     lambda b: b["input"].remove(item("function_call")(b)), "No tool call found"),
    ("responses", "gpt-5", "object_schema",
     lambda b: b.update(text={"format": {"type": "json_schema", "name": "c", "schema": ANY_OF}}),
     "got 'type: \"None\"'"),
    ("responses", "gpt-5", "reasoning_items", lambda b: b["input"].remove(item("reasoning")(b)),
     "of type 'function_call' was provided without its required 'reasoning' item"),
    ("responses", "gpt-5", "reasoning_items",
     lambda b: item("reasoning")(b).pop("encrypted_content"),
     "Items are not persisted when `store` is set to false."),
    ("responses", "gpt-5", "reasoning_items",
     lambda b: item("reasoning")(b).update(encrypted_content="gAAA"), "could not be verified"),
    ("responses", "gpt-5", "reasoning_items",
     lambda b: b["input"].insert(2, {"role": "user", "content": "Wait."}),
     "of type 'reasoning' was provided without its required following item"),
    # Messages
    ("messages", "claude", "fields", lambda b: b.pop("max_tokens"), "max_tokens: Field required"),
    ("messages", "claude", "fields", lambda b: b.update(seed=1), "seed: Extra inputs are not"),
    ("messages", "claude", "fields", lambda b: b["tools"][0].update(name="a b"), "match pattern"),
    ("messages", "claude", "fields", lambda b: b["tools"][0].pop("input_schema"), "input_schema"),
    ("messages", "claude", "roles",
     lambda b: b["messages"].insert(0, {"role": "system", "content": "Hi"}), "top-level `system`"),
    ("messages", "claude", "roles", lambda b: b["messages"].pop(0), 'must use the "user" role'),
    ("messages", "claude", "roles", lambda b: message(2)(b).update(role="tool"), "'assistant'"),
    ("messages", "claude", "text", lambda b: message(0)(b).update(content=""), "non-empty"),
    ("messages", "claude", "text",
     lambda b: message(2)(b)["content"].append({"type": "text", "text": " "}), "non-empty"),
    ("messages", "claude", "call_ids", lambda b: block(b, "tool_use").update(id="a b"), "pattern"),
    ("messages", "claude", "call_ids",
     lambda b: block(b, "tool_use").update(id=message(1)(b)["content"][-1]["id"]), "unique"),
    ("messages", "claude", "call_answers", lambda b: message(2)(b)["content"].pop(),
     "`tool_use` ids were found without `tool_result` blocks immediately after"),
    ("messages", "claude", "call_answers",
     lambda b: message(2)(b)["content"].insert(0, {"type": "text", "text": "Here:"}),
     "`tool_use` ids were found without `tool_result` blocks immediately after"),
    ("messages", "claude", "call_answers", lambda b: b["messages"].pop(1),
     "unexpected `tool_use_id` found in `tool_result` blocks"),
    ("messages", "claude", "schema",
     lambda b: b.update(output_config={"format": {"type": "json_schema", "schema": OBJECT}}),
     "'additionalProperties' must be explicitly set to false"),
    ("messages", "claude", "thinking_parameters", lambda b: b.update(temperature=0),
     "`temperature` may only be set to 1 when thinking is enabled."),
    ("messages", "claude", "thinking_parameters", lambda b: b.update(max_tokens=1000),
     "must be greater than `thinking.budget_tokens`"),
    ("messages", "claude", "thinking_parameters",
     lambda b: b.update(tool_choice={"type": "any"}), "forces tool use"),
    ("messages", "claude", "thinking_blocks", lambda b: message(1)(b)["content"].pop(0),
     "Expected `thinking` or `redacted_thinking`, but found `tool_use`."),
    ("messages", "claude", "thinking_blocks", lambda b: block(b, "thinking").update(thinking="!"),
     "messages.1.content.0: Invalid `signature` in `thinking` block"),
    ("messages", "claude", "thinking_blocks", lambda b: block(b, "thinking").pop("signature"),
     "Invalid `signature`"),
    # Gemini
    ("gemini", "gemini-3", "fields", lambda b: b.update(max_tokens=1), 'Unknown name "max_tokens"'),
    ("gemini", "gemini-3", "fields",
     lambda b: b.update(generationConfig={"maxTokens": 1}), "at 'generation_config'"),
    ("gemini", "gemini-3", "schemas",
     lambda b: b["tools"][0]["functionDeclarations"][0].update(
         parameters={**OBJECT, "additionalProperties": False}),
     'Unknown name "additionalProperties"'),
    ("gemini", "gemini-3", "schemas",
     lambda b: b["tools"][0]["functionDeclarations"][0].update(parameters={"type": ["object"]}),
     "Proto field is not repeating"),
    ("gemini", "gemini-3", "parts", lambda b: b["contents"][1].update(role="assistant"),
     "Please use a valid role: user, model."),
    ("gemini", "gemini-3", "parts", lambda b: b["contents"][0].update(parts=[{}]), "oneof field"),
    ("gemini", "gemini-3", "call_turns", lambda b: b["contents"][2]["parts"].pop(),
     "number of function response parts is equal to the number of function call parts"),
    ("gemini", "gemini-3", "call_turns", lambda b: b["contents"].pop(0),
     "function call turn comes immediately after a user turn"),
    ("gemini", "gemini-3", "call_turns",
     lambda b: part(b, "functionResponse")["functionResponse"].update(name="other"), "match"),
    ("gemini", "gemini-3", "thought_signatures", lambda b: part(b).pop("thoughtSignature"),
     "Function call is missing a thought_signature in functionCall parts."),
    ("gemini", "gemini-3", "thought_signatures",
     lambda b: part(b).update(thoughtSignature="c2VjcmV0"), "Corrupted thought signature."),
    ("gemini", "gemini-3", "thought_signatures",
     lambda b: part(b)["functionCall"].update(args={"a": 1}), "Corrupted thought signature."),
]  # fmt: skip


@pytest.mark.parametrize(("api", "family", "rule", "change", "words"), REFUSED)
def test_a_changed_request_is_refused_in_the_words_of_the_service(
    simulator: Simulator, api: str, family: str, rule: str, change: Change, words: str
) -> None:
    raw, body = second_request(simulator, api, family)
    simulator.reset()
    change(body)
    answer = raw.post(body)
    assert answer.status_code == 400
    assert words in message_of(answer.json())
    stats = simulator.stats()
    assert stats["refusals"] == {f"{api}.{rule}": 1}
    assert (stats["total"]["failed"], stats["total"]["answered"]) == (1, 0)


def test_every_rule_refuses_something_here() -> None:
    assert {f"{api}.{rule}" for api, _, rule, *_ in REFUSED} == set(RULES) - {"messages.version"}


def test_every_family_has_rules_that_exist() -> None:
    assert {rule for family in DECLARED.values() for rule in family.rules} == set(RULES)


def test_the_documentation_names_every_family_and_rule() -> None:
    page = (ROOT / "docs/simulator.md").read_text()
    chinese = (ROOT / "docs/zh/simulator.md").read_text()
    assert [rule for rule in RULES if f"`{rule}`" not in page] == []
    for text in (page, chinese):
        assert [name for name in DECLARED if f"| `{name}`" not in text] == []


def test_a_rule_can_be_switched_off_for_a_model(simulator: Simulator) -> None:
    raw, body = second_request(simulator, "chat", "lenient")
    body["messages"][2].pop("reasoning_content")
    assert raw.post(body).status_code == 200


def test_a_signature_may_be_left_out_where_the_family_allows_it(simulator: Simulator) -> None:
    raw, body = second_request(simulator, "gemini", "gemini-2.5")
    part(body).pop("thoughtSignature")
    assert raw.post(body).status_code == 200


def test_thinking_can_be_switched_off(simulator: Simulator) -> None:
    body = opening("messages", "claude")
    body.pop("thinking")
    raw = Raw("messages", simulator.address)
    answer = raw.post(body).json()
    assert [block["type"] for block in answer["content"]] == ["tool_use"] * 2
    assert raw.post(handed_back("messages", body, answer)).status_code == 200


@pytest.mark.parametrize(
    ("header", "status", "words"),
    [("anthropic-version", 400, "anthropic-version"), ("x-api-key", 401, "invalid x-api-key")],
)
def test_anthropic_wants_its_headers(header: str, status: int, words: str) -> None:
    with Simulator(keys={"k": {}}, models=MODELS) as simulator:
        raw = Raw("messages", simulator.address, simulator.secret("k"))
        headers = {name: value for name, value in raw.headers.items() if name != header}
        answer = raw.post(opening("messages", "claude"), headers=headers)
    assert answer.status_code == status
    assert words in message_of(answer.json())


@pytest.mark.parametrize("api", APIS)
def test_one_call_where_the_request_wants_no_more(simulator: Simulator, api: str) -> None:
    body = opening(api, FAMILIES[api])
    if api == "messages":
        body["tool_choice"] = {"type": "auto", "disable_parallel_tool_use": True}
    elif api != "gemini":
        body["parallel_tool_calls"] = False
    answer = Raw(api, simulator.address).post(body).json()
    assert len(calls_in(api, answer)) == (2 if api == "gemini" else 1)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"family": "gpt-9"}, "models.m: family is 'gpt-9'; allowed are plain, gpt-4"),
        ({"family": "kimi", "lenient": ["x"]}, "models.m: lenient: x; allowed are chat.call_ids"),
    ],
)
def test_a_wrong_family_is_one_line(model: Json, words: str, tmp_path: Any) -> None:
    import json
    import subprocess
    import sys

    (tmp_path / "setup.json").write_text(json.dumps({"models": {"m": model}}))
    flags = ["simulate", "--setup", str(tmp_path / "setup.json")]
    done = subprocess.run(
        [sys.executable, "-m", "pilotbench", *flags], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert words in done.stderr

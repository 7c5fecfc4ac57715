"""Requests and messages of the Gemini API; `google-genai` confirms that each request is valid."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types

from pilotbench.benchmark.instances import ToolSpec
from pilotbench.providers.messages import Message, Offer, ToolCall, ToolResult, compact
from pilotbench.providers.wire_formats.gemini import NO_SIGNATURE, WIRE

Json = dict[str, Any]
SYSTEM, USER = Message("system", "Be brief."), Message("user", "What is 6 times 7?")
ADD = ToolSpec("add", "Add two numbers.", {"type": "object", "properties": {"a": {"const": 1}}})
ASKED = [{"role": "user", "parts": [{"text": "What is 6 times 7?"}]}]


def called(name: str, args: Any = None, identity: str | None = None, **part: Any) -> Json:
    """Return the part of a call."""
    given = {"id": identity} if identity else {}
    named = {"name": name} | ({} if args is None else {"args": args})
    return {"functionCall": {**given, **named}, **part}


def answered(name: str, response: Json, identity: str | None = None) -> Json:
    """Return the part of a result."""
    given = {"id": identity} if identity else {}
    return {"functionResponse": {**given, "name": name, "response": response}}


def said(*parts: Json) -> Json:
    """Return a message of the model."""
    return {"role": "model", "parts": [*parts]}


def repeated(raw: Json, **changes: Any) -> Message:
    """Return a message of the model as a protocol hands it back."""
    read = WIRE.read(raw)
    given = {"text": read.text, "calls": read.calls, "raw": raw, **changes}
    return Message("assistant", **given)


def results(*given: tuple[str, Any]) -> Message:
    """Return the results of calls by their ids."""
    return Message("tool", results=tuple(ToolResult(i, compact(value)) for i, value in given))


def body_of(*messages: Message, offer: Offer | None = None, **parameters: Any) -> Json:
    """Return the body of a request."""
    body, earlier = WIRE.bodies("gemini-3-pro", messages, offer or Offer(), parameters)
    assert earlier == ()
    return body


def check(body: Json) -> None:
    """Fail where the SDK does not know what is sent; it forbids unknown fields."""
    sent = WIRE.sent(body)
    for content in sent.pop("contents"):
        types.Content.model_validate(content)
    for tool in sent.pop("tools", []):
        types.Tool.model_validate(tool)
    types.Content.model_validate(sent.pop("systemInstruction", {}))
    types.GenerationConfig.model_validate(sent.pop("generationConfig", {}))
    types.GenerateContentConfig.model_validate(sent)


SIGNED = {"thoughtSignature": "c2lnbmVk"}
TWO = said(called("add", {"a": 1}, "x", **SIGNED), called("add", {"a": 2}, "y"))
THOUGHT = {"text": "I add.", "thought": True}


@pytest.mark.parametrize(
    ("name", "history", "contents"),
    [
        (
            "a signature stays with the part that it came with",
            [repeated(TWO), results(("x", {"ok": True}), ("y", {"ok": False}))],
            [
                TWO,
                {
                    "role": "user",
                    "parts": [
                        answered("add", {"ok": True}, "x"),
                        answered("add", {"ok": False}, "y"),
                    ],
                },
            ],
        ),
        (
            "thoughts and text go back too, in their order",
            [repeated(said(THOUGHT, {"text": "So:"}, called("add", {"a": 1}, **SIGNED)))],
            [said(THOUGHT, {"text": "So:"}, called("add", {"a": 1}, **SIGNED))],
        ),
        (
            "without ids, calls and results belong together by their order",
            [
                repeated(said(called("add", {"a": 1}), called("finish", {}))),
                results(("", {"n": 1}), ("", {"n": 2})),
            ],
            [
                said(called("add", {"a": 1}), called("finish", {})),
                {
                    "role": "user",
                    "parts": [answered("add", {"n": 1}), answered("finish", {"n": 2})],
                },
            ],
        ),
        (
            "a result that is not an object is put into one",
            [repeated(said(called("add", {}))), results(("", [1]))],
            [
                said(called("add", {})),
                {"role": "user", "parts": [answered("add", {"result": [1]})]},
            ],
        ),
        (
            "a call without arguments goes back as it came",
            [repeated(said(called("add", **SIGNED)), calls=(ToolCall("", "add", {}),))],
            [said(called("add", **SIGNED))],
        ),
        (
            "arguments that no service accepts are replaced, the signature stays",
            [repeated(said(called("add", "{", **SIGNED)), calls=(ToolCall("", "add", {}),))],
            [said(called("add", {}, **SIGNED))],
        ),
        (
            "text goes back with its signature",
            [repeated(said({"text": "42", **SIGNED}))],
            [said({"text": "42", **SIGNED})],
        ),
        (
            "text goes back as it came, the blanks around it and reasoning in it too",
            [
                repeated(
                    said({"text": "<think>a</think> 42\n", **SIGNED}),
                    text="42",
                    thought="<think>a</think> ",
                )
            ],
            [said({"text": "<think>a</think> 42\n", **SIGNED})],
        ),
        (
            "reasoning that is written as text goes back before it",
            [Message("assistant", "42", thought="<think>a</think>")],
            [said({"text": "<think>a</think>42"})],
        ),
        (
            "text that a protocol has changed goes back as it was changed",
            [repeated(said({"text": "<think>a</think>42", **SIGNED}), text="42")],
            [said({"text": "42"})],
        ),
        (
            "a call read from signed text has the placeholder of a signature",
            [
                repeated(
                    said({"text": "<tool_call>…", **SIGNED}),
                    text="",
                    calls=(ToolCall("", "add", {"a": 1}),),
                )
            ],
            [said(called("add", {"a": 1}, thoughtSignature=NO_SIGNATURE))],
        ),
        (
            "a call read from text of a model without signatures has none",
            [repeated(said({"text": "I…"}), text="I", calls=(ToolCall("", "add", {"a": 1}),))],
            [said({"text": "I"}, called("add", {"a": 1}))],
        ),
        (
            "calls that could not be read are repeated as text",
            [Message("assistant", "add {", raw=TWO), Message("user", "No call.")],
            [said({"text": "add {"}), {"role": "user", "parts": [{"text": "No call."}]}],
        ),
    ],
)
def test_a_conversation_is_written_as_contents(
    name: str, history: list[Message], contents: list[Json]
) -> None:
    body = body_of(SYSTEM, USER, *history)
    assert body["contents"] == [*ASKED, *contents]
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    if "replaced" not in name:
        check(body)


CONFIG = {"responseMimeType": "application/json"}


@pytest.mark.parametrize(
    ("parameters", "config", "beside"),
    [
        ({}, None, {}),
        (
            {"temperature": 0, "top_p": 0.9, "top_k": 3},
            {"temperature": 0, "topP": 0.9, "topK": 3},
            {},
        ),
        ({"topP": 0.9, "mediaResolution": "MEDIA_RESOLUTION_LOW"},) * 2 + ({},),
        ({"max_tokens": 9, "seed": 5}, {"maxOutputTokens": 9, "seed": 5}, {}),
        ({"max_completion_tokens": 9}, {"maxOutputTokens": 9}, {}),
        ({"stop": "END"}, {"stopSequences": ["END"]}, {}),
        ({"stop": ["a", "b"]}, {"stopSequences": ["a", "b"]}, {}),
        (
            {"presence_penalty": 1, "frequency_penalty": 2},
            {"presencePenalty": 1, "frequencyPenalty": 2},
            {},
        ),
        ({"reasoning_effort": "low"}, {"thinkingConfig": {"thinkingLevel": "low"}}, {}),
        ({"reasoning_effort": "none"}, {"thinkingConfig": {"thinkingBudget": 0}}, {}),
        (
            {"thinking_budget": 512, "include_thoughts": True},
            {"thinkingConfig": {"thinkingBudget": 512, "includeThoughts": True}},
            {},
        ),
        (
            {"include_thoughts": True, "thinkingConfig": {"thinkingLevel": "high"}},
            {"thinkingConfig": {"thinkingLevel": "high", "includeThoughts": True}},
            {},
        ),
        ({"safetySettings": []}, None, {"safetySettings": []}),
        ({"extra_body": {"serviceTier": "flex"}}, None, {"serviceTier": "flex"}),
    ],
)
def test_parameters_have_their_places(parameters: Json, config: Json | None, beside: Json) -> None:
    body = body_of(USER, **parameters)
    sent = WIRE.sent(body)
    wanted = {"generationConfig": config} if config else {}
    assert sent == {"contents": ASKED, **wanted, **beside}
    check(body)


def test_tools_are_offered_with_their_json_schema() -> None:
    body = body_of(USER, offer=Offer(tools=[ADD]))
    declared = {
        "name": "add",
        "description": "Add two numbers.",
        "parametersJsonSchema": ADD.parameters,
    }
    assert body["tools"] == [{"functionDeclarations": [declared]}]
    check(body)


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({"const": "add"}, {"enum": ["add"]}),
        (
            {"type": ["string", "null"], "maxLength": 9, "description": "why"},
            {"type": ["string", "null"], "description": "why"},
        ),
        (
            {
                "type": "object",
                "properties": {"maxLength": {"const": 1}},
                "required": ["maxLength"],
            },
            {
                "type": "object",
                "properties": {"maxLength": {"enum": [1]}},
                "required": ["maxLength"],
            },
        ),
        (
            {"anyOf": [{"const": "a"}, {"items": {"pattern": "x", "type": "string"}}]},
            {"anyOf": [{"enum": ["a"]}, {"items": {"type": "string"}}]},
        ),
        ({"additionalProperties": False}, {"additionalProperties": False}),
        ({"enum": [{"const": 1}]}, {"enum": [{"const": 1}]}),
    ],
)
def test_the_schema_of_an_answer_has_only_words_that_the_api_knows(
    schema: Json, sent: Json
) -> None:
    body = body_of(USER, offer=Offer(schema=schema), temperature=0)
    expected = {"temperature": 0, **CONFIG, "responseJsonSchema": sent}
    assert body["generationConfig"] == expected
    check(body)


def test_the_model_is_part_of_the_url() -> None:
    body = body_of(USER)
    assert WIRE.path(body) == "/v1beta/models/gemini-3-pro:generateContent"
    assert "model" not in WIRE.sent(body)
    assert WIRE.path({"model": "a/b?c"}) == "/v1beta/models/a%2Fb%3Fc:generateContent"


@pytest.mark.parametrize(
    ("message", "text", "thinking", "calls"),
    [
        (said({"text": "4"}, {"text": "2"}), "42", "", ()),
        (said(THOUGHT, {"text": "42"}), "42", "I add.", ()),
        (said(called("add", {"a": 1}, "x")), "", "", (ToolCall("x", "add", {"a": 1}),)),
        (said(called("add")), "", "", (ToolCall("", "add", None),)),
        (said({"functionCall": {"name": 3}}), "", "", (ToolCall("", "", None),)),
        (said({"functionCall": None}, {"text": 4}, {"text": "\ud800"}), "\ufffd", "", ()),
        ({"role": "model", "parts": [None, 3, {"text": "42"}]}, "42", "", ()),
        ({"role": "model", "parts": "42"}, "", "", ()),
        ({}, "", "", ()),
    ],
)
def test_a_message_of_the_model_is_read(
    message: Json, text: str, thinking: str, calls: tuple[ToolCall, ...]
) -> None:
    found = WIRE.read(message)
    assert (found.text, found.thinking, found.calls) == (text, thinking, calls)
    assert found.raw is message


@pytest.mark.parametrize(("text", "parts"), [("42", [{"text": "42"}]), (None, []), ("", [])])
def test_text_alone_is_written_as_a_message(text: str | None, parts: list[Json]) -> None:
    assert WIRE.written(text) == {"role": "model", "parts": parts}

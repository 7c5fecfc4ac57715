"""Reasoning goes back as the service sent it, not at all, or in a tag, in every protocol."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.providers.messages import Offer
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.history import HISTORIES, repeated
from pilotbench.providers.wire_formats.chat import WIRE

Json = dict[str, Any]
CALL = '{"thought":null,"tool":"finish","arguments":{"answer":1}}'
BLOCK = '```call\n{"tool": "finish", "arguments": {"answer": 1}}\n```'
TOOL_CALL = {
    "id": "a",
    "type": "function",
    "function": {"name": "finish", "arguments": '{"answer":1}'},
}
SIGNED = {**TOOL_CALL, "extra_content": {"google": {"thought_signature": "c2ln"}}}
DETAILS = [{"type": "reasoning.encrypted", "data": "c2ln"}]


def history(protocol: str, mode: str, raw: Json) -> tuple[Json, list[Json]]:
    """Return the message as the next request repeats it, and as earlier releases did."""
    message = WIRE.read({"role": "assistant", **raw})
    chosen = PROTOCOLS[protocol]
    parsed = chosen.parse(message)
    ours = chosen.assistant_message(message, parsed)
    sent = repeated(mode, message, ours, parsed.text)
    body, earlier = WIRE.bodies("m", [sent], Offer(), {})
    return body["messages"][0], [one["messages"][0] for one in earlier]


def said(content: Any, **rest: Any) -> Json:
    return {"role": "assistant", "content": content, **rest}


NATIVE = said(None, tool_calls=[TOOL_CALL])
WRITTEN = said(None, tool_calls=[{**TOOL_CALL, "id": "b337ce16a"}])


@pytest.mark.parametrize(
    ("protocol", "raw", "as_said", "think_tag"),
    [
        (
            "native",
            {"reasoning_content": "hm", "tool_calls": [TOOL_CALL]},
            {**NATIVE, "reasoning_content": "hm"},
            {**NATIVE, "content": "<think>\nhm\n</think>\n\n"},
        ),
        (
            "native",
            {"reasoning": "hm", "reasoning_details": DETAILS, "tool_calls": [TOOL_CALL]},
            {**NATIVE, "reasoning": "hm", "reasoning_details": DETAILS},
            {**NATIVE, "content": "<think>\nhm\n</think>\n\n"},
        ),
        ("native", {"tool_calls": [SIGNED]}, said(None, tool_calls=[SIGNED]), NATIVE),
        (
            "native",
            {"content": "<think>hm</think>\n\nNow.", "tool_calls": [TOOL_CALL]},
            {**NATIVE, "content": "<think>hm</think>\n\nNow."},
            {**NATIVE, "content": "<think>\nhm\n</think>\n\nNow."},
        ),
        (
            "native",
            {"content": "No call.", "reasoning_content": "hm"},
            said("No call.", reasoning_content="hm"),
            said("<think>\nhm\n</think>\n\nNo call."),
        ),
        (
            "native",
            {"reasoning_content": "hm", "tool_calls": [{"function": {"arguments": "{"}}]},
            said("{", reasoning_content="hm"),
            said("<think>\nhm\n</think>\n\n{"),
        ),
        (
            "native",
            {
                "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                            {"type": "text", "text": "Now."}],
                "tool_calls": [TOOL_CALL],
            },
            {
                **NATIVE,
                "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                            {"type": "text", "text": "Now."}],
            },
            {**NATIVE, "content": "<think>\nhm\n</think>\n\nNow."},
        ),
        (
            "json",
            {"content": CALL, "reasoning_content": "hm"},
            said(CALL, reasoning_content="hm"),
            said(f"<think>\nhm\n</think>\n\n{CALL}"),
        ),
        (
            "text",
            {"content": f"<think>hm</think>\n{BLOCK}"},
            said(f"<think>hm</think>\n{BLOCK}"),
            said(f"<think>\nhm\n</think>\n\n{BLOCK}"),
        ),
        (
            "text",
            {"content": f"<think>hm\n{BLOCK}"},
            said(f"<think>hm\n{BLOCK}"),
            said(f"<think>\nhm\n</think>\n\n{BLOCK}"),
        ),
        (
            "text",
            {"content": f"[THINK]hm[/THINK]{BLOCK}"},
            said(f"[THINK]hm[/THINK]{BLOCK}"),
            said(f"<think>\nhm\n</think>\n\n{BLOCK}"),
        ),
        (
            "native",
            {"reasoning_content": "hm\ud83d", "tool_calls": [TOOL_CALL]},
            {**NATIVE, "reasoning_content": "hm\ufffd"},
            {**NATIVE, "content": "<think>\nhm\ufffd\n</think>\n\n"},
        ),
        ("text", {"content": "<think>hm"}, said("<think>hm"), said("<think>\nhm\n</think>\n\n")),
        (
            "none",
            {"content": "x", "thinking_blocks": [{"signature": "c2ln"}]},
            said("x", thinking_blocks=[{"signature": "c2ln"}]),
            said("x"),
        ),
    ],
)  # fmt: skip
def test_reasoning_in_the_history(protocol: str, raw: Json, as_said: Json, think_tag: Json) -> None:
    assert history(protocol, "as_said", raw)[0] == as_said
    assert history(protocol, "think_tag", raw)[0] == think_tag
    sent, earlier = history(protocol, "none", raw)
    assert not {"reasoning", "reasoning_content", "reasoning_details", "thinking_blocks"} & set(
        sent
    )
    assert "hm" not in str(sent)
    assert "c2ln" not in str(sent)
    assert not earlier


def test_a_call_in_reasoning_that_is_not_closed_is_repeated_after_it() -> None:
    raw = {"content": f"<think>hm\n{BLOCK}"}
    assert history("native", "as_said", raw)[0] == {**WRITTEN, "content": "<think>hm\n"}


@pytest.mark.parametrize("mode", HISTORIES)
@pytest.mark.parametrize(
    "raw",
    [
        {"content": "x", "refusal": None, "annotations": [], "audio": None},
        {"content": "x", "tool_calls": [], "reasoning_content": "", "reasoning": None},
        {"content": "x", "provider_specific_fields": {"refusal": None}, "prefix": False},
        {"content": "x", "unknown": {"of": "no concern"}},
    ],
)
def test_a_message_without_reasoning_is_repeated_as_ever(mode: str, raw: Json) -> None:
    assert history("native", mode, raw) == (said("x"), [])


@pytest.mark.parametrize(
    ("raw", "release_0_2", "release_0_1"),
    [
        (
            {"reasoning_content": "hm", "annotations": [], "tool_calls": [SIGNED]},
            {**NATIVE, "reasoning_content": "hm"},
            NATIVE,
        ),
        ({"reasoning": "hm", "tool_calls": [TOOL_CALL]}, NATIVE, NATIVE),
        ({"content": "<think>hm</think>x", "tool_calls": [TOOL_CALL]},
         {**NATIVE, "content": "x"}, {**NATIVE, "content": "x"}),
        ({"content": "<think>hm"}, said("(empty)"), said("(empty)")),
    ],
)  # fmt: skip
def test_answers_to_the_forms_of_earlier_releases_count(
    raw: Json, release_0_2: Json, release_0_1: Json
) -> None:
    earlier = history("native", "as_said", raw)[1]
    assert earlier[0] == release_0_2
    assert earlier[-1] == release_0_1

"""Neutral messages and the JSON of chat completions are translated both ways."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.providers.messages import Message, Offer, ToolCall, ToolResult
from pilotbench.providers.wire_formats.chat import WIRE, as_sent

Json = dict[str, Any]
CALL = ToolCall("a", "finish", {"answer": "é"})
SENT_CALL = {
    "id": "a",
    "type": "function",
    "function": {"name": "finish", "arguments": '{"answer":"é"}'},
}


def messages_of(*conversation: Message) -> tuple[list[Json], list[Json] | None]:
    """Return the messages of a request, and those of release 0.1 where they differ."""
    body, earlier = WIRE.bodies("m", conversation, Offer(), {})
    return body["messages"], earlier[-1]["messages"] if earlier else None


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (Message("system", "s"), [{"role": "system", "content": "s"}]),
        (Message("user", "u"), [{"role": "user", "content": "u"}]),
        (Message("assistant", "t"), [{"role": "assistant", "content": "t"}]),
        (
            Message("assistant", calls=(CALL,)),
            [{"role": "assistant", "content": None, "tool_calls": [SENT_CALL]}],
        ),
        (
            Message("tool", results=(ToolResult("a", "1"), ToolResult("b", "2"))),
            [
                {"role": "tool", "tool_call_id": "a", "content": "1"},
                {"role": "tool", "tool_call_id": "b", "content": "2"},
            ],
        ),
    ],
)
def test_a_neutral_message_is_written_as_json(message: Message, sent: list[Json]) -> None:
    assert as_sent(message) == sent


def test_a_message_of_a_service_is_read_and_kept_as_it_came() -> None:
    raw = {
        "content": [{"type": "text", "text": "x"}],
        "reasoning": "because",
        "refusal": "no",
        "tool_calls": [{"id": "a", "function": {"name": "finish", "arguments": "{"}}, None],
        "signature": "kept",
    }
    assert WIRE.read(raw) == Message(
        "assistant", "x", "because", (ToolCall("a", "finish", "{"),), refusal="no", raw=raw
    )


def test_a_field_that_is_nested_very_deeply_goes_back_as_it_came() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    (sent,) = as_sent(Message("assistant", "t", raw={"reasoning": "r", "extra": deep}))
    assert sent["extra"] is deep


def test_reasoning_goes_back_with_a_call_but_not_in_the_form_of_an_earlier_release() -> None:
    raw = {"reasoning_content": "because", "tool_calls": [SENT_CALL]}
    now, earlier = messages_of(Message("assistant", calls=(CALL,), raw=raw))
    assert now[0]["reasoning_content"] == "because"
    assert earlier is not None
    assert "reasoning_content" not in earlier[0]


def test_a_missing_id_is_named_alike_in_the_call_and_its_result() -> None:
    call = Message("assistant", calls=(ToolCall("", "finish", {}),))
    now, earlier = messages_of(call, Message("tool", results=(ToolResult("", "1"),)))
    name = now[0]["tool_calls"][0]["id"]
    assert name == now[1]["tool_call_id"] != ""
    assert earlier is not None
    assert earlier[1]["tool_call_id"] == "call_0"


def test_a_body_has_no_earlier_form_where_nothing_has_changed() -> None:
    body, earlier = WIRE.bodies("m", [Message("user", "u")], Offer(), {"seed": 1})
    assert body == {"model": "m", "messages": [{"role": "user", "content": "u"}], "seed": 1}
    assert list(body) == ["model", "messages", "seed"]
    assert not earlier

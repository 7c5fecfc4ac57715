"""A stream of the Messages API makes the same body as an answer at once."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.ground.errors import ConnectionFailed
from pilotbench.providers.wire_formats.message_events import assembled

Json = dict[str, Any]
START: Json = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 100},
    },
}
END: list[Json] = [
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 7, "input_tokens": None},
    },
    {"type": "message_stop"},
]
USE: Json = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}}


def block(start: Json, *deltas: Json, index: int = 0) -> list[Json]:
    """Return the events of one block."""
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text(words: str) -> Json:
    """Return a piece of text."""
    return {"type": "text_delta", "text": words}


def written(words: str) -> Json:
    """Return a piece of the input of a call."""
    return {"type": "input_json_delta", "partial_json": words}


BLOCKS: list[tuple[str, list[Json], list[Json]]] = [
    ("text", block({"type": "text", "text": ""}, text("Hel"), text("lo")),
     [{"type": "text", "text": "Hello"}]),
    ("call", block(USE, written(""), written('{"a": '), written("1}")),
     [{**USE, "input": {"a": 1}}]),
    ("call without arguments", block(USE, written("")), [USE]),
    ("call with broken arguments", block(USE, written('{"a": ')), [{**USE, "input": '{"a": '}]),
    (
        "thinking",
        block(
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "h"},
            {"type": "thinking_delta", "thinking": "m"},
            {"type": "signature_delta", "signature": "c2ln"},
        ),
        [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}],
    ),
    ("hidden thinking", block({"type": "redacted_thinking", "data": "eA"}),
     [{"type": "redacted_thinking", "data": "eA"}]),
    ("citations", block({"type": "text", "text": "a", "citations": None},
                        {"type": "citations_delta", "citation": {"x": 1}}),
     [{"type": "text", "text": "a", "citations": [{"x": 1}]}]),
    ("unknown delta", block({"type": "new"}, {"type": "new_delta", "x": 1}), [{"type": "new"}]),
    ("several", [*block({"type": "text", "text": "a"}), *block(USE, written('{"a": 1}'), index=1)],
     [{"type": "text", "text": "a"}, {**USE, "input": {"a": 1}}]),
    ("nothing", [], []),
]  # fmt: skip


@pytest.mark.parametrize(("_", "events", "content"), BLOCKS, ids=[row[0] for row in BLOCKS])
def test_blocks_are_put_together(_: str, events: list[Json], content: list[Json]) -> None:
    ping = {"type": "ping"}
    body = assembled([START, ping, *events, {"type": "unknown"}, *END])
    assert body["content"] == content
    assert (body["model"], body["stop_reason"]) == ("claude-x", "end_turn")


@pytest.mark.parametrize("index", [None, "0", [0]])
def test_a_block_without_a_number_is_the_next_one(index: Any) -> None:
    events = [*block({"type": "text", "text": ""}, text("a"), index=index),
              *block({"type": "text", "text": ""}, text("b"), index=1)]  # fmt: skip
    assert [one["text"] for one in assembled([START, *events, *END])["content"]] == ["a", "b"]


@pytest.mark.parametrize("given", ["[" * 100_000, "[" * 5000 + "]" * 5000])
def test_input_that_is_nested_too_deeply_stays_text(given: str) -> None:
    assert assembled([START, *block(USE, written(given)), *END])["content"][0]["input"] == given


def test_a_block_that_begins_with_nonsense_is_kept() -> None:
    content = assembled([START, *block({**USE, "partial_json": 5}), *END])["content"]
    assert content == [USE]


def test_counts_of_the_end_replace_those_of_the_start() -> None:
    usage = assembled([START, *END])["usage"]
    assert usage == {"input_tokens": 10, "output_tokens": 7, "cache_read_input_tokens": 100}


def test_the_events_themselves_stay_as_they_came() -> None:
    events = [START, *block(USE, written('{"a": 1}')), *END]
    before = repr(events)
    assembled(events)
    assert repr(events) == before


CUT: list[list[Json]] = [
    [],
    [START],
    [START, *block({"type": "text", "text": "a"})],
    [START, END[0]],
]


@pytest.mark.parametrize("events", CUT)
def test_a_stream_that_was_cut_off_is_a_broken_connection(events: list[Json]) -> None:
    with pytest.raises(ConnectionFailed):
        assembled(events)


def test_an_error_in_the_stream_is_the_answer() -> None:
    error = {"type": "overloaded_error", "message": "Overloaded"}
    events = [START, *block({"type": "text", "text": "a"}), {"type": "error", "error": error}]
    assert assembled(events) == {"error": error}

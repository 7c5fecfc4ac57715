"""Anthropic's Messages API as strict as the real one, answering as a test scripts it.

`Strict(reply)` is a script for `support.scripted.service`: it rejects what the API rejects, in its
words, and otherwise answers with the content that `reply` returns. Thinking is signed; what comes
back with another signature, or without one, is rejected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from pilotbench.ground.canonical_json import digest
from support.http_service import Reply

Json = dict[str, Any]
KNOWN = frozenset(
    ("model", "messages", "max_tokens", "system", "tools", "tool_choice", "temperature", "top_p",
     "top_k", "stop_sequences", "stream", "thinking", "output_config", "cache_control", "metadata",
     "service_tier")
)  # fmt: skip
USAGE = {
    "input_tokens": 40,
    "cache_read_input_tokens": 50,
    "cache_creation_input_tokens": 10,
    "output_tokens": 10,
}
ID = re.compile("[a-zA-Z0-9_-]{1,64}")
Content = Callable[[Json, int], Any]


def thinking(words: str) -> Json:
    """Return a block of thinking with its signature."""
    return {"type": "thinking", "thinking": words, "signature": digest(words)}


def text(words: str) -> Json:
    """Return a block of text."""
    return {"type": "text", "text": words}


def use(tool: str, name: str = "toolu_1", **given: Any) -> Json:
    """Return a block with a call."""
    return {"type": "tool_use", "id": name, "name": tool, "input": given}


def failed(status: int, kind: str, message: str, **headers: str) -> Reply:
    """Return an error in the form of the API; `_` in the name of a header stands for `-`."""
    error = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    return Reply(error, status, {name.replace("_", "-"): value for name, value in headers.items()})


def message(content: list[Json], reason: str | None = None, **rest: Any) -> Json:
    """Return a response of the API."""
    calls = any(block["type"] == "tool_use" for block in content)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
        "stop_reason": reason or ("tool_use" if calls else "end_turn"),
        "stop_sequence": None,
        "usage": USAGE,
        **rest,
    }


def streamed(body: Json) -> bytes:
    """Return a response as the events of a stream, every text in two pieces."""
    start = {**body, "content": [], "stop_reason": None}
    events: list[Json] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(body["content"]):
        empty, deltas = _in_pieces(block)
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        events += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        events.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": body["stop_reason"], "stop_sequence": None}
    usage = {"output_tokens": body["usage"]["output_tokens"]}
    events += [{"type": "message_delta", "delta": delta, "usage": usage}, {"type": "message_stop"}]
    lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return "".join(lines).encode()


def _in_pieces(block: Json) -> tuple[Json, list[Json]]:
    kind = block["type"]
    if kind == "tool_use":
        written = json.dumps(block["input"])
        pieces = ("", written[:3], written[3:])
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        return {**block, "input": {}}, deltas
    if kind not in block:
        return block, []
    words = block[kind]
    deltas = [{"type": f"{kind}_delta", kind: piece} for piece in (words[:2], words[2:])]
    if kind == "thinking":
        signed = {"type": "signature_delta", "signature": block["signature"]}
        return {**block, "thinking": "", "signature": ""}, [*deltas, signed]
    return {**block, kind: ""}, deltas


class Strict:
    """The script: `reply(body, number)` returns the blocks, or a whole Reply or response."""

    def __init__(self, reply: Content) -> None:
        self._reply = reply

    def __call__(self, body: Json, number: int) -> Reply:
        """Return the response to a request."""
        problem = rejected(body)
        if problem is not None:
            return failed(400, "invalid_request_error", problem)
        found = self._reply(body, number)
        if isinstance(found, Reply):
            return found
        answer = message(found) if isinstance(found, list) else found
        kind = "text/event-stream" if body.get("stream") else "application/json"
        content = streamed(answer) if body.get("stream") else answer
        return Reply(content, headers={"content-type": kind})


def rejected(body: Json) -> str | None:
    """Return why the API rejects a request, None where it accepts it."""
    unknown = [name for name in body if name not in KNOWN]
    if unknown:
        return f"{unknown[0]}: Extra inputs are not permitted"
    if type(body.get("max_tokens")) is not int:
        return "max_tokens: Field required"
    budget = body.get("thinking", {}).get("budget_tokens", 0)
    if budget >= body["max_tokens"]:
        return "`max_tokens` must be greater than `thinking.budget_tokens`"
    if not isinstance(body.get("system", "text"), str) or not body.get("system", "text").strip():
        return "system: text content blocks must be non-empty"
    roles = [one.get("role") for one in body.get("messages", ())]
    if roles != [("user", "assistant")[place % 2] for place in range(len(roles))] or not roles:
        return "messages: roles must alternate between user and assistant, user first"
    return _history(body)


def _history(body: Json) -> str | None:
    """Return what is wrong with the messages as a conversation."""
    seen: set[str] = set()
    waiting: list[str] = []
    for place, one in enumerate(body["messages"]):
        content = one["content"]
        blocks = [text(content)] if isinstance(content, str) else content
        problem = _blocks(blocks, place) or _results(blocks, waiting, place)
        if problem is None and one["role"] == "assistant":
            problem = _thought(blocks, place, "thinking" in body)
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if problem is None and (seen & {*waiting} or len({*waiting}) != len(waiting)):
            problem = f"messages.{place}: `tool_use` ids must be unique"
        if problem is not None:
            return problem
        seen |= {*waiting}
    return "messages: tool_use without tool_result at the end" if waiting else None


def _blocks(blocks: list[Json], place: int) -> str | None:
    if not blocks:
        return f"messages.{place}: content must not be empty"
    for number, block in enumerate(blocks):
        where = f"messages.{place}.content.{number}"
        if None in block.values():
            return f"{where}: Input should be valid"
        if block["type"] == "text" and not block["text"].strip():
            return f"{where}: text content blocks must contain non-whitespace text"
        if block["type"] == "tool_use" and not isinstance(block["input"], dict):
            return f"{where}.tool_use.input: Input should be a valid dictionary"
        if block["type"] == "tool_use" and not ID.fullmatch(block["id"]):
            return f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
    return None


def _results(blocks: list[Json], waiting: list[str], place: int) -> str | None:
    kinds = [block["type"] for block in blocks]
    found = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    if sorted(found) != sorted(waiting):
        return (
            f"messages.{place}: `tool_use` ids were found without `tool_result` blocks immediately "
            f"after, or `tool_result` without its `tool_use`: {sorted({*found} ^ {*waiting})}"
        )
    if "tool_result" in kinds[len(found) :]:
        return f"messages.{place}: `tool_result` blocks must come first"
    return None


def _thought(blocks: list[Json], place: int, thinks: bool) -> str | None:
    for block in blocks:
        if block["type"] == "thinking" and block.get("signature") != digest(block["thinking"]):
            return f"messages.{place}: Invalid `signature` in `thinking` block"
    if blocks[-1]["type"] in ("thinking", "redacted_thinking"):
        return f"messages.{place}: The final block in an assistant message cannot be `thinking`."
    calls = any(block["type"] == "tool_use" for block in blocks)
    if thinks and calls and blocks[0]["type"] not in ("thinking", "redacted_thinking"):
        return (
            f"messages.{place}.content.0.type: Expected `thinking` or `redacted_thinking`, but "
            f"found `{blocks[0]['type']}`. When `thinking` is enabled, a final `assistant` message "
            "must start with a thinking block"
        )
    return None

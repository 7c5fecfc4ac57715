"""Anthropic's Messages API."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pilotbench.simulator.apis.api import (
    Api,
    Incoming,
    Malformed,
    Outcome,
    Problem,
    Usage,
    bearer,
    body_of,
    event,
    objects,
    pieces,
)
from pilotbench.simulator.ground.conversation import (
    chat_assistant,
    chat_call,
    chat_tool,
    conversation,
    joined,
)
from pilotbench.simulator.ground.keys import Limit
from pilotbench.simulator.ground.thinking import seal
from pilotbench.simulator.ground.wire import HttpRequest

Json = dict[str, Any]
_STOPS = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
    "error": "error",
}
_ERRORS: dict[str, tuple[int, str, str]] = {
    "server_error": (500, "api_error", "Internal server error"),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "invalid_api_key": (401, "authentication_error", "invalid x-api-key"),
    "not_found": (404, "not_found_error", ""),
    "request_too_large": (413, "request_too_large", ""),
    "rate_limit_exceeded": (
        429,
        "rate_limit_error",
        "This request would exceed your organization's rate limit.",
    ),
    "insufficient_quota": (
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing "
        "to upgrade or purchase credits.",
    ),
    "content_filter": (400, "invalid_request_error", "Output blocked by content filtering policy"),
    "context_length_exceeded": (
        400,
        "invalid_request_error",
        "prompt is too long: more tokens than the maximum of this model",
    ),
}


def secret(request: HttpRequest) -> str:
    """Return the secret of `x-api-key`, or else of `Authorization`."""
    found = request.headers.get("x-api-key")
    return bearer(request) if found is None else found


def read(request: HttpRequest) -> Incoming:
    """Return the request. Blocks of a message become text, tool calls and tool results."""
    body = body_of(request)
    messages = body.get("messages")
    if not objects(messages):
        raise Malformed(Problem("messages: Field required"))
    model = str(body.get("model") or "")
    system = joined(body.get("system"))
    chat: Json = {
        "model": model,
        "messages": [{"role": "system", "content": system}] if system else [],
        **_offered(body),
    }
    for message in objects(messages):
        chat["messages"] += _messages(message)
    asked = conversation(model, chat, body, request.body)
    return Incoming(body, asked, bool(body.get("stream")), request.headers)


def _messages(message: Json) -> list[Json]:
    content = message.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else objects(content)
    text = joined([block for block in blocks if block.get("type") == "text"])
    if message.get("role") == "assistant":
        calls = [
            chat_call(str(block.get("id")), str(block.get("name")), block.get("input"))
            for block in blocks
            if block.get("type") == "tool_use"
        ]
        return [chat_assistant(text, calls)]
    results = [
        {
            "role": "tool",
            "tool_call_id": block.get("tool_use_id"),
            "content": joined(block.get("content")),
        }
        for block in blocks
        if block.get("type") == "tool_result"
    ]
    said = [{"role": message.get("role"), "content": text}] if text or not results else []
    return results + said


def _offered(body: Json) -> Json:
    tools = [
        chat_tool(tool.get("name"), tool.get("description"), tool.get("input_schema"))
        for tool in objects(body.get("tools"))
    ]
    found: Json = {"tools": tools} if tools else {}
    given = format_of(body)
    if given is not None:
        found["response_format"] = given
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("disable_parallel_tool_use"):
        found["parallel_tool_calls"] = False
    return found


def format_of(body: Json) -> Json | None:
    """Return the format that the answer must have, None for any."""
    config = body.get("output_config")
    inner = config.get("format") if isinstance(config, dict) else None
    given = inner or body.get("output_format")
    return given if isinstance(given, dict) else None


def content(outcome: Outcome) -> list[Json]:
    """Return the blocks of the answer: thinking with its signature, text, tool use."""
    found: list[Json] = []
    uses = [
        {
            "type": "tool_use",
            "id": call["id"],
            "name": call["function"]["name"],
            "input": json.loads(call["function"]["arguments"]),
        }
        for call in outcome.calls
    ]
    if outcome.reply.reasoning:
        shown = (outcome.incoming.sent.get("thinking") or {}).get("display") != "omitted"
        text = outcome.reply.reasoning if shown else ""
        signature = seal(text, [use["id"] for use in uses])
        found.append({"type": "thinking", "thinking": text, "signature": signature})
    if outcome.text:
        found.append({"type": "text", "text": outcome.text})
    return found + uses


def answer(outcome: Outcome) -> Json:
    """Return a message."""
    return {
        "id": f"msg_{outcome.digest[:24]}",
        "type": "message",
        "role": "assistant",
        "model": outcome.model,
        "content": content(outcome),
        "stop_reason": _STOPS.get(outcome.reply.finish_reason, "end_turn"),
        "stop_sequence": None,
        "usage": _usage(outcome),
    }


def counted(incoming: Incoming, usage: Usage) -> Usage:
    """Return the counts; only a request with `cache_control` reads or writes the cache."""
    if '"cache_control"' not in json.dumps(incoming.sent):
        return replace(usage, cached=0)
    return replace(usage, written=(usage.input - usage.cached) // 2)


def _usage(outcome: Outcome) -> Json:
    usage = outcome.usage
    return {
        "input_tokens": usage.input - usage.cached - usage.written,
        "cache_creation_input_tokens": usage.written,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
        "service_tier": outcome.tier,
    }


def events(outcome: Outcome) -> list[bytes]:
    """Return the events of a stream."""
    whole = answer(outcome)
    usage = {**whole["usage"], "output_tokens": 1}
    begun = {**whole, "content": [], "stop_reason": None, "usage": usage}
    found: list[Json] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for place, block in enumerate(whole["content"]):
        started, deltas = _block_events(block)
        found.append({"type": "content_block_start", "index": place, "content_block": started})
        found += [
            {"type": "content_block_delta", "index": place, "delta": delta} for delta in deltas
        ]
        found.append({"type": "content_block_stop", "index": place})
    end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    found.append({"type": "message_delta", "delta": end, "usage": whole["usage"]})
    found.append({"type": "message_stop"})
    return [event(one, one["type"]) for one in found]


def _block_events(block: Json) -> tuple[Json, list[Json]]:
    if block["type"] == "thinking":
        started = {"type": "thinking", "thinking": "", "signature": ""}
        deltas = [
            {"type": "thinking_delta", "thinking": piece}
            for piece in pieces(block["thinking"])
            if piece
        ]
        return started, [
            *deltas,
            {"type": "signature_delta", "signature": block["signature"]},
        ]
    if block["type"] == "text":
        return {"type": "text", "text": ""}, [
            {"type": "text_delta", "text": piece} for piece in pieces(block["text"])
        ]
    text = json.dumps(block["input"], ensure_ascii=False)
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces(text))]
    return {**block, "input": {}}, deltas


def error(problem: Problem) -> tuple[int, Json]:
    """Return an error in Anthropic's form."""
    known = (problem.status, "invalid_request_error", "")
    status, kind, words = _ERRORS.get(problem.code, known)
    return status, {
        "type": "error",
        "error": {"type": kind, "message": words or problem.message},
        "request_id": "req_simulated",
    }


def broken(problem: Problem) -> bytes:
    """Return the event that reports an error."""
    return event(error(problem)[1], "error")


def headers(limits: Sequence[Limit], wait_s: float | None, now: float) -> dict[str, str]:
    """Return the anthropic-ratelimit headers, and how long to wait in whole seconds."""
    found = {"request-id": "req_simulated"}
    for limit in limits:
        reset = datetime.fromtimestamp(now + limit.reset_s, UTC)
        for name in (limit.name, "input-tokens") if limit.name == "tokens" else (limit.name,):
            head = f"anthropic-ratelimit-{name}"
            found[f"{head}-limit"] = str(limit.most)
            found[f"{head}-remaining"] = str(limit.left)
            found[f"{head}-reset"] = reset.strftime("%Y-%m-%dT%H:%M:%SZ")
    if wait_s is not None:
        found["retry-after"] = str(math.ceil(wait_s))
    return found


API = Api(
    name="messages",
    path=re.compile(r"/messages$"),
    secret=secret,
    read=read,
    answer=answer,
    events=events,
    broken=broken,
    error=error,
    headers=headers,
    alive=event({"type": "ping"}, "ping"),
    counted=counted,
)

"""An answer in OpenAI's forms, whole or as the events of a stream; it always comes whole from us.

A stream is made from the answer in the journal, so it has the same content, in few pieces.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from pilotbench.providers.answer import Answer, Tokens

Json = dict[str, Any]


def chat(answer: Answer, identity: str, body: Json) -> Json:
    """Return a chat completion."""
    found = answer.completion
    received = found.received
    first = {
        "index": 0,
        "message": {"refusal": None, **found.message, "role": "assistant"},
        "logprobs": received.get("logprobs"),
        "finish_reason": found.finish_reason,
    }
    usage = received.get("usage") or _chat_usage(found.tokens)
    return {
        "id": received.get("id") or f"chatcmpl-{identity[:29]}",
        "object": "chat.completion",
        "created": int(answer.started),
        "model": found.model or body["model"],
        "choices": [first, *received.get("choices", ())],
        **({"usage": usage} if usage else {}),
        "system_fingerprint": received.get("fingerprint"),
        **({"service_tier": found.tier} if found.tier else {}),
    }


def chat_events(reply: Json, with_usage: bool) -> Iterator[bytes]:
    """Yield the events of a chat completion, its usage only where the client wants it."""
    common = {n: v for n, v in reply.items() if n not in ("choices", "usage")}
    common["object"] = "chat.completion.chunk"
    beside = {"usage": None} if with_usage else {}
    for choice in reply["choices"]:
        index, message = choice.get("index", 0), choice.get("message") or {}
        for delta, logprobs, reason in _deltas(message, choice):
            piece = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
            yield _data({**common, "choices": [piece], **beside})
    if with_usage:
        yield _data({**common, "choices": [], "usage": reply.get("usage")})
    yield b"data: [DONE]\n\n"


def _deltas(message: Json, choice: Json) -> Iterator[tuple[Json, Any, str | None]]:
    calls = message.get("tool_calls") or []
    rest = {n: v for n, v in message.items() if n not in ("role", "tool_calls") and v is not None}
    yield (
        {"role": "assistant", "content": "" if rest.get("content") is not None else None},
        None,
        None,
    )
    if rest:
        yield rest, choice.get("logprobs"), None
    if calls:
        yield {"tool_calls": [{"index": n, **call} for n, call in enumerate(calls)]}, None, None
    yield {}, None, choice.get("finish_reason")


def responses(answer: Answer, identity: str, body: Json) -> Json:
    """Return a response of the Responses API."""
    found = answer.completion
    reason = found.finish_reason
    whole = reason in (None, "completed")
    own = ("instructions", "metadata", "temperature", "top_p", "max_output_tokens", "reasoning")
    return {
        "id": found.received.get("id") or f"resp_{identity[:48]}",
        "object": "response",
        "created_at": int(answer.started),
        "status": "completed" if whole else "incomplete",
        "error": None,
        "incomplete_details": None if whole else {"reason": reason},
        "model": found.model or body["model"],
        "output": found.message.get("output", []),
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        **{name: body.get(name) for name in own},
        "usage": found.received.get("usage") or _response_usage(found.tokens),
        **({"service_tier": found.tier} if found.tier else {}),
    }


def response_events(reply: Json) -> Iterator[bytes]:
    """Yield the events of a response."""
    number = count()

    def event(kind: str, **fields: Any) -> bytes:
        return _data({"type": kind, "sequence_number": next(number), **fields}, kind)

    begun = {**reply, "status": "in_progress", "output": [], "usage": None}
    begun["incomplete_details"] = None
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for place, item in enumerate(reply["output"]):
        at = {"output_index": place, "item_id": item.get("id") or f"item_{place}"}
        empty = {n: [] if n == "content" else v for n, v in item.items()}
        if item.get("type") == "function_call":
            empty["arguments"] = ""
        yield event("response.output_item.added", output_index=place, item=empty)
        if item.get("type") == "message":
            for part_place, part in enumerate(item.get("content") or ()):
                for kind, fields in _part_events(part):
                    yield event(kind, content_index=part_place, **at, **fields)
        elif item.get("type") == "function_call":
            words = item.get("arguments") or ""
            kind = "response.function_call_arguments"
            yield event(f"{kind}.delta", delta=words, **at)
            yield event(f"{kind}.done", arguments=words, name=item.get("name"), **at)
        yield event("response.output_item.done", output_index=place, item=item)
    yield event(f"response.{reply['status']}", response=reply)


def _part_events(part: Json) -> Iterator[tuple[str, Json]]:
    refuses = part.get("type") == "refusal"
    name, field = ("refusal", "refusal") if refuses else ("output_text", "text")
    words, beside = (
        part.get(field) or "",
        {} if refuses else {"logprobs": part.get("logprobs") or []},
    )
    yield "response.content_part.added", {"part": {**part, field: ""}}
    if words:
        yield f"response.{name}.delta", {"delta": words, **beside}
    yield f"response.{name}.done", {field: words, **beside}
    yield "response.content_part.done", {"part": part}


def _data(value: Json, kind: str | None = None) -> bytes:
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {json.dumps(value)}\n\n".encode("ascii")


def _chat_usage(tokens: Tokens | None) -> Json | None:
    if tokens is None:
        return None
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }


def _response_usage(tokens: Tokens | None) -> Json | None:
    if tokens is None:
        return None
    return {
        "input_tokens": tokens.input,
        "input_tokens_details": {"cached_tokens": tokens.cached},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.input + tokens.output,
    }

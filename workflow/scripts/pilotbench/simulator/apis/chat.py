"""OpenAI's chat completions: the form that conversations and replies have anyway."""

from __future__ import annotations

import re
from typing import Any

from pilotbench.simulator.apis.api import (
    Api,
    Incoming,
    Malformed,
    Outcome,
    Problem,
    body_of,
    event,
    pieces,
)
from pilotbench.simulator.apis.openai_form import error, headers, secret, tier
from pilotbench.simulator.ground.conversation import conversation
from pilotbench.simulator.ground.wire import HttpRequest

Json = dict[str, Any]
_DONE = b"data: [DONE]\n\n"


def read(request: HttpRequest) -> Incoming:
    """Return the request; Azure names the deployment in the address, and an API version."""
    deployment = _deployment(request)
    if deployment is not None and "api-version" not in request.query:
        raise Malformed(Problem("api-version is missing", "not_found", 404))
    body = body_of(request)
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise Malformed(Problem("messages must be a list"))
    if not messages or not all(isinstance(message, dict) for message in messages):
        raise Malformed(Problem("messages must be objects, at least one"))
    model = str(deployment or body.get("model") or "")
    asked = conversation(model, body, body, request.body)
    return Incoming(body, asked, bool(body.get("stream")), request.headers)


def answer(outcome: Outcome) -> Json:
    """Return a completion."""
    message = dict(outcome.reply.message)
    if outcome.reply.reasoning and outcome.shows_reasoning:
        message["reasoning_content"] = outcome.reply.reasoning
    choice = {"index": 0, "message": message, "finish_reason": outcome.reply.finish_reason}
    return {
        **_head(outcome, "chat.completion"),
        "choices": [choice],
        "usage": _usage(outcome),
    }


def events(outcome: Outcome) -> list[bytes]:
    """Return the chunks of a stream; usage comes where `stream_options` asks for it."""
    message = answer(outcome)["choices"][0]["message"]
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    for name in ("reasoning_content", "content"):
        deltas += [{name: piece} for piece in pieces(message.get(name) or "") if piece]
    for place, call in enumerate(message.get("tool_calls") or ()):
        first, *rest = pieces(call["function"]["arguments"])
        function = {"name": call["function"]["name"], "arguments": first}
        deltas.append({"tool_calls": [{**call, "index": place, "function": function}]})
        deltas += [
            {"tool_calls": [{"index": place, "function": {"arguments": piece}}]} for piece in rest
        ]
    found = [_chunk(outcome, delta, None) for delta in deltas]
    found.append(_chunk(outcome, {}, outcome.reply.finish_reason))
    if (outcome.incoming.sent.get("stream_options") or {}).get("include_usage"):
        last = {**_head(outcome, "chat.completion.chunk"), "choices": []}
        found.append(event({**last, "usage": _usage(outcome)}))
    return [*found, _DONE]


def broken(problem: Problem) -> bytes:
    """Return the chunk that reports an error."""
    return event(error(problem)[1])


def _chunk(outcome: Outcome, delta: Json, reason: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return event({**_head(outcome, "chat.completion.chunk"), "choices": [choice]})


def _head(outcome: Outcome, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{outcome.digest[:24]}",
        "object": kind,
        "created": outcome.created,
        "model": outcome.model,
        "service_tier": tier(outcome),
    }


def _usage(outcome: Outcome) -> Json:
    usage = outcome.usage
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def _deployment(request: HttpRequest) -> str | None:
    _, found, rest = request.path.partition("/openai/deployments/")
    return rest.split("/")[0] if found else None


API = Api(
    name="chat",
    path=re.compile(r"/chat/completions$"),
    secret=secret,
    read=read,
    answer=answer,
    events=events,
    broken=broken,
    error=error,
    headers=headers,
)

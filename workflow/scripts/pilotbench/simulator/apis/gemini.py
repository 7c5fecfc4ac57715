"""Gemini's generateContent and streamGenerateContent; names in camelCase or snake_case."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from pilotbench.simulator.apis.api import (
    Api,
    Incoming,
    Malformed,
    Outcome,
    Problem,
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
_PATH = re.compile(r"/models/(?P<model>[^/:]+):(?P<method>generateContent|streamGenerateContent)$")
_FINISHES = {"length": "MAX_TOKENS", "content_filter": "SAFETY", "error": "OTHER"}
_WITHOUT = ("content_filter", "error")
"""The finish reasons of answers without content."""
_TYPES = "type.googleapis.com/google.rpc"
_ERRORS: dict[str, tuple[int, str, str]] = {
    "server_error": (500, "INTERNAL", "An internal error has occurred. Please retry."),
    "overloaded": (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "invalid_api_key": (
        400,
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
    ),
    "not_found": (404, "NOT_FOUND", ""),
    "rate_limit_exceeded": (
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current rate limit, please wait before you retry.",
    ),
    "insufficient_quota": (
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    "context_length_exceeded": (
        400,
        "INVALID_ARGUMENT",
        "The input token count exceeds the maximum number of tokens allowed.",
    ),
}


def secret(request: HttpRequest) -> str:
    """Return the secret of the header, or else of the address."""
    return request.headers.get("x-goog-api-key") or request.query.get("key", "")


def field(value: Any, name: str) -> Any:
    """Return a field by its name in camelCase or in snake_case, None without it."""
    if not isinstance(value, dict):
        return None
    snake = re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
    return value.get(name, value.get(snake))


def read(request: HttpRequest) -> Incoming:
    """Return the request; the address names model and method."""
    found = _PATH.search(request.path)
    body = body_of(request)
    contents = objects(body.get("contents"))
    if found is None or not contents:
        words = "* GenerateContentRequest.contents: contents is not specified\n"
        raise Malformed(Problem(words))
    system = _text(field(body, "systemInstruction"))
    chat: Json = {
        "model": found["model"],
        "messages": [{"role": "system", "content": system}] if system else [],
        **_offered(body),
    }
    for content in contents:
        chat["messages"] += _messages(content)
    asked = conversation(found["model"], chat, body, request.body)
    stream = found["method"] == "streamGenerateContent"
    if stream and request.query.get("alt") != "sse":
        raise Malformed(Problem("The simulator streams server-sent events only: add ?alt=sse"))
    return Incoming(body, asked, stream, request.headers)


def _text(content: Any) -> str:
    parts = objects(field(content, "parts"))
    return joined([part for part in parts if "text" in part and not is_thought(part)])


def is_thought(part: Json) -> bool:
    """Return whether a part is a summary of thoughts."""
    return bool(part.get("thought"))


def _messages(content: Json) -> list[Json]:
    parts, text = objects(content.get("parts")), _text(content)
    calls = [call for part in parts if (call := field(part, "functionCall")) is not None]
    replies = [one for part in parts if (one := field(part, "functionResponse")) is not None]
    if content.get("role") == "model":
        written = [
            chat_call(str(call.get("id") or ""), str(call.get("name")), call.get("args") or {})
            for call in objects(calls)
        ]
        return [chat_assistant(text, written)]
    results = [
        {"role": "tool", "tool_call_id": reply.get("id"), "content": _result(reply)}
        for reply in objects(replies)
    ]
    return results + ([{"role": "user", "content": text}] if text or not results else [])


def _result(reply: Json) -> str:
    """Return a function response as text; a text inside an object is that text."""
    given = reply.get("response")
    inner = next(iter(given.values())) if isinstance(given, dict) and len(given) == 1 else given
    return inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)


def _offered(body: Json) -> Json:
    tools = [
        chat_tool(
            one.get("name"),
            one.get("description"),
            field(one, "parametersJsonSchema") or one.get("parameters"),
        )
        for tool in objects(body.get("tools"))
        for one in objects(field(tool, "functionDeclarations"))
    ]
    found: Json = {"tools": tools} if tools else {}
    config = field(body, "generationConfig")
    schema = field(config, "responseJsonSchema") or field(config, "responseSchema")
    if schema or field(config, "responseMimeType") == "application/json":
        found["response_format"] = {"type": "json_schema", "schema": schema}
    return found


def parts(outcome: Outcome) -> list[Json]:
    """Return the parts of the answer; the first function call carries the thought signature."""
    config = field(outcome.incoming.sent, "generationConfig")
    told = field(field(config, "thinkingConfig"), "includeThoughts")
    found: list[Json] = []
    if outcome.reply.reasoning and told:
        found.append({"text": outcome.reply.reasoning, "thought": True})
    if outcome.text:
        found.append({"text": outcome.text})
    for place, call in enumerate(outcome.calls):
        name, arguments = call["function"]["name"], json.loads(call["function"]["arguments"])
        part: Json = {"functionCall": {"id": call["id"], "name": name, "args": arguments}}
        if outcome.reply.reasoning and not place:
            part["thoughtSignature"] = seal(name, arguments)
        found.append(part)
    return found


def answer(outcome: Outcome) -> Json:
    """Return a response."""
    reason = outcome.reply.finish_reason
    given = [] if reason in _WITHOUT else parts(outcome)
    return _response(outcome, given, _FINISHES.get(reason, "STOP"))


def _response(outcome: Outcome, given: list[Json], reason: str | None) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": given}, "index": 0}
    if not given:
        candidate.pop("content")
    if reason:
        candidate["finishReason"] = reason
    return {
        "candidates": [candidate],
        "usageMetadata": _usage(outcome),
        "modelVersion": outcome.model,
        "responseId": outcome.digest[:22],
    }


def _usage(outcome: Outcome) -> Json:
    usage = outcome.usage
    found: Json = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "totalTokenCount": usage.input + usage.output,
    }
    if usage.reasoning:
        found["thoughtsTokenCount"] = usage.reasoning
    if usage.cached:
        found["cachedContentTokenCount"] = usage.cached
    if "serviceTier" in outcome.incoming.sent:
        found["serviceTier"] = outcome.tier
    return found


def events(outcome: Outcome) -> list[bytes]:
    """Return the responses of a stream, a part in each; the last one only ends it."""
    reason = outcome.reply.finish_reason
    given = [] if reason in _WITHOUT else parts(outcome)
    cut = [
        {**part, "text": piece} if "text" in part else part
        for part in given
        for piece in pieces(part.get("text", ""))
    ]
    responses = [_response(outcome, [part], None) for part in cut]
    last = [{"text": ""}] if given else []
    responses.append(_response(outcome, last, _FINISHES.get(reason, "STOP")))
    return [event(one) for one in responses]


def error(problem: Problem) -> tuple[int, Json]:
    """Return an error in Google's form; a filter's verdict is no error."""
    if problem.code == "content_filter":
        feedback = {"blockReason": "PROHIBITED_CONTENT"}
        usage = {"promptTokenCount": 1, "totalTokenCount": 1}
        return 200, {"promptFeedback": feedback, "usageMetadata": usage}
    known = (problem.status, "INVALID_ARGUMENT", "")
    status, name, words = _ERRORS.get(problem.code, known)
    body: Json = {"code": status, "message": words or problem.message, "status": name}
    details = list(_details(problem))
    return status, {"error": {**body, "details": details} if details else body}


def _details(problem: Problem) -> list[Json]:
    found: list[Json] = []
    if problem.code == "invalid_api_key":
        found.append({"@type": f"{_TYPES}.ErrorInfo", "reason": "API_KEY_INVALID"})
    if problem.code == "insufficient_quota":
        name = "GenerateRequestsPerDayPerProjectPerModel"
        found.append({"@type": f"{_TYPES}.QuotaFailure", "violations": [{"quotaId": name}]})
    if problem.wait_s is not None:
        wait = f"{problem.wait_s:.3f}s"
        found.append({"@type": f"{_TYPES}.RetryInfo", "retryDelay": wait})
    return found


def broken(problem: Problem) -> bytes:
    """Return the event that reports an error."""
    return event(error(problem)[1])


def headers(limits: Sequence[Limit], wait_s: float | None, now: float) -> dict[str, str]:
    """Return no header: Gemini says how long to wait in the body of a refusal."""
    return {}


API = Api(
    name="gemini",
    path=_PATH,
    secret=secret,
    read=read,
    answer=answer,
    events=events,
    broken=broken,
    error=error,
    headers=headers,
    alive=b"",  # Google's own client cannot read a comment
)

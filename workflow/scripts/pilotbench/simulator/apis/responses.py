"""OpenAI's Responses API, without stored responses: `previous_response_id` finds nothing."""

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
    objects,
    pieces,
)
from pilotbench.simulator.apis.openai_form import error, headers, secret, tier
from pilotbench.simulator.ground.conversation import (
    chat_assistant,
    chat_call,
    chat_tool,
    conversation,
    joined,
)
from pilotbench.simulator.ground.thinking import packed
from pilotbench.simulator.ground.wire import HttpRequest

Json = dict[str, Any]
ENCRYPTED = "reasoning.encrypted_content"
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def read(request: HttpRequest) -> Incoming:
    """Return the request; its input is a text or a list of items."""
    body = body_of(request)
    given = body.get("input")
    if given in (None, "", []):
        raise Malformed(Problem("Missing required parameter: 'input'.", param="input"))
    items = [{"role": "user", "content": given}] if isinstance(given, str) else objects(given)
    model = str(body.get("model") or "")
    instructions = body.get("instructions")
    system = [{"role": "system", "content": instructions}] if instructions else []
    chat: Json = {"model": model, "messages": system + _messages(items), **_offered(body)}
    if not chat["messages"]:
        raise Malformed(Problem("Invalid type for 'input'.", param="input"))
    asked = conversation(model, chat, body, request.body)
    return Incoming(body, asked, bool(body.get("stream")), request.headers)


def _messages(items: list[Json]) -> list[Json]:
    """Return messages; calls and text of one turn of the model are one message."""
    found: list[Json] = []
    for item in items:
        kind, role = item.get("type", "message"), item.get("role")
        if kind == "function_call":
            name, arguments = str(item.get("name")), str(item.get("arguments"))
            call = chat_call(str(item.get("call_id")), name, arguments)
            if found and found[-1]["role"] == "assistant":
                earlier = found.pop()
                calls = [*earlier.get("tool_calls", ()), call]
                found.append(chat_assistant(earlier["content"] or "", calls))
            else:
                found.append(chat_assistant("", [call]))
        elif kind == "function_call_output":
            text = joined(item.get("output"))
            found.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": text})
        elif kind == "message":
            role = "system" if role == "developer" else role
            found.append({"role": role, "content": joined(item.get("content"))})
    return found


def _offered(body: Json) -> Json:
    tools = [
        chat_tool(tool.get("name"), tool.get("description"), tool.get("parameters"))
        for tool in objects(body.get("tools"))
    ]
    text = body.get("text")
    given = text.get("format") if isinstance(text, dict) else None
    found: Json = {"tools": tools} if tools else {}
    if isinstance(given, dict) and given.get("type") != "text":
        found["response_format"] = given
    if body.get("parallel_tool_calls") is False:
        found["parallel_tool_calls"] = False
    return found


def answer(outcome: Outcome) -> Json:
    """Return a finished response, or one that failed after its output."""
    if outcome.reply.finish_reason == "error":
        error = {"code": "server_error", "message": "The response was broken off."}
        failed = _response(outcome, "failed", output(outcome))
        return {**failed, "error": error, "usage": _usage(outcome)}
    reason = _INCOMPLETE.get(outcome.reply.finish_reason)
    return {
        **_response(outcome, "incomplete" if reason else "completed", output(outcome)),
        "incomplete_details": {"reason": reason} if reason else None,
        "usage": _usage(outcome),
    }


def output(outcome: Outcome) -> list[Json]:
    """Return the output items: reasoning, text, calls."""
    found: list[Json] = []
    if outcome.reply.reasoning:
        found.append(_reasoning(outcome))
    if outcome.text or not outcome.calls:
        content = {"type": "output_text", "text": outcome.text, "annotations": [], "logprobs": []}
        found.append(
            {
                "id": f"msg_{outcome.digest[:32]}",
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [content],
            }
        )
    for place, call in enumerate(outcome.calls):
        found.append(
            {
                "id": f"fc_{outcome.digest[:31]}{place}",
                "type": "function_call",
                "status": "completed",
                "arguments": call["function"]["arguments"],
                "call_id": call["id"],
                "name": call["function"]["name"],
            }
        )
    return found


def _reasoning(outcome: Outcome) -> Json:
    sent, text = outcome.incoming.sent, outcome.reply.reasoning
    asked = sent.get("reasoning")
    told = isinstance(asked, dict) and asked.get("summary")
    item: Json = {
        "id": f"rs_{outcome.digest[:32]}",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": text}] if told else [],
    }
    if ENCRYPTED in (sent.get("include") or ()):
        calls = [call["id"] for call in outcome.calls]
        item["encrypted_content"] = packed({"id": item["id"], "calls": calls, "text": text})
    return item


def _response(outcome: Outcome, status: str, items: list[Json]) -> Json:
    sent = outcome.incoming.sent
    return {
        "id": f"resp_{outcome.digest[:32]}",
        "object": "response",
        "created_at": outcome.created,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": sent.get("instructions"),
        "max_output_tokens": sent.get("max_output_tokens"),
        "model": outcome.model,
        "output": items,
        "parallel_tool_calls": sent.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "reasoning": sent.get("reasoning") or {"effort": None, "summary": None},
        "service_tier": tier(outcome),
        "store": sent.get("store", True),
        "temperature": sent.get("temperature", 1.0),
        "text": sent.get("text") or {"format": {"type": "text"}},
        "tool_choice": sent.get("tool_choice", "auto"),
        "tools": sent.get("tools") or [],
        "top_p": sent.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": None,
        "metadata": sent.get("metadata") or {},
    }


def _usage(outcome: Outcome) -> Json:
    usage = outcome.usage
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }


def events(outcome: Outcome) -> list[bytes]:
    """Return the events of a stream, numbered."""
    begun = _response(outcome, "in_progress", [])
    found: list[Json] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    whole = answer(outcome)
    for place, item in enumerate(whole["output"]):
        found += [{**one, "output_index": place} for one in _item_events(item)]
    found.append({"type": f"response.{whole['status']}", "response": whole})
    return [event({**one, "sequence_number": n}, one["type"]) for n, one in enumerate(found)]


def _item_events(item: Json) -> list[Json]:
    where = {"item_id": item["id"]}
    if item["type"] == "function_call":
        started = {**item, "status": "in_progress", "arguments": ""}
        name, text = "response.function_call_arguments", item["arguments"]
        inner = [{"type": f"{name}.delta", "delta": piece, **where} for piece in pieces(text)]
        done = {"type": f"{name}.done", "arguments": text, "name": item["name"], **where}
        inner.append(done)
    elif item["type"] == "message":
        started = {**item, "status": "in_progress", "content": []}
        part = item["content"][0]
        inner = _part_events("content", "output_text", part, {**where, "content_index": 0})
    else:
        started = {**item, "summary": []}
        inner = []
        for place, part in enumerate(item["summary"]):
            at = {**where, "summary_index": place}
            inner += _part_events("reasoning_summary", "reasoning_summary_text", part, at)
    return [
        {"type": "response.output_item.added", "item": started},
        *inner,
        {"type": "response.output_item.done", "item": item},
    ]


def _part_events(part_name: str, text_name: str, part: Json, at: Json) -> list[Json]:
    text = part["text"]
    more: Json = {"logprobs": []} if text_name == "output_text" else {}
    delta = {"type": f"response.{text_name}.delta", **at, **more}
    return [
        {"type": f"response.{part_name}_part.added", "part": {**part, "text": ""}, **at},
        *({**delta, "delta": piece} for piece in pieces(text)),
        {"type": f"response.{text_name}.done", "text": text, **at, **more},
        {"type": f"response.{part_name}_part.done", "part": part, **at},
    ]


def broken(problem: Problem) -> bytes:
    """Return the event that reports an error."""
    given = {"type": "error", "code": problem.code, "message": problem.message, "param": None}
    return event({**given, "sequence_number": 0}, "error")


API = Api(
    name="responses",
    path=re.compile(r"/responses$"),
    secret=secret,
    read=read,
    answer=answer,
    events=events,
    broken=broken,
    error=error,
    headers=headers,
)

"""A conversation with tools by each API, as plain JSON over HTTP: no code of ours translates it.

`Raw("messages", simulator.address, secret)` asks; `opening` is a first request, `handed_back` the
request that follows an answer, with everything of it unchanged, as the services want it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import requests

Json = dict[str, Any]
SYSTEM, QUESTION = "You call tools.", "Do it: <<42>>"
PARAMETERS: Json = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
NAMES = ("look", "finish")
APIS = ("chat", "responses", "messages", "gemini")
FAMILIES = {
    "chat": "deepseek",
    "responses": "gpt-5",
    "messages": "claude",
    "gemini": "gemini-3",
}
"""For each API a family that thinks."""


@dataclass(frozen=True)
class Raw:
    """A client of one API."""

    api: str
    address: str
    secret: str = "any"

    def post(self, body: Json, *, stream: bool = False, **more: Any) -> requests.Response:
        """Send a body; `model` of a Gemini body is sent in the address."""
        url, body = self._url(body, stream), self._sent(body, stream)
        options = {"headers": self.headers, "timeout": 60, **more}
        return requests.post(url, json=body, stream=stream, **options)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that authenticate."""
        if self.api == "messages":
            return {"x-api-key": self.secret, "anthropic-version": "2023-06-01"}
        if self.api == "gemini":
            return {"x-goog-api-key": self.secret}
        return {"Authorization": f"Bearer {self.secret}"}

    def _url(self, body: Json, stream: bool) -> str:
        if self.api == "gemini":
            method = "streamGenerateContent?alt=sse" if stream else "generateContent"
            return f"{self.address}/v1beta/models/{body['model']}:{method}"
        ends = {"chat": "chat/completions", "responses": "responses", "messages": "messages"}
        return f"{self.address}/v1/{ends[self.api]}"

    def _sent(self, body: Json, stream: bool) -> Json:
        if self.api == "gemini":
            return {name: value for name, value in body.items() if name != "model"}
        return {**body, "stream": True} if stream else body


def opening(api: str, model: str, question: str = QUESTION, *, tools: bool = True) -> Json:
    """Return the first request of a conversation in which the model thinks."""
    body: Json = {"model": model}
    offered: list[Json]
    if api == "chat":
        said = [("system", SYSTEM), ("user", question)]
        body["messages"] = [{"role": role, "content": text} for role, text in said]
        offered = [{"type": "function", "function": _function("parameters", n)} for n in NAMES]
    elif api == "responses":
        body["instructions"], body["input"] = SYSTEM, [{"role": "user", "content": question}]
        body |= {"store": False, "include": ["reasoning.encrypted_content"]}
        offered = [{"type": "function", **_function("parameters", n)} for n in NAMES]
    elif api == "messages":
        body |= {"system": SYSTEM, "messages": [{"role": "user", "content": question}]}
        body |= {"max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": 1024}}
        offered = [_function("input_schema", n) for n in NAMES]
    else:
        body["systemInstruction"] = {"parts": [{"text": SYSTEM}]}
        body["contents"] = [{"role": "user", "parts": [{"text": question}]}]
        functions = [_function("parametersJsonSchema", n) for n in NAMES]
        offered = [{"functionDeclarations": functions}]
    return {**body, "tools": offered} if tools else body


def _function(schema: str, name: str) -> Json:
    return {"name": name, "description": f"To {name}.", schema: PARAMETERS}


def handed_back(api: str, body: Json, answer: Json) -> Json:
    """Return the request after `answer`: all of it, then a result for each of its calls."""
    body = copy.deepcopy(body)
    if api == "chat":
        message = answer["choices"][0]["message"]
        results = [
            {"role": "tool", "tool_call_id": call["id"], "content": "{}"}
            for call in message["tool_calls"]
        ]
        body["messages"] += [message, *results]
    elif api == "responses":
        calls = [item for item in answer["output"] if item["type"] == "function_call"]
        body["input"] += answer["output"]
        body["input"] += [
            {"type": "function_call_output", "call_id": call["call_id"], "output": "{}"}
            for call in calls
        ]
    elif api == "messages":
        results = [
            {"type": "tool_result", "tool_use_id": block["id"], "content": "{}"}
            for block in answer["content"]
            if block["type"] == "tool_use"
        ]
        body["messages"].append({"role": "assistant", "content": answer["content"]})
        body["messages"].append({"role": "user", "content": results})
    else:
        content = answer["candidates"][0]["content"]
        calls = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
        parts = [
            {"functionResponse": {"id": call["id"], "name": call["name"], "response": {}}}
            for call in calls
        ]
        body["contents"] += [content, {"role": "user", "parts": parts}]
    return body


def calls_in(api: str, answer: Json) -> list[tuple[str, Any]]:
    """Return name and arguments of each call in an answer, as they came."""
    if api == "chat":
        calls = answer["choices"][0]["message"].get("tool_calls") or []
        return [(call["function"]["name"], call["function"]["arguments"]) for call in calls]
    if api == "responses":
        items = [item for item in answer["output"] if item["type"] == "function_call"]
        return [(item["name"], item["arguments"]) for item in items]
    if api == "messages":
        uses = [block for block in answer["content"] if block["type"] == "tool_use"]
        return [(use["name"], use["input"]) for use in uses]
    parts = answer["candidates"][0]["content"]["parts"]
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    return [(call["name"], call["args"]) for call in calls]


def message_of(answer: Json) -> str:
    """Return the words of an error, whatever its form."""
    return str(answer["error"]["message"])

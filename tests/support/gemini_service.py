"""A Gemini API over loopback with the rules that the real one is known for.

`GeminiService(answer)` calls `answer(contents)` for each valid request and sends the response that
it returns. A conversation is refused with 400 where its turns, its results or its thought
signatures are not those that the API accepts; `refused` lists why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from support.http_service import HttpService, Reply

Json = dict[str, Any]
PATH = re.compile(r"/v1beta/models/[\w.-]+:(generateContent|streamGenerateContent\?alt=sse)")
SECRET = "gemini-secret-0123456789"
USAGE = {"promptTokenCount": 100, "candidatesTokenCount": 10, "thoughtsTokenCount": 5}


def response(*parts: Json, reason: str = "STOP", **rest: Any) -> Json:
    """Return a response with one candidate."""
    content = {"role": "model", "parts": [*parts]}
    return {
        "candidates": [{"content": content, "finishReason": reason, "index": 0}],
        "usageMetadata": USAGE,
        "modelVersion": "m",
        **rest,
    }


def failed(status: int, name: str, message: str = "no", *details: Json) -> Reply:
    """Return an error in Google's form."""
    error = {"code": status, "message": message, "status": name, "details": [*details]}
    return Reply({"error": error}, status)


class GeminiService(HttpService):
    """The service, while the `with` block lasts."""

    def __init__(self, answer: Callable[[list[Json]], Json | Reply]) -> None:
        super().__init__(self._reply)
        self.answer = answer
        self.refused: list[str] = []
        self._sent: list[Json] = []

    def _reply(self, path: str, headers: dict[str, str], body: Json) -> Reply:
        with self.lock:
            if headers.get("x-goog-api-key") != SECRET or "authorization" in headers:
                why = {"@type": "type.googleapis.com/google.rpc.ErrorInfo"}
                why["reason"] = "API_KEY_INVALID"
                return failed(400, "INVALID_ARGUMENT", "API key not valid.", why)
            if not PATH.fullmatch(path):
                return failed(404, "NOT_FOUND", f"no {path}")
            if problem := self._problem(body.get("contents") or []):
                self.refused.append(problem)
                return failed(400, "INVALID_ARGUMENT", problem)
        found = self.answer(body["contents"])
        reply = found if isinstance(found, Reply) else Reply(found)
        with self.lock:
            if isinstance(reply.body, dict):
                for candidate in reply.body.get("candidates", []):
                    self._sent += candidate.get("content", {}).get("parts", [])
        streams = path.endswith("alt=sse") and reply.status == 200
        return Reply(_events(reply.body), 200) if streams else reply

    def _problem(self, contents: list[Json]) -> str | None:
        """Return what the API refuses about a conversation."""
        before: Json = {"role": "model", "parts": []}
        for place, content in enumerate(contents):
            parts, called = content.get("parts") or [], _named(before, "functionCall")
            if not parts or not all(
                part.keys() - {"thought", "thoughtSignature"} for part in parts
            ):
                return f"contents[{place}].parts must not be empty."
            if content["role"] not in ("user", "model") or content["role"] == before["role"]:
                return f"contents[{place}]: please use a valid role: user, model."
            if len(_named(content, "functionResponse")) != len(called):
                return (
                    "Please ensure that the number of function response parts is equal to the "
                    "number of function call parts of the function call turn."
                )
            pairs = zip(called, _named(content, "functionResponse"), strict=True)
            if any(call["name"] != reply["name"] for call, reply in pairs):
                return "A function response does not match its function call."
            if content["role"] == "model" and (problem := self._unsigned(parts, place)):
                return problem
            before = content
        return None if contents and contents[-1]["role"] == "user" else "The last turn is a user's."

    def _unsigned(self, parts: list[Json], place: int) -> str | None:
        calls = [part for part in parts if "functionCall" in part]
        if calls and "thoughtSignature" not in calls[0]:
            name = calls[0]["functionCall"]["name"]
            return (
                "Function call is missing a thought_signature in functionCall parts. Additional "
                f"data, function call `default_api:{name}`, position {place + 1}."
            )
        signed = [part for part in parts if "thoughtSignature" in part]
        return (
            None if all(part in self._sent for part in signed) else "Corrupted thought signature."
        )


def _events(body: Json) -> bytes:
    """Return a response as a stream: one event for each part, texts in two pieces."""
    [candidate] = body["candidates"]
    cut: list[Json] = []
    for part in candidate["content"]["parts"]:
        text = part.get("text", "")
        pieces = (
            [text[:2], text[2:]] if len(text) > 2 and "thoughtSignature" not in part else [text]
        )
        cut += [{**part, "text": piece} if text else part for piece in pieces]
    contents = [{"role": "model", "parts": [part]} for part in cut]
    events: list[Json] = [{"candidates": [{"content": content}]} for content in contents[:-1]]
    events.append({**body, "candidates": [{**candidate, "content": contents[-1]}]})
    return b"".join(b"data: " + json.dumps(event).encode() + b"\r\n\r\n" for event in events)


def _named(content: Json, what: str) -> list[Json]:
    return [part[what] for part in content["parts"] if what in part]

"""From a response of the Gemini API, whole or in events, to the completion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pilotbench.ground.errors import ConnectionFailed, ProviderError, Refused, UnusableAnswer
from pilotbench.providers.answer import Completion, Tokens
from pilotbench.providers.failures import FailureRules, wrapped
from pilotbench.providers.finish_reasons import Meaning, meaning
from pilotbench.providers.receipts import joined
from pilotbench.providers.usage import tokens, total

Json = dict[str, Any]
_SAID_WITHOUT = (Meaning.REFUSED, Meaning.LENGTH, Meaning.CALL)
"""Meanings that explain why a candidate has no content."""


def completion(rules: FailureRules, body: Json) -> Completion:
    """Return the completion in a decoded body; see `WireFormat.completion`."""
    candidate, usage = _first(body.get("candidates")), counted(body.get("usageMetadata"))
    if body.get("error"):
        raise _failed(rules, body, usage)
    if candidate is None:
        raise _without_candidate(body, usage)
    reason = _text(candidate.get("finishReason"))
    means = meaning(reason)
    if means is Meaning.INFRASTRUCTURE:
        raise UnusableAnswer(f"the service stopped: finishReason {reason}", tokens=usage)
    content = candidate.get("content")
    if not isinstance(content, dict):
        if means not in _SAID_WITHOUT:
            raise UnusableAnswer(f"no content, finishReason {reason}", tokens=usage)
        content = {}
    message = {"role": "model", **content, "parts": _parts(content)}
    written = _text(candidate.get("finishMessage"))
    if means is Meaning.CALL and written and not message["parts"]:
        message["parts"] = [{"text": written}]
    return Completion(message, reason, _text(body.get("modelVersion")), usage)


def counted(usage: Any) -> Tokens | None:
    """Return the token counts of `usageMetadata`; thoughts are output, and a missing count is 0."""
    if not isinstance(usage, dict) or not usage.get("promptTokenCount"):
        return None
    names = ("candidatesTokenCount", "thoughtsTokenCount")
    made = total({name: usage.get(name) or 0 for name in names}, *names)
    return tokens(
        {
            "prompt_tokens": usage["promptTokenCount"],
            "completion_tokens": made,
            "total_tokens": usage.get("totalTokenCount"),
            "reasoning_tokens": usage.get("thoughtsTokenCount"),
            "cached_tokens": usage.get("cachedContentTokenCount"),
        }
    )


def assembled(events: Iterable[Json]) -> Json:
    """Return the response that the events of a stream make up.

    Pieces of text are joined, but never one with a signature: it belongs to its part. Raises
    ConnectionFailed for a stream that was cut off: one without a reason why it ended. An error
    before that reason is all that a stream says.
    """
    body: Json = {}
    candidate: Json = {}
    others: dict[str, Json] = {}
    place = None
    for event in events:
        if event.get("error") and not candidate.get("finishReason"):
            return {"error": event["error"]}
        body |= {name: value for name, value in event.items() if name != "candidates"}
        for given in _listed(event.get("candidates")):
            place = given.get("index") if place is None else place
            is_ours = given.get("index") in (None, place)
            _continue(candidate if is_ours else others.setdefault(str(given["index"]), {}), given)
    if not (candidate.get("finishReason") or _blocked(body) or body.get("error")):
        raise ConnectionFailed("the stream was cut off")
    if candidate:
        body["candidates"] = [candidate, *others.values()]
    return body


def _continue(candidate: Json, given: Json) -> None:
    """Add what an event has of a candidate to what came before."""
    before, content = candidate.get("content"), given.get("content")
    logprobs = joined(candidate.get("logprobsResult"), given.get("logprobsResult"))
    candidate |= given | ({"logprobsResult": logprobs} if logprobs else {})
    if before is not None or "content" in given:
        parts = list(_parts(before or {}))
        for part in _parts(content if isinstance(content, dict) else {}):
            _add(parts, part)
        candidate["content"] = {"role": "model", "parts": parts}


def _add(parts: list[Json], part: Json) -> None:
    joined = {"text", "thought"}
    last = parts[-1] if parts else {}
    if last and last.keys() | part.keys() <= joined and last.get("thought") == part.get("thought"):
        parts[-1] = {**last, "text": f"{last.get('text') or ''}{part.get('text') or ''}"}
    else:
        parts.append(part)


def _failed(rules: FailureRules, body: Json, usage: Tokens | None) -> ProviderError:
    """Return the error in a 200: unusable where it was paid for."""
    error = wrapped(rules, body)
    if usage is not None or body.get("candidates"):
        return UnusableAnswer(f"an error in a paid response: {error}", tokens=usage)
    return error


def _without_candidate(body: Json, usage: Tokens | None) -> ProviderError:
    if blocked := _blocked(body):
        return Refused(f"the service blocked the prompt: {blocked}")
    return UnusableAnswer("the response has no candidate", tokens=usage)


def _blocked(body: Json) -> Any:
    """Return why the prompt was blocked, None where it was not."""
    feedback = body.get("promptFeedback")
    return feedback.get("blockReason") if isinstance(feedback, dict) else None


def _listed(candidates: Any) -> list[Json]:
    found = candidates if isinstance(candidates, list) else []
    return [one for one in found if isinstance(one, dict)]


def _first(candidates: Any) -> Json | None:
    found = candidates[0] if isinstance(candidates, list) and candidates else None
    return found if isinstance(found, dict) else None


def _parts(content: Json) -> list[Json]:
    parts = content.get("parts")
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None

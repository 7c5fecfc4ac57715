"""What comes beside the message of an answer, in any wire format, kept as it came.

An invoice, a support case or a later analysis may need what nothing here reads: raw usage, the ids
of response and request, the service's fingerprint, log probabilities, and further answers to the
same request. None of it changes how an answer is played or scored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pilotbench.ground.errors import ProviderError
from pilotbench.providers.answer import Completion

Json = dict[str, Any]
NO_HEADERS: Mapping[str, str] = {}
LONGEST = 200
"""Characters of an id or a tier that are kept."""
_DEEPEST = 3
_REQUEST_IDS = [
    re.compile(one, re.IGNORECASE)
    for one in (r"(x-)?request-?id", r".*request-?id", r".*(trace|correlation|log)-?id")
]
"""Names of headers with the id of a request, the usual one first.

`x-request-id` (OpenAI and most others), `request-id` (Anthropic), `apim-request-id` (Azure),
`x-amzn-requestid` (Bedrock); Gemini sends none.
"""
_TIER_HEADER = "x-gemini-service-tier"
_USAGES = (("usage",), ("usageMetadata",), ("x_groq", "usage"))
_TIERS = (
    ("service_tier",),
    ("usage", "service_tier"),
    ("usageMetadata", "serviceTier"),
    ("usageMetadata", "trafficType"),
)
_BESIDE = frozenset((
    *("id", "responseId", "service_tier", "system_fingerprint", "usage", "usageMetadata"),
    "x_groq",
))  # fmt: skip
"""The fields of events that are beside the message."""


@dataclass(frozen=True)
class Receipt:
    """What came beside a message: the tier as reported, and `received` as it came."""

    tier: str | None = None
    received: Json = field(default_factory=dict)

    def on(self, found: Completion) -> Completion:
        """Return a completion with it."""
        return replace(found, tier=self.tier, received=self.received)

    def mark(self, error: ProviderError) -> None:
        """Let an error carry it, beside what the error has."""
        error.tier = error.tier or self.tier
        error.received = {**self.received, **error.received}


def receipt(body: Json, headers: Mapping[str, str] = NO_HEADERS) -> Receipt:
    """Return what is beside the message in a decoded body, and in the headers it came with."""
    inner = body.get("data")
    if isinstance(inner, dict) and "choices" in inner and "choices" not in body:
        body = {**body, **inner}
    first, *others = [*_answers(body)] or [{}]
    usages = (*(_at(body, path) for path in _USAGES), first.get("usage"))
    found = {
        "id": _word(body.get("id") or body.get("responseId")),
        "request_id": request_id(headers),
        "fingerprint": _word(body.get("system_fingerprint")),
        "usage": next((one for one in usages if isinstance(one, dict) and one), None),
        "logprobs": _logprobs(body, first),
        "choices": others,
    }
    return Receipt(_tier(body, headers), {name: value for name, value in found.items() if value})


def of_events(events: Iterable[Json]) -> Receipt:
    """Return what the events of a stream say beside the message, however early it broke off."""
    body: Json = {}
    for event in events:
        for part in (event, event.get("message"), event.get("response")):
            for name, value in part.items() if isinstance(part, dict) else ():
                if value and name in _BESIDE:
                    old = body.get(name)
                    both = isinstance(old, dict) and isinstance(value, dict)
                    body[name] = {**old, **value} if both and old else value
    return receipt(body)


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id of a request by its header, None without one."""
    for pattern in _REQUEST_IDS:
        for name, value in headers.items():
            if pattern.fullmatch(name) and value.strip():
                return _word(value.strip())
    return None


def joined(old: Any, new: Any, level: int = 0) -> Any:
    """Return log probabilities with those of the next piece of a stream: lists are continued."""
    if isinstance(old, list) and isinstance(new, list):
        return old + new
    if isinstance(old, dict) and isinstance(new, dict) and level < _DEEPEST:
        rest = {name: joined(old.get(name), value, level + 1) for name, value in new.items()}
        return {**old, **rest}
    return old if new is None else new


def _tier(body: Json, headers: Mapping[str, str]) -> str | None:
    """Return the tier that is reported; Anthropic's fast mode is one, beside its tiers."""
    if _at(body, ("usage", "speed")) == "fast":
        return "fast"
    words = (*(_word(_at(body, path)) for path in _TIERS), _word(headers.get(_TIER_HEADER)))
    return next(filter(None, words), None)


def _answers(body: Json) -> Iterator[Json]:
    """Yield the answers in a body, the one that is played first."""
    for name in ("choices", "candidates"):
        listed = body.get(name)
        yield from (one for one in _list(listed) if isinstance(one, dict))


def _logprobs(body: Json, first: Json) -> Any:
    """Return log probabilities in the service's form; those of an output's parts as one list."""
    given = first.get("logprobs")
    if any(given.values()) if isinstance(given, dict) else given:
        return given
    if given := {name: first[name] for name in ("logprobsResult", "avgLogprobs") if name in first}:
        return given
    return [one for part in _parts(body.get("output")) for one in _list(part.get("logprobs"))]


def _parts(output: Any) -> Iterator[Json]:
    for item in _list(output):
        yield from (p for p in _list(_at(item, ("content",))) if isinstance(p, dict))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _at(value: Any, path: Iterable[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _word(value: Any) -> str | None:
    """Return a name that a service sent, None where there is none; a number counts as one."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value)[:LONGEST] or None

"""A request: the body that is sent, and what else determines the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.providers.messages import Message, Offer

Json = dict[str, Any]
TURNS = ("messages", "input", "contents")
"""The part of a body with the conversation, in each wire format."""
READ = (*TURNS, "system", "instructions", "systemInstruction", "tools")
"""The parts of a body that a model reads."""
BOUNDS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "maxOutputTokens")
"""The names of the limit of an answer's tokens."""


@dataclass(frozen=True)
class Request:
    """One chat request of an episode.

    `body` is exactly what is sent (model, messages, tools, request parameters); together with the
    other fields it determines the identity of the answer. Services see only `body`; the reference
    players also see the instance. `earlier` are the bodies that earlier releases would have sent,
    where they differ: an answer to one of them is accepted. `messages` and `offer` are what `body`
    says, in neutral form, for display.
    """

    body: Json
    instance: Instance
    tool_success_rate: str
    repeat: int
    turn: int
    earlier: Sequence[Json] = ()
    messages: Sequence[Message] = ()
    offer: Offer = field(default_factory=Offer)


def turns(body: Json) -> int:
    """Return the number of messages in a body of any wire format."""
    return sum(len(body[part]) for part in TURNS if isinstance(body.get(part), list))


def output_limits(body: Json) -> list[Any]:
    """Return the limits of an answer's tokens that a body of any wire format has."""
    extra, config = body.get("extra_body"), body.get("generationConfig")
    places = [part for part in (extra, body, config) if isinstance(part, dict)]
    return [place[name] for name in BOUNDS for place in places if name in place]


def without_images(body: Json, characters: int) -> Json:
    """Return what is sent with so many characters in the place of each image."""
    return {name: _short(one, characters) if name in TURNS else one for name, one in body.items()}


def _short(value: Any, characters: int) -> Any:
    if isinstance(value, list):
        return [_short(one, characters) for one in value]
    if not isinstance(value, dict):
        is_image = isinstance(value, str) and value.startswith("data:image/")
        return "x" * characters if is_image else value
    if "data" in value and ("media_type" in value or "mimeType" in value):
        value = {**value, "data": "x" * characters}
    nested = ("content", "parts", "image_url", "url", "source", "inlineData")
    return {name: _short(one, characters) if name in nested else one for name, one in value.items()}

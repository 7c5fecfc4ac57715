"""The identity of a response: one hash of all that could change the answer, and of nothing else.

Not in it: model alias, key, base URL, shard, prompt's name, max_turns, scoring, versions. (A prompt
or a number of turns that the model is told counts by the bytes that it puts into the body.)
"""

from __future__ import annotations

from typing import Any

from pilotbench.canonical import digest
from pilotbench.providers.provider import Request

Json = dict[str, Any]


def components(provider: str, request: Request) -> Json:
    """Return what makes the identity of the response to `request` from the provider of that name.

    The body counts by its SHA-256, so that a journal of long conversations stays small; a body can
    be made again from the episode's transcript and compared with it.
    """
    return {
        "provider": provider,
        "body_sha256": digest(request.body),
        "instance": request.instance.content_hash,
        "tool_success_rate": request.tool_success_rate,
        "repeat": request.repeat,
        "turn": request.turn,
    }


def identity(of: Json) -> str:
    """Return the identity that `components` stand for: a SHA-256 in 64 hex digits."""
    return digest(of)

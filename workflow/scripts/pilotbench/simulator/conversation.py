"""The content of a request: its messages, and the hashes that identify conversations."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

Json = dict[str, Any]
_NORMAL = NormalDist()
_CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True)
class Conversation:
    """A chat request, read once.

    `digest` stands for model and messages, `previous` for those up to the last assistant message
    (the request that this one goes on from), `opening` for those before the first assistant
    message. `body_digest` stands for the bytes that were sent.
    """

    body: Json
    model: str
    messages: list[Json]
    digest: str
    previous: str
    opening: str
    body_digest: str
    tokens: int

    @property
    def request(self) -> str:
        """The text of the first user message."""
        return next((text_of(m) for m in self.messages if m.get("role") == "user"), "")


def read(raw: bytes, deployment: str | None) -> Conversation:
    """Return the conversation of a request body. Raises ValueError if it has none."""
    body = json.loads(raw)
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        raise ValueError("messages must be a list")
    messages = body["messages"]
    if not messages or not all(isinstance(message, dict) for message in messages):
        raise ValueError("messages must be objects, at least one")
    model = str(deployment or body.get("model") or "")
    running = hashlib.sha256(model.encode("utf-8", "replace"))
    opening = previous = ""
    for message in messages:
        if message.get("role") == "assistant":
            previous = running.hexdigest()
            opening = opening or previous
        running.update(json.dumps(message, sort_keys=True).encode())
    digest = running.hexdigest()
    return Conversation(
        body=body,
        model=model,
        messages=messages,
        digest=digest,
        previous=previous,
        opening=opening or digest,
        body_digest=hashlib.sha256(raw).hexdigest(),
        tokens=tokens_in(raw),
    )


def text_of(message: Json) -> str:
    """Return the text of a message, its parts joined."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return "" if content is None else str(content)


def tokens_in(text: str | bytes) -> int:
    """Return a rough number of tokens, the same for the same text."""
    return max(1, len(text) // _CHARACTERS_A_TOKEN)


def share(*words: Any) -> float:
    """Return a number in [0, 1) that depends only on `words`."""
    head = hashlib.sha256("\x1f".join(map(str, words)).encode()).digest()[:8]
    return (int.from_bytes(head, "big") >> 11) / (1 << 53)


def lognormal(median: float, sigma: float, *words: Any) -> float:
    """Return a lognormal draw that depends only on `words`; with sigma 0 it is the median."""
    if not sigma or not median:
        return median
    quantile = min(max(share(*words), 1e-9), 1 - 1e-9)
    return float(median * 2.718281828459045 ** (sigma * _NORMAL.inv_cdf(quantile)))

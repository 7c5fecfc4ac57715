"""The content of a request: its messages, and the hashes that identify conversations.

Whatever API a request came by, its messages, tools and answer format are in the form of chat
completions here: each API of `apis/` translates them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

Json = dict[str, Any]
_NORMAL = NormalDist()
_CHARACTERS_A_TOKEN = 4
_HOW_SENT = ("model", "stream", "stream_options")


@dataclass(frozen=True)
class Conversation:
    """A request, read once.

    `digest` stands for model and messages, `previous` for those up to the last assistant message
    (the request that this one goes on from), `opening` for those before the first assistant
    message. `body_digest` stands for what was sent, however it was sent: streamed, whole, or as a
    line of a batch.
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

    @property
    def asked(self) -> tuple[str, ...]:
        """The text of the user after no message of the assistant, after one, after two, ….

        Texts in a row are joined.
        """
        texts = [""]
        for message in self.messages:
            if message.get("role") == "assistant":
                texts.append("")
            elif message.get("role") == "user":
                texts[-1] += f"\n{text_of(message)}" if texts[-1] else text_of(message)
        return tuple(texts)

    @property
    def turn(self) -> int:
        """How many messages of the assistant there are."""
        return sum(message.get("role") == "assistant" for message in self.messages)


def conversation(model: str, body: Json, sent: Json, raw: bytes) -> Conversation:
    """Return the conversation of a chat body; `sent` is the body that came, `raw` its bytes."""
    running = hashlib.sha256(model.encode("utf-8", "replace"))
    opening = previous = ""
    for message in body["messages"]:
        if message.get("role") == "assistant":
            previous = running.hexdigest()
            opening = opening or previous
        running.update(json.dumps(message, sort_keys=True).encode())
    digest = running.hexdigest()
    return Conversation(
        body=body,
        model=model,
        messages=body["messages"],
        digest=digest,
        previous=previous,
        opening=opening or digest,
        body_digest=_body_digest(model, sent),
        tokens=tokens_in(raw),
    )


def _body_digest(model: str, sent: Json) -> str:
    """Return a hash of model and body, the same for every way of sending them."""
    asked = {name: value for name, value in sent.items() if name not in _HOW_SENT}
    text = json.dumps([model, asked], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(message: Json) -> str:
    """Return the text of a message, its parts joined."""
    return joined(message.get("content"))


def joined(content: Any) -> str:
    """Return the text of a content: text, or parts with text."""
    if isinstance(content, list):
        texts = (str(part.get("text") or "") for part in content if isinstance(part, dict))
        return "\n".join(filter(None, texts))
    return "" if content is None else str(content)


def chat_call(identifier: str, name: str, arguments: Any) -> Json:
    """Return a tool call in the form of chat completions."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {
        "id": identifier,
        "type": "function",
        "function": {"name": name, "arguments": text},
    }


def chat_assistant(text: str, calls: Sequence[Json]) -> Json:
    """Return an assistant's message in the form of chat completions."""
    message: Json = {"role": "assistant", "content": text or None}
    return {**message, "tool_calls": list(calls)} if calls else message


def chat_tool(name: Any, description: Any, parameters: Any) -> Json:
    """Return an offered tool in the form of chat completions."""
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


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

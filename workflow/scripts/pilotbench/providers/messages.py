"""Messages as the program knows them, whatever a service's wire format is.

A wire format translates them into the body of a request, and a message of a service into one of
them. `raw` keeps what the service sent, so that its wire format can hand back what the program does
not know: reasoning, signatures.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pilotbench.benchmark.instances import Image
    from pilotbench.benchmark.tasks.task import ToolSpec

Json = dict[str, Any]
EMPTY = "(empty)"
"""The text of a message without text in the history: services reject one without."""


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool. `arguments` are JSON, or the text that a service sent as JSON."""

    id: str
    name: str
    arguments: Any


@dataclass(frozen=True)
class ToolResult:
    """The result of the call with this id."""

    id: str
    content: str


@dataclass(frozen=True)
class Message:
    """One message of a conversation.

    `thinking` is reasoning that a service sent apart from the text, `refusal` its reason for not
    answering. `results` are those of the calls in the message before. `raw` is the message as the
    service sent it, None for a message of ours and where its reasoning is not to go back. `thought`
    is reasoning that goes before the text of a message that is repeated. `images` are shown with
    the text of a question; `parts` are text and images in their order, sent in place of `text`.
    """

    role: Literal["system", "user", "assistant", "tool"]
    text: str = ""
    thinking: str = ""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()
    refusal: str = ""
    raw: Json | None = None
    thought: str = ""
    images: tuple[Image, ...] = ()
    parts: tuple[str | Image, ...] = ()

    @property
    def content(self) -> str:
        """The text that is sent."""
        return self.thought if self.thought and self.text == EMPTY else self.thought + self.text


@dataclass(frozen=True)
class Offer:
    """What a request offers besides its messages: tools, or the JSON Schema of the answer."""

    tools: Sequence[ToolSpec] = ()
    schema: Json | None = None


def compact(value: Any) -> str:
    """Return `value` as JSON in one line, as short as possible."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text_of(value: Any) -> str:
    """Return a content field as clean text: text, a list of text parts, or nothing."""
    if isinstance(value, list):
        parts = (part.get("text") for part in value if isinstance(part, dict))
        value = "".join(part for part in parts if isinstance(part, str))
    return clean(value) if isinstance(value, str) else ""


def clean(text: str) -> str:
    """Return `text` with lone surrogates replaced, so that it can be sent as UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text

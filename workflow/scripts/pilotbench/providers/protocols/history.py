"""How the conversation goes on after a message, for every protocol.

The reasoning of a message is repeated

- `as_said`: as the service sent it: every field of its message goes back, and the text with the
  reasoning inside it.
- `none`: no reasoning.
- `think_tag`: as text between <think> and </think> before the text, however the service sent it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pilotbench.providers.messages import Json, Message, compact
from pilotbench.providers.protocols.reading import plain
from pilotbench.providers.protocols.reasoning import MARKS, THINK, THOUGHT, said

AS_SAID = "as_said"
AS_IS, ACKNOWLEDGED = "as_is", "acknowledged"
ACKNOWLEDGEMENT = Message("assistant", "I have the results.")


def repeated(mode: str, message: Message, ours: Message, text: str = "") -> Message:
    """Return `ours`, in which a protocol repeats `message`, with its reasoning.

    `text` is what the protocol read as the text: it may begin within reasoning that is not closed.
    """
    return HISTORIES[mode](message, ours, text)


def followed_up(mode: str, messages: Sequence[Message], text: str) -> list[Message]:
    """Return what a person's message adds to a conversation.

    With `acknowledged`, the assistant speaks between results and the person: some services reject
    a user message directly after results.
    """
    between = mode == ACKNOWLEDGED and bool(messages) and bool(messages[-1].results)
    return [*([ACKNOWLEDGEMENT] if between else []), Message("user", text)]


def _as_said(message: Message, ours: Message, text: str) -> Message:
    return replace(ours, thought=_thought_before(message, text), raw=_sendable(message.raw))


def _none(message: Message, ours: Message, text: str) -> Message:
    return replace(ours, raw=None)


def _think_tag(message: Message, ours: Message, text: str) -> Message:
    spoken = said(message)
    thought = spoken.thought
    if thought and spoken.unclosed:  # the text, if any, is a call within the reasoning
        thought = thought.removesuffix(text).rstrip()
    written = f"{THINK}\n{thought}\n{THOUGHT}\n\n" if thought else ""
    return replace(ours, thought=written, raw=None)


def _sendable(raw: Json | None) -> Json | None:
    """Return what a service sent, without the lone surrogates that no request can contain."""
    try:
        compact(raw).encode("utf-8")
    except UnicodeEncodeError:
        return {key: plain(value) for key, value in (raw or {}).items()}
    return raw


def _thought_before(message: Message, text: str) -> str:
    """Return the reasoning at the beginning of the text, tags included, as it came."""
    whole = message.text.rstrip()
    rest = text if text and whole.endswith(text) else said(message).text
    before = whole.removesuffix(rest) if whole.endswith(rest) else ""
    return before if any(mark in before for mark in (*MARKS, THOUGHT)) else ""


HISTORIES: Mapping[str, Callable[[Message, Message, str], Message]] = {
    AS_SAID: _as_said,
    "none": _none,
    "think_tag": _think_tag,
}

"""How the reasoning of a message is repeated in the history, for every protocol.

- `as_said`: as the service sent it: every field of its message goes back, and the text with the
  reasoning inside it.
- `none`: no reasoning.
- `think_tag`: as text between <think> and </think> before the text, however the service sent it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from pilotbench.providers.messages import Message
from pilotbench.providers.protocols.reading import THINK, THOUGHT, said

AS_SAID = "as_said"


def repeated(mode: str, message: Message, ours: Message) -> Message:
    """Return `ours`, in which a protocol repeats `message`, with its reasoning."""
    return HISTORIES[mode](message, ours)


def _as_said(message: Message, ours: Message) -> Message:
    return replace(ours, thought=_thought_before(message), raw=message.raw)


def _none(message: Message, ours: Message) -> Message:
    return replace(ours, raw=None)


def _think_tag(message: Message, ours: Message) -> Message:
    thought = said(message).thought
    written = f"{THINK}\n{thought}\n{THOUGHT}\n\n" if thought else ""
    return replace(ours, thought=written, raw=None)


def _thought_before(message: Message) -> str:
    """Return the reasoning at the beginning of the text, tags included, as it came."""
    whole, rest = message.text.rstrip(), said(message).text
    before = whole.removesuffix(rest) if whole.endswith(rest) else ""
    return before if THINK in before or THOUGHT in before else ""


HISTORIES: Mapping[str, Callable[[Message, Message], Message]] = {
    AS_SAID: _as_said,
    "none": _none,
    "think_tag": _think_tag,
}

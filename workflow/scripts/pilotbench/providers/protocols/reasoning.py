"""Tell the reasoning of a message from its text.

Reasoning at the beginning between a pair of `MARKS` is removed; of `<think>` the opening tag may be
missing, since some servers strip it. Without a closing tag, all of the text is reasoning.
"""

from __future__ import annotations

from dataclasses import dataclass

from pilotbench.providers.messages import Message

MARKS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "[THINK]": "[/THINK]",
    "<seed:think>": "</seed:think>",
    "<|START_THINKING|>": "<|END_THINKING|>",
}
THINK, THOUGHT = "<think>", "</think>"


@dataclass(frozen=True)
class Said:
    """The text of a message, the reasoning before it, and reasoning that nothing follows."""

    text: str
    thought: str | None
    unclosed: str = ""


def said(message: Message) -> Said:
    """Return text and reasoning of an assistant's message."""
    thought, text = _split(message.text)
    sent, thought, text = message.thinking.strip(), thought.strip(), text.strip()
    thoughts = [part for part in (sent, thought) if part]
    return Said(text, "\n".join(thoughts) or None, "" if text else thought or sent)


def _split(content: str) -> tuple[str, str]:
    """Return reasoning and text."""
    begin = content.lstrip()[:20]
    opening = next((mark for mark in MARKS if begin.startswith(mark)), None)
    closing = MARKS[opening or THINK]
    before, closed, after = content.partition(closing)
    if closed and (opening or THINK not in before):
        return before.replace(opening or THINK, "", 1), after
    if opening:
        return content.replace(opening, "", 1), ""
    return "", content

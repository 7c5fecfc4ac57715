"""The messages of an episode before its first answer.

A system message of the instance follows that of the protocol. A plain question has no rules: its
own system message takes the place of the pack's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from pilotbench.benchmark.instances import Image, Instance, Utterance
from pilotbench.benchmark.packs.conversations import illustrated
from pilotbench.providers.messages import Message

Json = dict[str, Any]


def system_of(instance: Instance, rules: str, is_plain: bool) -> str:
    """Return the system message; `rules` is that of the protocol."""
    own = [one.text for one in takewhile(_is_system, instance.earlier)]
    parts = own if own and is_plain else [rules, *own]
    return "\n\n".join(part for part in parts if part)


def messages_of(instance: Instance, user: str, images: Sequence[Image]) -> list[Message]:
    """Return the messages after the system message, of which `user` is the last."""
    first = len(list(takewhile(_is_system, instance.earlier)))
    said = (*instance.earlier[first:], Utterance("user", user, images=tuple(images)))
    if "images" in instance.extra:
        said = illustrated((*said[:-1], Utterance("user", user)), images)
    return [Message(one.role, one.text, images=one.images, parts=one.parts) for one in said]


def recorded(messages: Sequence[Message]) -> Json:
    """Return what a record has of the messages between system message and prompt."""
    between = [
        {"role": one.role, "content": one.text} for one in messages[:-1] if one.role != "system"
    ]
    return {"messages": between} if between else {}


def _is_system(one: Utterance) -> bool:
    return one.role == "system"

"""Ids of tool calls in a conversation that every service accepts.

A call keeps the id that it came with. An id that is missing, came before in the conversation or is
longer than services accept is replaced by nine letters and digits, which every service accepts
(Mistral nothing else). It depends only on the place of the call: a replay sends the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from pilotbench.ground.canonical_json import digest
from pilotbench.providers.messages import Message

LONGEST_ID = 40
Named = Callable[[str, int, int], str]
"""From the id that a call came with, its message's number and its place in it to its id."""


def are_fine(messages: Iterable[Message]) -> bool:
    """Return whether services accept all ids of a conversation as they came."""
    names = [call.id for message in messages for call in message.calls]
    return len(set(names)) == len(names) and all(0 < len(name) <= LONGEST_ID for name in names)


def accepted(messages: Iterable[Message]) -> list[Message]:
    """Return a conversation with ids that services accept, alike in calls and their results."""
    messages = list(messages)
    if are_fine(messages):
        return messages
    seen: set[str] = set()
    return with_ids(messages, lambda given, turn, place: _unused(given, turn, place, seen))


def with_ids(messages: Iterable[Message], named: Named) -> list[Message]:
    """Return a conversation with the ids of calls, and of the results after them, from `named`.

    Each result counts as a message.
    """
    found: list[Message] = []
    ids: list[str] = []
    turn = 0
    for message in messages:
        if message.calls:
            ids = [named(call.id, turn, place) for place, call in enumerate(message.calls)]
            calls = (replace(c, id=name) for c, name in zip(message.calls, ids, strict=True))
            message = replace(message, calls=tuple(calls))
        elif message.results:
            pairs = zip(message.results, ids, strict=True)
            results = tuple(replace(result, id=name) for result, name in pairs)
            message = replace(message, results=results)
        turn += len(message.results) or 1
        found.append(message)
    return found


def _unused(given: str, turn: int, place: int, seen: set[str]) -> str:
    name, salt = given, 0
    while not name or name in seen or len(name) > LONGEST_ID:
        name, salt = digest(["call", turn, place, salt])[:9], salt + 1
    seen.add(name)
    return name

"""The conversation as the next request repeats it: ids that any service accepts, reasoning kept.

A tool call keeps the id that it came with. An id that is missing, came before in the conversation
or is longer than services take is replaced by nine letters and digits, which depend only on where
the call stands: a replay sends the same. The reasoning of a message with a call goes back to the
service that sent it, since some refuse a conversation without it.

Earlier releases repeated all ids, named a missing one `call_0`, and left reasoning out; the journal
is asked for their form too (`before`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pilotbench.ground.canonical_json import digest

Json = dict[str, Any]
LONGEST_ID = 40
Named = Callable[[str, int, int], str]
"""From the id that a call came with, its message's number and its place in it to its id."""
REASONING = "reasoning_content"


def now(messages: Sequence[Json]) -> list[Json]:
    """Return the messages as they are sent."""
    seen: set[str] = set()
    return _with_ids(messages, lambda given, turn, place: _accepted(given, turn, place, seen))


def before(messages: Sequence[Json]) -> list[Json]:
    """Return the messages as earlier releases sent them."""
    plain = [{name: message[name] for name in message if name != REASONING} for message in messages]
    return _with_ids(plain, lambda given, _, place: given or f"call_{place}")


def _accepted(given: str, turn: int, place: int, seen: set[str]) -> str:
    name, salt = given, 0
    while not name or name in seen or len(name) > LONGEST_ID:
        name, salt = digest(["call", turn, place, salt])[:9], salt + 1
    seen.add(name)
    return name


def _with_ids(messages: Sequence[Json], named: Named) -> list[Json]:
    """Return the messages with the ids of calls, and of the results after them, as `named` says."""
    found: list[Json] = []
    ids: list[str] = []
    for turn, message in enumerate(messages):
        if message.get("tool_calls"):
            calls = message["tool_calls"]
            ids = [named(call["id"], turn, place) for place, call in enumerate(calls)]
            pairs = zip(calls, ids, strict=True)
            message = {**message, "tool_calls": [{**call, "id": name} for call, name in pairs]}
        elif message["role"] == "tool":
            message = {**message, "tool_call_id": ids.pop(0)}
        found.append(message)
    return found

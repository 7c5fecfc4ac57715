"""The chunks of a stream of chat completions, put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pilotbench.ground.errors import ConnectionFailed
from pilotbench.providers.receipts import joined
from pilotbench.providers.wire_format import DONE
from pilotbench.providers.wire_formats.chat_answers import (
    CUT_OFF,
    at,
    first,
    is_bare_error,
    is_error,
)

Json = dict[str, Any]
_PIECES = ("text", "thinking", "summary", "data")
"""The fields of a part that continue in its next piece."""


@dataclass
class _Choice:
    """A choice, as far as its pieces have come."""

    message: Json = field(default_factory=dict)
    reason: Any = None
    logprobs: Any = None

    def add(self, piece: Json) -> None:
        """Continue it."""
        self.reason = piece.get("finish_reason") or self.reason
        self.logprobs = joined(self.logprobs, piece.get("logprobs"))
        for part in (piece.get("delta"), piece.get("message")):
            _add(self.message, part if isinstance(part, dict) else {})

    def whole(self, **more: Any) -> Json:
        """Return it as an answer at once has it."""
        logprobs = {"logprobs": self.logprobs} if self.logprobs else {}
        return {"message": self.message, "finish_reason": self.reason, **logprobs, **more}


def assembled(chunks: Iterable[Json]) -> Json:
    """Return the body that the chunks of a stream make up.

    Raises ConnectionFailed for a stream that was cut off: without a finish reason and DONE.
    """
    body: Json = {"choices": []}
    ours, others = _Choice(), dict[Any, _Choice]()
    place = None
    done = False
    for chunk in chunks:
        if chunk is DONE:
            done = True
            break
        given = {name: value for name, value in chunk.items() if value is not None}
        if not is_error(given.get("error")):
            given.pop("error", None)
        choice = first(given.get("choices")) or {}
        place = choice.get("index") if place is None else place
        if choice.get("index") not in (None, place):
            choice = {}
        for other in _listed(given.pop("choices", None)):
            if other is not choice:  # another answer to the same request
                others.setdefault(str(other.get("index")), _Choice()).add(other)
        usage = choice.get("usage") or at(given, "x_groq", "usage")
        body |= given | ({"usage": usage} if usage else {})
        if not choice and is_bare_error(chunk):
            body["error"] = chunk
        ours.add(choice)
    if ours.reason is None and not done and not body.get("error"):
        raise ConnectionFailed("the stream was cut off")
    if ours.message or ours.reason:
        broken = {CUT_OFF: True} if ours.reason is None and body.get("error") else {}
        body["choices"] = [ours.whole(**broken), *(one.whole() for one in others.values())]
    return body


def _listed(choices: Any) -> list[Json]:
    found = choices if isinstance(choices, list) else []
    return [one for one in found if isinstance(one, dict)]


def _add(message: Json, delta: Json) -> None:
    """Add a piece of a message: texts are concatenated, calls and parts are merged."""
    for name, value in delta.items():
        if name == "tool_calls":
            calls = message.setdefault("tool_calls", [])
            for place, piece in enumerate(value if isinstance(value, list) else ()):
                if isinstance(piece, dict):
                    _add_call(calls, piece, place)
        elif value is not None:
            message[name] = value if name == "role" else _joined(message.get(name), value)


def _joined(old: Any, new: Any) -> Any:
    """Return a field with another piece: of text, or of a list of parts."""
    if isinstance(old, str) and isinstance(new, str):
        return old + new
    if not isinstance(old, list) and not isinstance(new, list):
        return new
    parts = _parts(old)
    for part in _parts(new):
        _add_part(parts, part)
    return parts


def _parts(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [{"type": "text", "text": value}] if value else []
    return [*value] if isinstance(value, list) else []


def _add_part(parts: list[Any], part: Any) -> None:
    """Add a part, or continue the one with the same index, without one the last."""
    if isinstance(part, dict):
        earlier = range(len(parts) - 1, -1, -1) if "index" in part else range(len(parts))[-1:]
        for place in earlier:
            if _continues(parts[place], part):
                parts[place] = {
                    **parts[place],
                    **{n: v for n, v in part.items() if v is not None},
                    **{n: _joined(parts[place].get(n), part[n]) for n in _PIECES if n in part},
                }
                return
    parts.append(part)


def _continues(old: Any, part: Json) -> bool:
    """Return whether a part goes on with an earlier one."""
    if not isinstance(old, dict) or not any(name in part for name in _PIECES):
        return False
    both = bool(old.get("id") and part.get("id"))
    names = ("type", "index", "id") if both else ("type", "index")
    return all(old.get(name) == part.get(name) for name in names)


def _add_call(calls: list[Json], piece: Json, place: int) -> None:
    """Add a piece of a call to the last call with its index, or begin another.

    Some services number every call 0, and some repeat the name in each piece.
    """
    index = piece.get("index", place)
    given = piece.get("function")
    function = given if isinstance(given, dict) else {}
    call = next((call for call in reversed(calls) if call["index"] == index), None)
    if call is None or (function.get("name") and _differ(piece.get("id"), call.get("id"))):
        call = {"index": index, "function": {}}
        calls.append(call)
    call |= {n: v for n, v in piece.items() if n != "function" and v}
    for name, value in function.items():
        old = call["function"].get(name)
        again = name == "name" and value == old
        both = isinstance(value, str) and isinstance(old, str) and not again
        call["function"][name] = old + value if both else (value if value is not None else old)


def _differ(one: Any, other: Any) -> bool:
    return bool(one and other and one != other)

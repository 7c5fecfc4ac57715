"""Read calls from text that a model wrote: tolerant by the rules below, safe for any input.

- Reasoning between <think> and </think> (the opening tag may be missing: some servers strip it) is
  removed from the beginning; without a closing tag, all of the text is reasoning.
- A call is a JSON object with `tool` (or `name`) and `arguments` (or `parameters`), or an object
  whose `function` is one. Arguments that are a JSON text are read as JSON. Arguments that are
  missing or null are empty, but only where the object has no key that a call does not have.
- Arguments that were encoded twice are read. Those of `finish` that are not an object are its
  answer.
- NaN, infinities, numbers beyond a double, more than forty levels, and tools that are not text are
  not calls. Lone surrogates, which cannot be sent, become U+FFFD.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from pilotbench.providers.messages import Message, clean

Json = dict[str, Any]
DEEPEST = 40
FINISH, ANSWER = "finish", "answer"
THINK, THOUGHT = "<think>", "</think>"


class NotACallError(ValueError):
    """A text that is not a call; the message says why."""


class BrokenError(NotACallError):
    """A value that is not JSON; `end` is how far it was read."""

    def __init__(self, message: str, end: int) -> None:
        super().__init__(message)
        self.end = end


@dataclass(frozen=True)
class Said:
    """The text of a message and the reasoning before it."""

    text: str
    thought: str | None


def said(message: Message) -> Said:
    """Return text and reasoning of an assistant's message."""
    thought, text = _split_thought(message.text)
    thoughts = [part for part in (message.thinking.strip(), thought.strip()) if part]
    return Said(text.strip(), "\n".join(thoughts) or None)


def _split_thought(content: str) -> tuple[str, str]:
    opened = content.lstrip().startswith(THINK)
    before, closed, after = content.partition(THOUGHT)
    if closed and (opened or THINK not in before):
        return before.replace(THINK, "", 1), after
    if opened:
        return content.replace(THINK, "", 1), ""
    return "", content


def decoded(text: str) -> Any:
    """Return the JSON value of a text. Raises NotACallError."""
    try:
        return plain(json.loads(text, parse_constant=_refused))
    except RecursionError:
        raise NotACallError("nested too deep") from None
    except ValueError as error:
        raise NotACallError(f"not JSON: {error}"[:200]) from None


def decoded_at(text: str, start: int) -> tuple[Any, int]:
    """Return the JSON value that begins at `start`, and its end. Raises BrokenError."""
    end = len(text)
    try:
        value, end = _DECODER.raw_decode(text, start)
        return plain(value), end
    except RecursionError:
        raise BrokenError("nested too deep", end) from None
    except json.JSONDecodeError as error:
        raise BrokenError(f"not JSON: {error}"[:200], error.pos) from None
    except ValueError as error:
        raise BrokenError(str(error)[:200], end) from None


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")


_DECODER = json.JSONDecoder()


def plain(value: Any, level: int = 0) -> Any:
    """Return a JSON value with clean texts. Raises NotACallError for what cannot be sent."""
    if level > DEEPEST:
        raise NotACallError("nested too deep")
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key): plain(inner, level + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner, level + 1) for inner in value]
    if isinstance(value, int | float) and not _is_finite(value):
        raise NotACallError("a number is out of range")
    return value


def _is_finite(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


BESIDE = ("thought", "id", "type")
"""Keys that a call may have besides its tool and arguments."""


def call_of(value: Any) -> Json:
    """Return `{"tool", "arguments"}` of a decoded value. Raises NotACallError."""
    if not isinstance(value, dict):
        raise NotACallError("a call is a JSON object")
    if isinstance(value.get("function"), dict):
        value = value["function"]
    named = "tool" if "tool" in value else "name"
    tool = value.get(named)
    if not isinstance(tool, str) or not tool.strip():
        raise NotACallError("the call names no tool")
    given = value.get("arguments", value.get("parameters"))
    if given is None:
        _check_keys(value, named)
    return {"tool": tool.strip(), "arguments": arguments_for(tool.strip(), given)}


def _check_keys(value: Json, named: str) -> None:
    """Raise NotACallError where arguments are missing and an unknown key may be meant as them."""
    known = {named, "arguments", "parameters", *BESIDE}
    unknown = next((key for key in value if key not in known), None)
    if unknown is not None:
        raise NotACallError(f"the call has no arguments but an unknown key {unknown!r}"[:200])


def arguments_for(tool: str, value: Any) -> Json:
    """Return the arguments of a call of `tool` as an object. Raises NotACallError."""
    try:
        return arguments_of(value)
    except NotACallError:
        if tool != FINISH:
            raise
        return {ANSWER: _bare(value)}


def _bare(value: Any) -> Any:
    """Return an answer given instead of arguments. Raises NotACallError."""
    if not isinstance(value, str):
        return value
    try:
        return decoded(value)
    except NotACallError:
        if value.lstrip()[:1] in ("{", "["):
            raise
        return value


def arguments_of(value: Any) -> Json:
    """Return arguments as an object, decoded once or twice. Raises NotACallError."""
    for _ in range(2):
        if isinstance(value, str):
            value = decoded(value) if value.strip() else {}
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotACallError("the arguments are no JSON object")
    return value

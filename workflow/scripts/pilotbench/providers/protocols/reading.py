"""Read values and calls from JSON that a model wrote: tolerant by these rules, safe for any input.

- A call is a JSON object with a name under one of `NAMES` and arguments under one of `ARGUMENTS`,
  or an object whose `function`, `function_call` or `tool_call` is one. An object whose only key is
  an offered tool, with an object as its value, is a call too.
- Arguments that are missing or null are empty, but only where the object has no key that a call
  does not have and, under `name`, names an offered tool: a person has a name as well. A tool's
  definition (its `parameters` are a JSON Schema) is not a call.
- Arguments that were encoded twice are read. Those of `finish` that are not an object are its
  answer. Arguments whose text is broken JSON are repaired (`mended`).
- NaN, infinities, numbers beyond a double, more than forty levels, and tools that are not text are
  not calls. Lone surrogates, which cannot be sent, become U+FFFD.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from pilotbench.providers.messages import clean

Json = dict[str, Any]
Tools = Mapping[str, Json]
"""The JSON Schema of the parameters of each offered tool, by name; empty where it is not known."""

DEEPEST = 40
FINISH, ANSWER = "finish", "answer"
NAMES = ("tool", "name", "tool_name", "function")
ARGUMENTS = ("arguments", "parameters", "args", "input")
WRAPPERS = ("function", "function_call", "tool_call")
BESIDE = ("thought", "id", "type", "index", "tool_call_id")
"""Keys that a call may have besides its tool and arguments."""


class NotACallError(ValueError):
    """A text that is not a call; the message says why."""


class BrokenError(NotACallError):
    """A value that is not JSON: read up to `end`, `mendable` if it can be repaired."""

    def __init__(self, message: str, end: int, mendable: bool = False) -> None:
        super().__init__(message)
        self.end = end
        self.mendable = mendable


def decoded(text: str) -> Any:
    """Return the JSON value of a text. Raises NotACallError, as BrokenError if mendable."""
    try:
        return plain(json.loads(text, parse_constant=_refused))
    except RecursionError:
        raise NotACallError("nested too deep") from None
    except json.JSONDecodeError as error:
        raise BrokenError(f"not JSON: {error}"[:200], error.pos, mendable=True) from None
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
        raise BrokenError(f"not JSON: {error}"[:200], error.pos, mendable=True) from None
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


def call_of(value: Any, tools: Tools) -> tuple[Json, bool]:
    """Return the call that a decoded value is, and whether its arguments were repaired.

    Raises NotACallError.
    """
    if not isinstance(value, dict):
        raise NotACallError("a call is a JSON object")
    inner = next((value[key] for key in WRAPPERS if isinstance(value.get(key), dict)), value)
    named = next((key for key in NAMES if key in inner), None)
    if named is None:
        return call(*_only_entry(inner, tools))
    tool = inner[named]
    if not isinstance(tool, str) or not tool.strip():
        raise NotACallError("the call names no tool")
    under = next((key for key in ARGUMENTS if key in inner), None)
    given = None if under is None else inner[under]
    if given is None:
        _check_keys(inner, named)
        if named == "name" and tools and tool_name(tool) not in tools:
            raise NotACallError("an object with a name that is no tool's, without arguments")
    elif under == "parameters" and _is_schema(given):
        raise NotACallError("the definition of a tool")
    return call(tool, given)


def call(tool: str, arguments: Any) -> tuple[Json, bool]:
    """Return a call of `tool` and whether its arguments were repaired. Raises NotACallError."""
    name = tool_name(tool)
    read, repaired = arguments_for(name, arguments)
    return {"tool": name, "arguments": read}, repaired


def tool_name(text: str) -> str:
    """Return the name of a tool without the namespace that some models put before it."""
    return text.strip().removeprefix("functions.")


def _only_entry(value: Json, tools: Tools) -> tuple[str, Any]:
    """Return tool and arguments of `{"tool": {arguments}}`. Raises NotACallError."""
    if len(value) == 1:
        (tool, given), *_ = value.items()
        if tool in tools and isinstance(given, dict):
            return tool, given
    raise NotACallError("the call names no tool")


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("properties"), dict)


def _check_keys(value: Json, named: str) -> None:
    """Raise NotACallError where arguments are missing and an unknown key may be meant as them."""
    known = {named, *ARGUMENTS, *BESIDE}
    unknown = next((key for key in value if key not in known), None)
    if unknown is not None:
        raise NotACallError(f"the call has no arguments but an unknown key {unknown!r}"[:200])


def arguments_for(tool: str, value: Any) -> tuple[Json, bool]:
    """Return the arguments of a call of `tool` as an object, and whether they were repaired.

    Raises NotACallError.
    """
    try:
        return arguments_of(value)
    except NotACallError:
        if tool != FINISH:
            raise
        return {ANSWER: _bare(value)}, False


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


def arguments_of(value: Any) -> tuple[Json, bool]:
    """Return arguments as an object, decoded once or twice, and whether they were repaired.

    Raises NotACallError.
    """
    repaired = False
    for _ in range(2):
        if isinstance(value, str):
            value, mended = _argument_text(value)
            repaired = repaired or mended
    if value is None:
        return {}, False
    if not isinstance(value, dict):
        raise NotACallError("the arguments are no JSON object")
    return value, repaired


def _argument_text(text: str) -> tuple[Any, bool]:
    if not text.strip():
        return {}, False
    try:
        return decoded(text), False
    except BrokenError as error:
        return mended(text, error), True


LONGEST_REPAIR = 20_000
MOST_BRACKETS = 500


def mended(text: str, error: NotACallError) -> Any:
    """Return the value that broken JSON was meant to be; raise `error` where that is a guess.

    What does not end with a closing bracket was broken off, and what is missing is not guessed.
    """
    text = text.strip()
    if text[:1] not in ("{", "[") or text[-1:] not in ("}", "]") or len(text) > LONGEST_REPAIR:
        raise error
    if text.count("{") + text.count("[") > MOST_BRACKETS:
        raise error
    from json_repair import repair_json

    try:
        value = repair_json(text, return_objects=True, skip_json_loads=True)
    except Exception:  # the library promises nothing about hostile text
        raise error from None
    if text[0] == "{" and isinstance(value, list):  # it read what follows the object as well
        value = value[0] if value else None
    return plain(value)

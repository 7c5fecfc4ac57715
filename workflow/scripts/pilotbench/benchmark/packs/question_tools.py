"""Tools of a question: function schemas that are offered with it. Their calls are the answer.

Nothing is executed, so that an episode is one message of the model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.instances import ToolSpec
from pilotbench.benchmark.tasks.conversation import Response, Said
from pilotbench.ground.errors import TaskError, hint

Json = dict[str, Any]
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
KEYS = ("name", "description", "parameters", "strict")
"""The keys of a function; `strict` is how a service is asked to decode, which is not offered."""
NO_PARAMETERS: Json = {"type": "object", "properties": {}}


class OneMessage:
    """A conversation that hears one message: its calls are the answer, or else its words.

    A message with a call that cannot be read is no answer.
    """

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self.finished = False
        self.answer: Any = None
        self.tools = tuple(tools)

    def hear(self, said: Said) -> Response:
        """Take the message; nothing follows."""
        self.finished = True
        calls = [{"name": one["tool"], "arguments": one["arguments"]} for one in said.calls]
        self.answer = None if said.error else calls or said.text.strip() or None
        return Response()


def tools_of(where: str, value: Any) -> tuple[ToolSpec, ...]:
    """Return the tools that a line states. Raises TaskError, one line that begins with `where`."""
    if not isinstance(value, list) or not value:
        raise TaskError(f"{where} is not a list of functions")
    found = [_tool(f"{where}[{n}]", one) for n, one in enumerate(value)]
    names = [one.name for one in found]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise TaskError(f"{where}[{place}].name: {name!r} is the name of an earlier function")
    return tuple(found)


def shown(tool: ToolSpec) -> Json:
    """Return what an instance says of a tool."""
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }


def is_tools(value: Any) -> bool:
    """Return whether a value of a table looks like function schemas."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and ("function" in one or "name" in one) for one in value)
    )


def check_calls(where: str, wanted: Sequence[Json], tools: Sequence[ToolSpec]) -> None:
    """Raise TaskError for a wanted call that the tools do not allow."""
    known = {tool.name: tool.parameters.get("properties") for tool in tools}
    for place, call in enumerate(wanted):
        name = call["name"]
        if name not in known:
            raise TaskError(f"{where}[{place}].name: no tool {name!r}{hint(name, known)}")
        allowed = known[name]
        for key in call.get("arguments", {}):
            if isinstance(allowed, dict) and key not in allowed:
                near = hint(key, allowed)
                raise TaskError(f"{where}[{place}].arguments: {name} has no {key!r}{near}")


def _tool(where: str, value: Any) -> ToolSpec:
    if not isinstance(value, dict):
        raise TaskError(f"{where} is not a function with name, description and parameters")
    given = _present(value)
    if "function" in given:
        _refuse_unknown(where, given, ("type", "function"))
        if given.get("type", "function") != "function":
            raise TaskError(f"{where}.type: {given['type']!r}; allowed: function")
        where, given = f"{where}.function", _present(given["function"])
    elif given.get("type") == "function":
        del given["type"]
    _refuse_unknown(where, given, KEYS)
    name, description = given.get("name"), given.get("description", "")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        words = "services accept 1 to 64 letters, digits, '_' and '-'"
        raise TaskError(f"{where}.name: {name!r}; {words}")
    if not isinstance(description, str):
        raise TaskError(f"{where}.description is not text")
    return ToolSpec(name, description, _parameters(f"{where}.parameters", given.get("parameters")))


def _present(value: Any) -> Json:
    """Return the keys that have a value: rows of Parquet have all keys of all rows."""
    return (
        {k: one for k, one in value.items() if one is not None} if isinstance(value, dict) else {}
    )


def _refuse_unknown(where: str, given: Json, allowed: Sequence[str]) -> None:
    for key in given:
        if key not in allowed:
            raise TaskError(f"{where}: unknown key {key!r}{hint(key, allowed)}")


def _parameters(where: str, value: Any) -> Json:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    if value is None:
        return NO_PARAMETERS
    if not isinstance(value, dict) or value.get("type", "object") != "object":
        raise TaskError(f"{where} is not a JSON Schema of the type object")
    validator = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    error = best_match(validator.iter_errors(value))
    if error is not None:
        place = ".".join(map(str, error.absolute_path))
        words = " ".join(error.message.split())[:200]
        raise TaskError(f"{where}{f'.{place}' if place else ''} is not JSON Schema: {words}")
    return {"type": "object", **value}

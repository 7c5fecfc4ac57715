"""Tools: description, schema, and what they return or raise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pilotbench.benchmark.instances import ToolSpec
from pilotbench.benchmark.world.objects import DataObject
from pilotbench.ground.canonical_json import canonical
from pilotbench.ground.errors import TaskError

if TYPE_CHECKING:
    from fastjsonschema import JsonSchemaValueException

Json = dict[str, Any]

INLINE_LIMIT = 300
LARGEST = 1e15
TRANSIENT_CODES = ("timeout", "unavailable", "interrupted")


class ToolFailure(Exception):
    """A refused call, with an error `code` of the tool.

    `unmet` names the precondition that did not hold (`signed_in:…`, `parsed:…`, `routed:…`);
    `missing` the named thing that does not exist; `violation` what is wrong with the arguments.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        unmet: str | None = None,
        missing: str | None = None,
        violation: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.unmet = unmet
        self.missing = missing
        self.violation = violation


class Change(NamedTuple):
    """One object of the world set to a new value: `(section, key)`, None as value removes it."""

    section: str
    key: str
    value: Any


class ToolOutcome(NamedTuple):
    """What a successful tool gives: the result, a new data object, changes, preconditions met."""

    result: Json
    data: DataObject | None = None
    changes: tuple[Change, ...] = ()
    meets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tool:
    """One of the thirty tools.

    `run` takes the world and the arguments by name, and returns a ToolOutcome or raises
    ToolFailure; it changes nothing itself. `requires` says in words what must be true before it
    works, `result` what comes back. `keywords` help `tool_search` only.
    """

    name: str
    description: str
    parameters: Json
    run: Callable[..., ToolOutcome]
    errors: tuple[str, ...]
    result: str
    requires: str = ""
    keywords: str = ""


def schema(required: Sequence[str] = (), /, **properties: Json) -> Json:
    """Return the object schema of a tool's parameters; unknown arguments are not allowed."""
    shape: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        shape["required"] = list(required)
    return shape


def text(description: str = "", **more: Any) -> Json:
    """Return the schema of a string."""
    return {"type": "string", **({"description": description} if description else {}), **more}


def one_of(*values: str, default: str | None = None) -> Json:
    """Return the schema of one word out of a list, optionally with a default."""
    return {"enum": list(values), **({} if default is None else {"default": default})}


# No descriptions here: each request pays for all thirty schemas. The request says what `data` is,
# and `World.content` holds typed text to INLINE_LIMIT.
HANDLE: Json = {"type": "string"}
INLINE: Json = {"type": "string"}


@lru_cache(maxsize=256)
def _compiled(shape: str) -> Callable[[Json], Json]:
    """Compile one parameter schema (canonical JSON); raises TaskError if it is not a schema."""
    import json

    import fastjsonschema

    try:
        compiled: Callable[[Json], Json] = fastjsonschema.compile(json.loads(shape))
    except (fastjsonschema.JsonSchemaDefinitionException, TypeError, KeyError) as error:
        raise TaskError(f"its parameters are no JSON Schema: {error}") from None
    return compiled


def _said(error: JsonSchemaValueException) -> str:
    return str(error.message).replace("data.", "").replace("data ", "arguments ")


def check_arguments(
    tool: Tool | ToolSpec,
    arguments: Any,
    said: Callable[[JsonSchemaValueException], str] = _said,
) -> Json:
    """Return `arguments` with defaults filled in; raises ToolFailure `bad_arguments`.

    Whole floats become integers, so that 5 and 5.0 are the same call. `said` puts what is wrong
    with the arguments into words.
    """
    import fastjsonschema

    if not isinstance(arguments, dict):
        raise ToolFailure("bad_arguments", "arguments must be an object", violation="not an object")
    try:
        plain = {
            key: value if isinstance(value, str) else _whole(value)
            for key, value in arguments.items()
        }
        return _validator(tool)(plain)
    except (OverflowError, RecursionError):
        message = f"numbers must be at most {LARGEST:g}"
        raise ToolFailure("bad_arguments", message, violation=message) from None
    except fastjsonschema.JsonSchemaValueException as error:
        message = said(error)[:200]
        raise ToolFailure("bad_arguments", message, violation=message) from None


_VALIDATORS: dict[int, tuple[Tool | ToolSpec, Callable[[Json], Json]]] = {}


def _validator(tool: Tool | ToolSpec) -> Callable[[Json], Json]:
    """Return the compiled schema of `tool`, compiled once per process."""
    known = _VALIDATORS.get(id(tool))
    if known is None:
        try:
            known = (tool, _compiled(canonical(tool.parameters)))
        except TaskError as error:
            raise TaskError(f"tool {tool.name}: {error}") from None
        _VALIDATORS[id(tool)] = known
    return known[1]


def _whole(value: Any) -> Any:
    """Return whole floats as int, all else as it is; raises OverflowError past LARGEST."""
    if isinstance(value, int | float) and not abs(value) <= LARGEST:
        raise OverflowError
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    return value

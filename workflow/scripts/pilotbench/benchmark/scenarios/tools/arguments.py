"""The arguments of a call, checked; what is wrong with them is told in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pilotbench.benchmark.instances import ToolSpec
from pilotbench.benchmark.world.tool import Tool, ToolFailure, check_arguments

if TYPE_CHECKING:
    from fastjsonschema import JsonSchemaValueException

Json = dict[str, Any]

TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object",
}


def checked(tool: Tool | ToolSpec, arguments: Any) -> Json:
    """Return `arguments` with defaults filled in; raises ToolFailure `bad_arguments`."""
    if not isinstance(arguments, dict):
        message = "The arguments must be a JSON object."
        raise ToolFailure("bad_arguments", message, violation=message)
    return check_arguments(tool, arguments, said)


def said(error: JsonSchemaValueException) -> str:
    """Return what is wrong with the arguments of a call, as a sentence."""
    name = f"`{error.path[-1]}`" if len(error.path) > 1 else "The value"
    rule, limit = str(error.rule), error.rule_definition
    if rule == "required":
        missing = [f"`{key}`" for key in limit if key not in error.value]
        return f"The tool requires {' and '.join(missing)}."
    if rule == "additionalProperties":
        known = ", ".join(f"`{key}`" for key in error.definition["properties"])
        return f"The call has an argument that the tool does not take; it takes {known}."
    if name == "`data`":
        return "`data` must be a handle or the name of a table, not the data itself."
    return f"{name} must be {_rule(rule, limit)}."


def _rule(rule: str, limit: Any) -> str:
    match rule:
        case "type":
            types: list[str] = limit if isinstance(limit, list) else [limit]
            return " or ".join(TYPES.get(word, word) for word in types)
        case "enum":
            return "one of " + ", ".join(map(str, limit))
        case "minimum":
            return f"at least {limit}"
        case "maximum":
            return f"at most {limit}"
        case "maxLength":
            return f"at most {limit} characters long"
    return "as the description of the tool says"

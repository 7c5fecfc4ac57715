"""What a user writes in a pack, held against a JSON Schema; what is wrong is one line."""

from __future__ import annotations

from typing import Any

from pilotbench.ground.errors import TaskError, hint

Json = dict[str, Any]


def check_schema(where: str, schema: Json, value: Any) -> None:
    """Raise TaskError, one line, where `value` is not valid under `schema`."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(schema).iter_errors(value))
    if error is None:
        return
    key = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        allowed = list(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in allowed)
        dotted = f"{key}.{unknown}" if key else str(unknown)
        raise TaskError(f"{where}: unknown key {dotted}{hint(str(unknown), allowed)}")
    if error.validator == "enum":
        allowed = error.validator_value
        near = hint(str(error.instance), allowed)
        raise TaskError(f"{where}: {key}: unknown value {error.instance!r}{near}")
    words = f"{where}: {key}: " if key else f"{where}: "
    message = " ".join(error.message.split())
    raise TaskError(words + (message if len(message) <= 200 else message[:199] + "…"))

"""JSON Schema: the answer is JSON that is valid under a schema."""

from __future__ import annotations

from typing import Any

from pilotbench.tasks.scorers.scorer import Json, Scorer, json_of


def holds(wanted: Any, given: Any, options: Json) -> bool:
    """Validate the JSON of the reply; references to other documents are never fetched."""
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        validator = Draft202012Validator(wanted, registry=Registry())
        return bool(validator.is_valid(json_of(given)))
    except (ValueError, RecursionError, Unresolvable):
        return False


def problem(wanted: Any) -> str | None:
    """Say why an answer is no JSON Schema."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(wanted)
    except (SchemaError, RecursionError) as error:
        return f"no JSON Schema: {' '.join(str(getattr(error, 'message', error)).split())[:200]}"
    return None


SCORER = Scorer(
    "The reply (or its last fenced block, or its last line) is JSON valid under this schema.",
    holds,
    answer={"type": ["object", "boolean"]},
    says="the answer is valid under {}",
    problem=problem,
)

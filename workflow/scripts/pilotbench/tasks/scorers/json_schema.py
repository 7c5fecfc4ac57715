"""JSON Schema: the answer is JSON that is valid under a schema.

Schema and patterns are the pack author's: what is no schema, or refers to what is not in it, is an
error before the first request; a pattern that backtracks without end is one after five seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pilotbench.tasks.scorers import regular_expression
from pilotbench.tasks.scorers.json_text import json_of
from pilotbench.tasks.scorers.scorer import Json, Scorer


@lru_cache(maxsize=1)
def _validator() -> Any:
    """Return Draft202012Validator with patterns that end."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend

    def pattern(validator: Any, wanted: str, value: Any, schema: Json) -> Iterator[Any]:
        if isinstance(value, str) and not regular_expression.found(wanted, value):
            yield ValidationError(f"does not match {wanted!r}")

    return extend(Draft202012Validator, {"pattern": pattern})


def holds(wanted: Any, given: Any, options: Json) -> bool:
    """Validate the JSON of the reply; references to other documents are never fetched.

    Raises TaskError where a pattern takes longer than five seconds.
    """
    from referencing import Registry

    try:
        return bool(_validator()(wanted, registry=Registry()).is_valid(json_of(given)))
    except (ValueError, RecursionError):
        return False


def problem(wanted: Any) -> str | None:
    """Say why an answer is no JSON Schema, or which reference leads nowhere."""
    from jsonschema.exceptions import SchemaError

    try:
        _validator().check_schema(wanted)
        lost = next((ref for ref in _references(wanted) if not _leads_somewhere(wanted, ref)), None)
    except (SchemaError, RecursionError) as error:
        return f"no JSON Schema: {' '.join(str(getattr(error, 'message', error)).split())[:200]}"
    return None if lost is None else f"no JSON Schema: {lost!r} is not in it"


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for inner in schema.values():
            yield from _references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def _leads_somewhere(schema: Any, reference: str) -> bool:
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    resource = DRAFT202012.create_resource(schema)
    registry: Any = Registry().with_resource(resource.id() or "", resource)
    try:
        registry.resolver(resource.id() or "").lookup(reference)
    except Unresolvable:
        return False
    return True


SCORER = Scorer(
    "The reply (or its last fenced block, its end, or its last line) is JSON valid under this.",
    holds,
    answer={"type": ["object", "boolean"]},
    says="the answer is valid under {}",
    problem=problem,
)

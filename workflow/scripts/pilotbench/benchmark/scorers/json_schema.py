"""JSON Schema: the answer is JSON that is valid under a schema.

Schema and patterns are the pack author's: what is no schema, or refers to what is not in it, is an
error before the first request. Each keyword that has patterns is bounded in time as the regular
expression is.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pilotbench.benchmark.scorers import regular_expression
from pilotbench.benchmark.scorers.json_text import judge_json
from pilotbench.benchmark.scorers.scorer import FORM, Json, Scorer, Verdict


@lru_cache(maxsize=1)
def _validator() -> Any:
    """Return Draft202012Validator with time-bounded patterns, for values and names."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend

    def pattern(validator: Any, wanted: str, value: Any, schema: Json) -> Iterator[Any]:
        if isinstance(value, str) and not regular_expression.found(wanted, value):
            yield ValidationError(f"does not match {wanted!r}")

    keywords = {
        "pattern": pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    }
    return extend(Draft202012Validator, keywords)


def _pattern_properties(validator: Any, patterns: Json, value: Any, schema: Json) -> Iterator[Any]:
    for pattern, inner in patterns.items() if isinstance(value, dict) else ():
        for name in value:
            if regular_expression.found(pattern, name):
                yield from validator.descend(value[name], inner, path=name, schema_path=pattern)


def _additional_properties(validator: Any, wanted: Any, value: Any, schema: Json) -> Iterator[Any]:
    patterns, named = schema.get("patternProperties", {}), schema.get("properties", {})
    for name in value if isinstance(value, dict) else ():
        if name not in named and not any(regular_expression.found(one, name) for one in patterns):
            yield from validator.descend(value[name], wanted, path=name)


def judge(wanted: Any, given: Any, options: Json) -> Verdict:
    """Validate the JSON of the reply; references to other documents are never fetched.

    Raises Unscorable where a pattern takes longer than two seconds.
    """
    return judge_json(given, lambda value: _is_valid(wanted, value), "not valid under the schema")


def _is_valid(wanted: Any, value: Any) -> bool:
    from referencing import Registry

    try:
        return bool(_validator()(wanted, registry=Registry()).is_valid(value))
    except (ValueError, RecursionError):
        return False


def problem(wanted: Any) -> str | None:
    """Return why an answer is not a JSON Schema, or which reference or pattern cannot be used."""
    from jsonschema.exceptions import SchemaError

    try:
        _validator().check_schema(wanted)
        lost = next((ref for ref in _references(wanted) if not _leads_somewhere(wanted, ref)), None)
    except (SchemaError, RecursionError) as error:
        return f"no JSON Schema: {' '.join(str(getattr(error, 'message', error)).split())[:200]}"
    if lost is not None:
        return f"no JSON Schema: {lost!r} is not in it"
    return next(filter(None, map(regular_expression.problem, _patterns(wanted))), None) or _mixed(
        wanted
    )


def _objects(schema: Any) -> Iterator[Json]:
    """Yield every object within a schema."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(inner, dict | list):
            yield from _objects(inner)


def _patterns(schema: Any) -> Iterator[str]:
    """Yield the patterns for values and names; what only looks like one is checked as well."""
    for one in _objects(schema) if isinstance(schema, dict) else ():
        if isinstance(one.get("pattern"), str):
            yield one["pattern"]
        if isinstance(one.get("patternProperties"), dict):
            yield from one["patternProperties"]


def _mixed(schema: Any) -> str | None:
    """Refuse keywords whose patterns for names cannot be bounded in time."""
    keys = {key for one in _objects(schema) for key in one} if isinstance(schema, dict) else set()
    if {"unevaluatedProperties", "patternProperties"} <= keys:
        return "unevaluatedProperties beside patternProperties: use additionalProperties"
    return None


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
    judge,
    answer={"type": ["object", "boolean"]},
    goal="the answer is valid under {}",
    options={"form": FORM},
    problem=problem,
    shown=None,
)

"""JSON Schemas in the subset that services with strict structured output accept.

Constraints of numbers, texts and lists are left out, a list of types becomes `anyOf`. A schema that
the subset cannot express has no strict form: an object with free keys, or too many alternatives.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
MOST_OPTIONAL = 24
MOST_UNIONS = 16
"""Maximum properties that are optional, and that have alternatives, in a whole schema."""
_KEPT = ("type", "description", "enum", "const", "title", "format")


def strict(schema: Json) -> Json | None:
    """Return a schema in the subset, None where it cannot be expressed or is too large."""
    found = _strict(schema)
    parts = list(_parts(found)) if found is not None else []
    optional = sum(len(p.get("properties", ())) - len(p.get("required", ())) for p in parts)
    unions = sum("anyOf" in part for part in parts)
    return found if optional <= MOST_OPTIONAL and unions <= MOST_UNIONS else None


def _strict(schema: Json) -> Json | None:
    types = schema.get("type")
    if isinstance(types, list):
        return _any_of([{**schema, "type": one} for one in types])
    if "anyOf" in schema:
        return _any_of(schema["anyOf"])
    kept = {name: schema[name] for name in _KEPT if name in schema}
    if types == "array":
        items = _strict(schema["items"]) if "items" in schema else None
        return None if items is None else {**kept, "items": items}
    if types != "object":
        return kept
    named = schema.get("properties", {})
    if schema.get("additionalProperties", not named) is not False:
        return None
    given = {name: _strict(one) for name, one in named.items()}
    if None in given.values():
        return None
    return {
        **kept,
        "properties": given,
        "required": list(schema.get("required", ())),
        "additionalProperties": False,
    }


def _any_of(schemas: list[Json]) -> Json | None:
    found = [_strict(one) for one in schemas]
    return None if None in found else {"anyOf": found}


def _parts(schema: Json) -> Iterator[Json]:
    """Yield a schema and every schema in it."""
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    for one in [*inner, *([schema["items"]] if "items" in schema else [])]:
        yield from _parts(one)

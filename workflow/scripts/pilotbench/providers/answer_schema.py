"""JSON Schemas of answers in a form that strict services accept.

Some services refuse a schema whose root is not an object, such as one alternative per tool. The
alternatives become one object: its properties are theirs, constants become an enumeration, and
whatever else differs becomes an alternative one level deeper.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def with_object_root(schema: Json) -> Json:
    """Return a schema without alternatives at the root, where all of them are plain objects.

    Every answer that fits `schema` fits it too.
    """
    options = schema.get("anyOf")
    if not options or set(schema) != {"anyOf"} or not all(map(_is_plain_object, options)):
        return schema
    names = dict.fromkeys(name for option in options for name in option["properties"])
    return {
        "type": "object",
        "properties": {name: _merged(_of(options, name)) for name in names},
        "required": [n for n in names if all(n in option["required"] for option in options)],
        "additionalProperties": False,
    }


def _is_plain_object(option: Any) -> bool:
    return (
        isinstance(option, dict)
        and set(option) == {"type", "properties", "required", "additionalProperties"}
        and option["type"] == "object"
        and option["additionalProperties"] is False
    )


def _of(options: list[Json], name: str) -> list[Json]:
    """Return the different schemas of a property, in order."""
    found: list[Json] = []
    for option in options:
        one = option["properties"].get(name)
        if one is not None and one not in found:
            found.append(one)
    return found


def _merged(schemas: list[Json]) -> Json:
    if len(schemas) == 1:
        return schemas[0]
    if all(set(one) == {"const"} and isinstance(one["const"], str) for one in schemas):
        return {"type": "string", "enum": [one["const"] for one in schemas]}
    return {"anyOf": schemas}

"""Schemas of strict structured output: what is kept, what is left out, what has no strict form."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.providers.strict_schema import MOST_OPTIONAL, MOST_UNIONS, strict

Json = dict[str, Any]
TEXT: Json = {"type": "string"}


def shape(properties: Json, required: list[str] | None = None) -> Json:
    """Return the strict schema of an object."""
    found = list(properties) if required is None else required
    return {
        "type": "object",
        "properties": properties,
        "required": found,
        "additionalProperties": False,
    }


EXPRESSED: list[tuple[str, Json, Json]] = [
    ("text without its bounds", {"type": "string", "maxLength": 9, "pattern": "a"}, TEXT),
    ("number without its bounds", {"type": "integer", "minimum": 1}, {"type": "integer"}),
    ("default is left out", {"enum": ["a", "b"], "default": "a"}, {"enum": ["a", "b"]}),
    ("constant", {"const": "finish"}, {"const": "finish"}),
    ("description stays", {**TEXT, "description": "d"}, {**TEXT, "description": "d"}),
    ("types", {"type": ["string", "null"]}, {"anyOf": [TEXT, {"type": "null"}]}),
    ("list", {"type": "array", "items": TEXT, "maxItems": 3}, {"type": "array", "items": TEXT}),
    (
        "one of the types is a list",
        {"type": ["number", "array"], "items": TEXT},
        {"anyOf": [{"type": "number"}, {"type": "array", "items": TEXT}]},
    ),
    ("object is closed", {"type": "object", "properties": {"a": TEXT}}, shape({"a": TEXT}, [])),
    ("object without keys", {"type": "object", "additionalProperties": False}, shape({})),
    ("alternatives", {"anyOf": [shape({"a": TEXT})]}, {"anyOf": [shape({"a": TEXT})]}),
]


@pytest.mark.parametrize(("_", "schema", "found"), EXPRESSED, ids=[row[0] for row in EXPRESSED])
def test_a_schema_is_reduced_to_what_strict_services_accept(
    _: str, schema: Json, found: Json
) -> None:
    given = repr(schema)
    assert strict(schema) == found
    assert repr(schema) == given


NOT_EXPRESSED: list[tuple[str, Json]] = [
    ("free keys", {"type": "object"}),
    ("free keys with a type", {"type": "object", "additionalProperties": TEXT}),
    ("free keys inside", shape({"a": {"type": "object"}})),
    ("free keys in an alternative", {"anyOf": [TEXT, {"type": "object"}]}),
    ("free keys in a list", {"type": "array", "items": {"type": "object"}}),
    ("list of anything", {"type": "array"}),
    ("optional", shape({str(n): TEXT for n in range(MOST_OPTIONAL + 1)}, [])),
    (
        "unions",
        shape({str(n): {"type": ["string", "null"]} for n in range(MOST_UNIONS + 1)}),
    ),
]


@pytest.mark.parametrize(("_", "schema"), NOT_EXPRESSED, ids=[row[0] for row in NOT_EXPRESSED])
def test_a_schema_that_strict_services_reject_has_no_strict_form(_: str, schema: Json) -> None:
    assert strict(schema) is None

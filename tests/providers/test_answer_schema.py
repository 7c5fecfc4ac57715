"""The schema of an answer is one that strict services accept."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from pilotbench.benchmark.tasks import TASKS
from pilotbench.providers.answer_schema import with_object_root
from pilotbench.providers.protocols import PROTOCOLS

Json = dict[str, Any]


def option(required: list[str], **properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


ONE = option(["tool", "n"], tool={"const": "a"}, n={"type": "integer"})
TWO = option(["tool"], tool={"const": "b"}, n={"type": "string"})


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (ONE, ONE),
        ({"anyOf": [ONE, {"type": "string"}]}, {"anyOf": [ONE, {"type": "string"}]}),
        (
            {"anyOf": [ONE, TWO]},
            option(
                ["tool"],
                tool={"type": "string", "enum": ["a", "b"]},
                n={"anyOf": [{"type": "integer"}, {"type": "string"}]},
            ),
        ),
        ({"anyOf": [ONE, ONE]}, ONE),
    ],
)
def test_alternatives_at_the_root_become_one_object(schema: Json, expected: Json) -> None:
    assert with_object_root(schema) == expected


@pytest.mark.parametrize("task", ["simple_task", "basic_task"])
def test_each_call_that_fitted_fits(task: str) -> None:
    tools = TASKS[task].tools(TASKS[task].instance("easy", 0))
    schema = with_object_root(PROTOCOLS["json"].offer(tools).schema or {})
    assert schema["type"] == "object"
    assert list(schema["properties"]) == ["thought", "tool", "arguments"] == schema["required"]
    assert schema["properties"]["tool"]["enum"] == [tool.name for tool in tools]
    assert {str(one) for one in schema["properties"]["arguments"]["anyOf"]} == {
        str(tool.parameters) for tool in tools
    }
    finish = {"thought": None, "tool": "finish", "arguments": {"answer": 42}}
    jsonschema.validate(finish, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**finish, "tool": "unknown"}, schema)

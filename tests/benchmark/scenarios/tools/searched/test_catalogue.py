"""The 200 tools as a whole."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pilotbench.benchmark.scenarios.tools.searched.catalogue import SEARCHED
from pilotbench.benchmark.scenarios.tools.toolbox import ASK, TOOLS
from pilotbench.benchmark.world.tool import Tool
from support.tools_lab import OPEN, READ, A, Desk

Json = dict[str, Any]

CATEGORIES = ("file_operations", "data_processing", "network", "computation", "integration",
              "utility")  # fmt: skip


def test_there_are_200_tools_with_every_base_tool_but_the_one_that_asks() -> None:
    assert len(SEARCHED) == 200
    assert {name: SEARCHED.get(name) for name in TOOLS if name != ASK} == {
        name: tool for name, tool in TOOLS.items() if name != ASK
    }
    assert ASK not in SEARCHED
    assert all(name == tool.name for name, tool in SEARCHED.items())


@pytest.mark.parametrize("tool", SEARCHED.values(), ids=lambda tool: tool.name)
def test_a_tool_has_a_category_and_a_description_of_its_own_in_two_sentences(tool: Tool) -> None:
    assert tool.name.startswith(tuple(f"{category}_" for category in CATEGORIES))
    Draft202012Validator.check_schema(tool.parameters)
    same = [one.name for one in SEARCHED.values() if one.description == tool.description]
    assert same == [tool.name]
    if tool.name not in TOOLS:
        assert len(re.findall(r"\.(?= |$)", tool.description)) == 2
    assert tool.description[0].isupper()
    assert tool.description.endswith(".")
    assert tool.result


PLACES: dict[str, tuple[Any, ...]] = {
    "path": ("in/OR-1.json", "in/notes.txt", "out/new.json", "out/lost.json"),
    "folder": ("in", "x"),
    "url": (f"{A}/orders/OR-1", f"{A}/intake", f"{A}/mistake", f"{A}/vault", f"{A}/lost", "x"),
    "service": ("pool", "vault", "x"),
    "database": ("sales", "vault", "lost", "x"),
    "table": ("orders", "x"),
    "queue": ("todo", "none", "lost-queue", "x"),
    "key": ("OR-1", "new", "lost-key"),
    "job": ("job-1", "job-2", "lost-job"),
    "to": ("mara.lind", "lost.person", "x"),
    "person": ("mara.lind", "x"),
    "role": ("shift lead", "x"),
    "topic": ("limits", "x"),
    "reference": ("trk-1", "x"),
    "target": ("todo", "none", f"{A}/mistake", "job-1", "lost-queue", "x"),
    "data": ("@", "@2", "x"),
    "other": ("@2", "todo"),
    "column": ("total", "due", "x"),
    "at": ("2031-04-02T14:30", "soon"),
    "expression": ("1 + 2", "1 /"),
}


def _tried(name: str, shape: Json) -> tuple[Any, ...]:
    if name in PLACES:
        return PLACES[name]
    if "enum" in shape:
        return tuple(shape["enum"])
    return (1,) if shape["type"] in ("integer", ["number", "string"], "number") else ("x",)


@pytest.mark.parametrize("tool", SEARCHED.values(), ids=lambda tool: tool.name)
def test_a_tool_fails_with_its_own_errors_only_and_in_sentences(tool: Tool) -> None:
    required = tool.parameters.get("required", [])
    shapes = tool.parameters["properties"]
    for values in product(*(_tried(name, shapes[name]) for name in required)):
        desk = Desk(SEARCHED).after(OPEN, READ)
        result = desk.call(tool.name, dict(zip(required, values, strict=True)))
        assert result.get("error") in (None, "bad_arguments", *tool.errors), values
        assert result.get("message", ".").endswith(".")

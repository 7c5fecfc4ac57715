"""Effects on what a tool returns. What is changed has another lineage or another value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from pilotbench.benchmark.scenarios.tools.searched.variant import Effect, Run
from pilotbench.benchmark.scenarios.tools.showing import preview
from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld
from pilotbench.benchmark.world.data_processing import is_number
from pilotbench.benchmark.world.objects import DataObject, as_json, derived
from pilotbench.benchmark.world.tool import Tool, ToolOutcome
from pilotbench.ground.canonical_json import unit_interval

Json = dict[str, Any]
Value = int | float | str
Field = Callable[[str, Value], Value]
Change = Callable[[DataObject], tuple[str, Any]]

SAMPLE_ROWS = 5
HIDDEN = "***"


def _changed(op: str, change: Change, root: str = "") -> Callable[[Tool], Run]:
    """Return a wrapper whose tools return other data; with `root` it comes from elsewhere."""

    def wrap(base: Tool) -> Run:
        def run(world: ScenarioWorld, **arguments: Any) -> ToolOutcome:
            source = _data(base.run(world, **arguments))
            made = derived(op, *change(source), [source])
            if root:
                made = replace(made, roots=tuple(f"{root}:{one}" for one in source.roots))
            return ToolOutcome(preview(world, made), made)

        return run

    return wrap


def _told(tell: Callable[[ScenarioWorld, DataObject], Json]) -> Callable[[Tool], Run]:
    """Return a wrapper whose tools tell something about the data and make no handle."""

    def wrap(base: Tool) -> Run:
        def run(world: ScenarioWorld, **arguments: Any) -> ToolOutcome:
            return ToolOutcome(tell(world, _data(base.run(world, **arguments))))

        return run

    return wrap


def reworded(change: Callable[[Json], Json], result: str, errors: tuple[str, ...] = ()) -> Effect:
    """Return the effect that the result of a tool without data is told differently."""

    def wrap(base: Tool) -> Run:
        def run(world: ScenarioWorld, **arguments: Any) -> ToolOutcome:
            return ToolOutcome(change(base.run(world, **arguments).result))

        return run

    return Effect(wrap, result, errors)


def _data(outcome: ToolOutcome) -> DataObject:
    if outcome.data is None:
        raise TypeError("the base tool returns no data")
    return outcome.data


def each_field(change: Field) -> Change:
    """Return the change of data that changes each field of a record or of every row."""

    def changed(data: DataObject) -> tuple[str, Any]:
        if data.kind == "table":
            return "table", [_fields(change, row) for row in data.value]
        if data.kind == "record":
            return "record", _fields(change, data.value)
        return data.kind, change("", data.value)

    return changed


def _fields(change: Field, row: Json) -> Json:
    return {name: change(name, value) for name, value in row.items()}


def _other(word: str, name: str, value: Value) -> Value:
    """Return a value of another year or system: plausible, and never the same."""
    if name.endswith("_id"):
        return value
    if is_number(value):
        return round(value * (0.6 + 0.3 * unit_interval(word, name, value))) - 1
    assert isinstance(value, str)
    return value.replace("2031-", "2030-") if "2031-" in value else f"{value} ({word})"


def masked(name: str, value: Value) -> Value:
    """Return stars in place of every field but the key."""
    return value if name.endswith("_id") else HIDDEN


def rounded(name: str, value: Value) -> Value:
    """Return a number rounded to thousands."""
    return round(value / 1000) * 1000 if is_number(value) else value


def as_text(data: DataObject) -> tuple[str, str]:
    """Return the change of data into plain text."""
    return "text", data.value if data.kind == "text" else as_json(data.value)


def first_field(data: DataObject) -> tuple[str, Any]:
    """Return the change of data that keeps the first field only."""
    if data.kind == "table":
        return "table", [dict(list(row.items())[:1]) for row in data.value]
    if data.kind == "record":
        return "record", dict(list(data.value.items())[:1])
    return data.kind, data.value


def _rows(data: DataObject, places: slice) -> tuple[str, Any]:
    return "table", data.value[places]


def _length(world: ScenarioWorld, data: DataObject) -> Json:
    nouns = {"table": "rows", "record": "fields"}
    size = 1 if data.kind == "number" else len(data.value)
    return {nouns.get(data.kind, "size"): size}


def _outline(world: ScenarioWorld, data: DataObject) -> Json:
    rows = data.value if data.kind == "table" else [data.value]
    return {
        "kind": data.kind,
        "fields": list(rows[0]) if rows and isinstance(rows[0], dict) else [],
    }


def _peeked(base: Tool) -> Run:
    def run(world: ScenarioWorld, **arguments: Any) -> ToolOutcome:
        outcome = base.run(world, **arguments)
        told = {key: value for key, value in outcome.result.items() if key != "left"}
        return ToolOutcome({**told, "waiting": outcome.result["left"] + 1}, outcome.data)

    return run


_HANDLE = "the handle and a preview of the data"
LAST_YEAR = Effect(_changed("last_year", each_field(partial(_other, "2030")), "archive"), _HANDLE)
TRAINING = Effect(
    _changed("training", each_field(partial(_other, "training")), "training"), _HANDLE
)
FORECAST = Effect(
    _changed("forecast", each_field(partial(_other, "forecast")), "forecast"), _HANDLE
)
MASKED = Effect(_changed("mask", each_field(masked)), _HANDLE)
ROUNDED = Effect(_changed("round", each_field(rounded)), _HANDLE)
AS_TEXT = Effect(_changed("print", as_text), "the handle and the beginning of the text")
FIRST_FIELD = Effect(_changed("key", first_field), _HANDLE)
SAMPLE = Effect(_changed("sample", lambda data: _rows(data, slice(SAMPLE_ROWS))), _HANDLE)
LAST_ROWS = Effect(_changed("tail", lambda data: _rows(data, slice(-SAMPLE_ROWS, None))), _HANDLE)
LENGTH = Effect(_told(_length), "the size only")
OUTLINE = Effect(_told(_outline), "the kind of data and the names of its fields")
FINGERPRINT = Effect(_told(lambda world, data: {"checksum": data.content}), "the checksum only")
AVAILABLE = Effect(_told(lambda world, data: {"available": True}), "`available` if it can be read")
PEEKED = Effect(_peeked, "the handle and a preview of the message")

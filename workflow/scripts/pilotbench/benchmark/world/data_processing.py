"""The five tools on records."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, TypeGuard

from pilotbench.benchmark.world.objects import (
    DataObject,
    Rows,
    derived,
    from_csv,
    from_json,
    number,
    shown,
)
from pilotbench.benchmark.world.state import World
from pilotbench.benchmark.world.tool import (
    HANDLE,
    Tool,
    ToolFailure,
    ToolOutcome,
    one_of,
    schema,
    text,
)

Number = int | float


def is_number(value: Any) -> TypeGuard[int | float]:
    """Return whether `value` is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def column_of(data: DataObject, column: str) -> list[Any]:
    """Return one column; raises ToolFailure `no_column`."""
    rows = data.value
    if not rows or any(column not in row for row in rows):
        raise ToolFailure(
            "no_column", f"there is no column {column!r}"[:200], missing=f"column:{column}"
        )
    return [row[column] for row in rows]


def numbers_of(data: DataObject, column: str) -> list[Number]:
    """Return one column of numbers; raises ToolFailure `no_column` or `not_numeric`."""
    values = column_of(data, column)
    if not all(map(is_number, values)):
        raise ToolFailure(
            "not_numeric", f"column {column!r} has values that are no numbers"[:200],
            violation="not numeric",
        )  # fmt: skip
    return values


def _parser(world: World, data: str, format: str) -> ToolOutcome:
    source = world.data(data)
    if source.kind != "text":
        raise ToolFailure("wrong_kind", f"{data} is no text", violation="wrong kind")
    rows = None
    if format in ("auto", "json"):
        rows = from_json(source.value)
    if rows is None and format in ("auto", "csv"):
        rows = from_csv(source.value)
    if rows is None:
        raise ToolFailure(
            "bad_format", f"{data} is not readable as {format}", violation="bad format"
        )
    made = derived("parse", "table", rows, [source])
    return ToolOutcome(shown(made), made, meets=(f"parsed:{source.handle}",))


def _change(row: dict[str, Any], column: str, value: Number) -> dict[str, Any]:
    return {**row, column: number(value)}


def _transformer(world: World, data: str, action: str, column: str, value: Number) -> ToolOutcome:
    source = world.table(data)
    rows: Rows = source.value
    if action in ("multiply", "add"):
        change = operator.mul if action == "multiply" else operator.add
        values = numbers_of(source, column)
        made_rows = [
            _change(row, column, change(old, value)) for row, old in zip(rows, values, strict=True)
        ]
    else:
        keys = column_of(source, column)
        if len({is_number(key) for key in keys}) > 1:
            raise ToolFailure("not_numeric", f"column {column!r} is mixed"[:200], violation="mixed")
        order = sorted(range(len(rows)), key=keys.__getitem__, reverse=action == "sort_down")
        made_rows = [rows[place] for place in order]
    params = (action, column) if action.startswith("sort") else (action, column, value)
    made = derived("transform", "table", made_rows, [source], *params)
    return ToolOutcome(shown(made), made)


TESTS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


def _filter(world: World, data: str, column: str, test: str, value: Any) -> ToolOutcome:
    source = world.table(data)
    values = column_of(source, column)
    ordered = test not in ("==", "!=")
    if ordered and not (is_number(value) and all(map(is_number, values))):
        numbers = f"column {column!r} of numbers"
        lacking = numbers if is_number(value) else "number as value, not text"
        raise ToolFailure("not_numeric", f"{test} needs a {lacking}"[:200], violation="not numeric")
    holds = TESTS[test]
    rows = [row for row, held in zip(source.value, values, strict=True) if holds(held, value)]
    made = derived("filter", "table", rows, [source], column, test, value)
    return ToolOutcome(shown(made), made)


def _valid(rule: str, value: Any, seen: set[Any]) -> bool:
    if rule == "present":
        return bool(value != "")
    if rule == "positive":
        return bool(is_number(value) and value > 0)
    fresh: bool = value not in seen
    seen.add(value)
    return fresh


def _validator(world: World, data: str, column: str, rule: str) -> ToolOutcome:
    source = world.table(data)
    values = column_of(source, column)
    seen: set[Any] = set()
    verdicts = [_valid(rule, value, seen) for value in values]
    rows = [row for row, good in zip(source.value, verdicts, strict=True) if good]
    rejected = [row for row, good in zip(source.value, verdicts, strict=True) if not good]
    made = derived("validate", "table", rows, [source], column, rule)
    return ToolOutcome({**shown(made), "rejected": rejected[:10]}, made)


FUNCTIONS: dict[str, Callable[[list[Number]], Number]] = {
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
}


def _aggregator(
    world: World, data: str, column: str, function: str, group_by: str | None = None
) -> ToolOutcome:
    source = world.table(data)
    values = numbers_of(source, column)
    apply = FUNCTIONS[function]
    if group_by is None:
        made = derived(
            "aggregate", "number", number(apply(values)), [source], function, column
        )  # fmt: skip
        return ToolOutcome(shown(made), made)
    groups: dict[Any, list[Number]] = {}
    for key, value in zip(column_of(source, group_by), values, strict=True):
        groups.setdefault(key, []).append(value)
    rows = [{group_by: key, column: number(apply(groups[key]))} for key in sorted(groups, key=str)]
    made = derived("aggregate", "table", rows, [source], function, column, group_by)
    return ToolOutcome(shown(made), made)


_NUMBER = {"type": "number"}
_COLUMN = text()

TOOLS = (
    Tool(
        "data_processing_parser",
        "Parse CSV or JSON text into rows.",
        schema(("data",), data=HANDLE, format=one_of("auto", "csv", "json", default="auto")),
        _parser,
        ("not_found", "wrong_kind", "bad_format"),
        "handle, columns and first rows",
        requires="text",
        keywords="read raw text csv json records table",
    ),
    Tool(
        "data_processing_transformer",
        "Multiply, add to, or sort by a column of rows.",
        schema(
            ("data", "action", "column"),
            data=HANDLE,
            action=one_of("multiply", "add", "sort_up", "sort_down"),
            column=_COLUMN,
            value={"type": "number", "default": 0},
        ),
        _transformer,
        ("not_found", "wrong_kind", "no_column", "not_numeric"),
        "handle and first rows",
        requires="rows",
        keywords="scale times raised increased by ordered sorted ascending descending every each",
    ),
    Tool(
        "data_processing_filter",
        "Keep the rows whose column passes a test.",
        schema(
            ("data", "column", "test", "value"),
            data=HANDLE,
            column=_COLUMN,
            test=one_of(*TESTS),
            value={
                "type": ["number", "string"],
                "description": "text only for a column of text",
            },
        ),
        _filter,
        ("not_found", "wrong_kind", "no_column", "not_numeric"),
        "handle and first rows",
        requires="rows",
        keywords="only those where over above below under equal count select matter",
    ),
    Tool(
        "data_processing_validator",
        "Check that a column is present, positive or unique; keep valid rows, show rejected ones.",
        schema(
            ("data", "column", "rule"),
            data=HANDLE,
            column=_COLUMN,
            rule=one_of("present", "positive", "unique"),
        ),
        _validator,
        ("not_found", "wrong_kind", "no_column"),
        "handle of the valid rows, and the rejected rows",
        requires="rows",
        keywords="invalid bad wrong quality reject missing duplicate empty",
    ),
    Tool(
        "data_processing_aggregator",
        "Sum, mean, min or max of a column, optionally by group.",
        schema(
            ("data", "column", "function"),
            data=HANDLE,
            column=_COLUMN,
            function=one_of(*FUNCTIONS),
            group_by=_COLUMN,
        ),
        _aggregator,
        ("not_found", "wrong_kind", "no_column", "not_numeric"),
        "handle and value, or grouped rows",
        requires="rows",
        keywords="total average smallest largest per group figure",
    ),
)

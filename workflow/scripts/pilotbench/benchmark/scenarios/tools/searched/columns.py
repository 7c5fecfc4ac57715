"""Tools on tables with a purpose of their own."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scenarios.tools.data_processing import column_of
from pilotbench.benchmark.scenarios.tools.parameters import COLUMN, DATA
from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld
from pilotbench.benchmark.world.data_processing import TESTS, is_number
from pilotbench.benchmark.world.objects import DataObject, Rows, derived, number, shown
from pilotbench.benchmark.world.tool import Tool, ToolFailure, ToolOutcome, one_of, schema, text

Json = dict[str, Any]

_KINDS = ("not_found", "wrong_kind", "no_column")
_RESULT = "the handle and the first rows of the new table"


def _made(op: str, rows: Rows, sources: list[DataObject], *params: Any) -> ToolOutcome:
    made = derived(op, "table", rows, sources, *params)
    return ToolOutcome(shown(made), made)


def _numbers(data: DataObject, column: str) -> list[Any]:
    values = column_of(data, column)
    if not all(map(is_number, values)):
        message = f"The column {column!r} has values that are not numbers."
        raise ToolFailure("not_numeric", message[:200], violation="not numeric")
    return values


def _excluder(world: ScenarioWorld, data: str, column: str, test: str, value: Any) -> ToolOutcome:
    source = world.table(data)
    values = column_of(source, column)
    if test not in ("==", "!=") and {*map(is_number, values)} - {is_number(value)}:
        message = f"The values of {column!r} and the given value are not of the same type."
        raise ToolFailure("not_comparable", message[:200], violation="not comparable")
    holds = TESTS[test]
    rows = [row for row, held in zip(source.value, values, strict=True) if not holds(held, value)]
    return _made("exclude", rows, [source], column, test, value)


def _sorter(world: ScenarioWorld, data: str, column: str, order: str) -> ToolOutcome:
    source = world.table(data)
    numeric = all(map(is_number, column_of(source, column)))

    def key(row: Json) -> Any:
        return row[column] if numeric else str(row[column])

    rows = sorted(source.value, key=key, reverse=order == "down")
    return _made("sort", rows, [source], column, order)


def _deduplicator(world: ScenarioWorld, data: str, column: str) -> ToolOutcome:
    source = world.table(data)
    first = dict(zip(reversed(column_of(source, column)), reversed(source.value), strict=True))
    return _made("deduplicate", list(reversed(first.values())), [source], column)


def _selector(world: ScenarioWorld, data: str, column: str) -> ToolOutcome:
    source = world.table(data)
    rows = [{column: value} for value in column_of(source, column)]
    return _made("select", rows, [source], column)


def _renamer(world: ScenarioWorld, data: str, column: str, name: str) -> ToolOutcome:
    source = world.table(data)
    column_of(source, column)
    rows = [
        {name if key == column else key: value for key, value in row.items()}
        for row in source.value
    ]
    return _made("rename", rows, [source], column, name)


def _grouper(world: ScenarioWorld, data: str, column: str, by: str) -> ToolOutcome:
    source = world.table(data)
    sums: dict[Any, Any] = {}
    for key, value in zip(column_of(source, by), _numbers(source, column), strict=True):
        sums[key] = sums.get(key, 0) + value
    rows = [{by: key, column: number(value)} for key, value in sums.items()]
    return _made("group", rows, [source], column, by)


def _appender(world: ScenarioWorld, data: str, other: str) -> ToolOutcome:
    first, second = world.table(data), world.table(other)
    return _made("append", [*first.value, *second.value], [first, second])


def _partnerless(world: ScenarioWorld, data: str, other: str, column: str) -> ToolOutcome:
    left, right = world.table(data), world.table(other)
    known = set(column_of(right, column))
    rows = [
        row
        for row, key in zip(left.value, column_of(left, column), strict=True)
        if key not in known
    ]
    return _made("without_partner", rows, [left, right], column)


def _scaler(world: ScenarioWorld, data: str, column: str, factor: float) -> ToolOutcome:
    source = world.table(data)
    values = _numbers(source, column)
    rows = [
        {**row, column: number(value * factor)}
        for row, value in zip(source.value, values, strict=True)
    ]
    return _made("scale", rows, [source], column, factor)


def _profiler(world: ScenarioWorld, data: str, column: str) -> ToolOutcome:
    values = column_of(world.table(data), column)
    return ToolOutcome({"column": column, "values": len(values), "different": len(set(values))})


_TWO = {"data": DATA, "other": text("The handle of the other table.")}
_ONE = {"data": DATA, "column": COLUMN}
_VALUE: Json = {"type": ["number", "string"]}

TOOLS = (
    Tool(
        "data_processing_excluder",
        "Drops the rows of a table that pass a test and keeps all others. It is the opposite of a"
        " filter.",
        schema(("data", "column", "test", "value"), **_ONE, test=one_of(*TESTS), value=_VALUE),
        _excluder,
        (*_KINDS, "not_comparable"),
        _RESULT,
    ),
    Tool(
        "data_processing_sorter",
        "Sorts the rows of a table by a column. No row is added or dropped.",
        schema(("data", "column"), **_ONE, order=one_of("up", "down", default="up")),
        _sorter,
        _KINDS,
        _RESULT,
    ),
    Tool(
        "data_processing_deduplicator",
        "Keeps the first row for each value of a column. Later rows with the same value are"
        " dropped.",
        schema(("data", "column"), **_ONE),
        _deduplicator,
        _KINDS,
        _RESULT,
    ),
    Tool(
        "data_processing_selector",
        "Keeps one column of a table. All other columns are dropped, and every row stays.",
        schema(("data", "column"), **_ONE),
        _selector,
        _KINDS,
        _RESULT,
    ),
    Tool(
        "data_processing_renamer",
        "Gives a column of a table another name. The values do not change.",
        schema(("data", "column", "name"), **_ONE, name=text("The new name.")),
        _renamer,
        _KINDS,
        _RESULT,
    ),
    Tool(
        "data_processing_grouper",
        "Computes the sums of a column for each group of rows. The result is a table with one row"
        " per group.",
        schema(("data", "column", "by"), **_ONE, by=text("The column that names the group.")),
        _grouper,
        (*_KINDS, "not_numeric"),
        _RESULT,
    ),
    Tool(
        "data_processing_appender",
        "Puts the rows of one table below those of another. Rows are not matched with each other.",
        schema(("data", "other"), **_TWO),
        _appender,
        _KINDS[:2],
        _RESULT,
    ),
    Tool(
        "data_processing_gap_finder",
        "Keeps the rows of a table for which the other table has no row with the same value in a"
        " column. Rows with a partner are dropped.",
        schema(("data", "other", "column"), **_TWO, column=text("A column of both tables.")),
        _partnerless,
        _KINDS,
        _RESULT,
    ),
    Tool(
        "data_processing_scaler",
        "Multiplies a column of numbers by a factor, for example to convert a currency. The result"
        " is a new table.",
        schema(("data", "column", "factor"), **_ONE, factor={"type": "number"}),
        _scaler,
        (*_KINDS, "not_numeric"),
        _RESULT,
    ),
    Tool(
        "data_processing_profiler",
        "Tells how many different values a column has. It shows none of them and computes no"
        " totals.",
        schema(("data", "column"), **_ONE),
        _profiler,
        _KINDS,
        "how many values there are, and how many different ones",
    ),
)

"""The tools on records and tables."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scenarios.tools.parameters import COLUMN, DATA, counting
from pilotbench.benchmark.scenarios.tools.showing import page
from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld
from pilotbench.benchmark.world.data_processing import FUNCTIONS, TESTS, is_number
from pilotbench.benchmark.world.objects import DataObject, Rows, derived, number, shown
from pilotbench.benchmark.world.tool import Tool, ToolFailure, ToolOutcome, one_of, schema, text

Json = dict[str, Any]


def column_of(data: DataObject, column: str) -> list[Any]:
    """Return one column of a table; raises ToolFailure `no_column`."""
    rows: Rows = data.value
    if any(column not in row for row in rows):
        message = f"{data.handle} has no column called {column!r}."[:200]
        raise ToolFailure("no_column", message, missing=f"column:{column}"[:200])
    return [row[column] for row in rows]


def _viewer(world: ScenarioWorld, data: str, first: int) -> ToolOutcome:
    return ToolOutcome(page(world.data(data), first))


def _filter(world: ScenarioWorld, data: str, column: str, test: str, value: Any) -> ToolOutcome:
    source = world.table(data)
    values = column_of(source, column)
    if test not in ("==", "!=") and {*map(is_number, values)} - {is_number(value)}:
        message = f"The values of {column!r} and the given value are not of the same type."
        raise ToolFailure("not_comparable", message[:200], violation="not comparable")
    holds = TESTS[test]
    rows = [row for row, held in zip(source.value, values, strict=True) if holds(held, value)]
    made = derived("filter", "table", rows, [source], column, test, value)
    return ToolOutcome(shown(made), made)


def _joiner(world: ScenarioWorld, data: str, other: str, column: str) -> ToolOutcome:
    left, right = world.table(data), world.table(other)
    column_of(left, column)
    partners: dict[Any, Rows] = {}
    for key, row in zip(column_of(right, column), right.value, strict=True):
        partners.setdefault(key, []).append(row)
    rows = [{**more, **row} for row in left.value for more in partners.get(row[column], ())]
    made = derived("join", "table", rows, [left, right], column)
    return ToolOutcome(shown(made), made)


def _aggregator(world: ScenarioWorld, data: str, column: str, function: str) -> ToolOutcome:
    source = world.table(data)
    values = column_of(source, column)
    made = derived(
        "aggregate", "number", _aggregate(function, column, values), [source], function, column
    )
    return ToolOutcome(shown(made), made)


def _aggregate(function: str, column: str, values: list[Any]) -> int | float:
    if function == "count":
        return len(values)
    if not all(map(is_number, values)):
        message = f"The column {column!r} has values that are not numbers."
        raise ToolFailure("not_numeric", message[:200], violation="not numeric")
    if not values and function != "sum":
        message = f"The table has no rows, so there is no {function}."
        raise ToolFailure("no_rows", message, violation="no rows")
    return number(FUNCTIONS[function](values))


TOOLS = (
    Tool(
        "data_processing_viewer",
        "Shows data in full: all fields of a record, or eight rows of a table at a time.",
        schema(("data",), data=DATA, first=counting("The first row to show.")),
        _viewer,
        ("not_found", "out_of_range"),
        "all fields of the record, or up to eight rows",
        keywords="view display look inspect page whole complete",
    ),
    Tool(
        "data_processing_filter",
        "Keeps the rows of a table whose value in a column passes a test.",
        schema(
            ("data", "column", "test", "value"),
            data=DATA,
            column=COLUMN,
            test=one_of(*TESTS),
            value={"type": ["number", "string"]},
        ),
        _filter,
        ("not_found", "wrong_kind", "no_column", "not_comparable"),
        "the handle and the first rows of the new table",
        keywords="select only those where over above below under equal condition",
    ),
    Tool(
        "data_processing_joiner",
        "Joins two tables: each row is combined with the rows of the other table that have the same"
        " value in a column.",
        schema(
            ("data", "other", "column"),
            data=DATA,
            other=text("The handle of the other table."),
            column=text("A column of both tables."),
        ),
        _joiner,
        ("not_found", "wrong_kind", "no_column"),
        "the handle and the first rows of the new table",
        keywords="merge match combine lookup key",
    ),
    Tool(
        "data_processing_aggregator",
        "Computes the sum, mean, minimum, maximum or count of a column of a table.",
        schema(
            ("data", "column", "function"),
            data=DATA,
            column=COLUMN,
            function=one_of(*FUNCTIONS, "count"),
        ),
        _aggregator,
        ("not_found", "wrong_kind", "no_column", "not_numeric", "no_rows"),
        "the handle and the value",
        keywords="total average smallest largest number of rows figure",
    ),
)

"""The five tools that compute."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pilotbench.benchmark.world.data_processing import is_number, numbers_of
from pilotbench.benchmark.world.objects import DataObject, derived, lineage, number, shown
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

LARGEST = 1e15
LONGEST = 200
OTHER = 1e6
BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def _bad(message: str) -> ToolFailure:
    return ToolFailure("bad_expression", message[:200], violation="bad expression")


def value_of(node: ast.expr, names: dict[str, Number]) -> Number:
    """Evaluate + - * / over numbers and names; raises ToolFailure `bad_expression`."""
    match node:
        case ast.Constant(value=value) if is_number(value):
            return value
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -value_of(operand, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            made: Number = BINARY[type(op)](value_of(left, names), value_of(right, names))
            if abs(made) > LARGEST:
                raise _bad("the result is too large")
            return made
    raise _bad("only + - * / over numbers and named values are allowed")


def _figure(world: World, value: Number | str) -> tuple[Number, DataObject | None]:
    """Return a number given as such or behind a handle."""
    if not isinstance(value, str):
        return value, None
    data = world.data(value)
    if data.kind != "number":
        raise ToolFailure("wrong_kind", f"{value} is no number", violation="wrong kind")
    return data.value, data


def _calculator(world: World, expression: str, values: dict[str, Any]) -> ToolOutcome:
    if len(expression) > LONGEST:
        raise _bad(f"an expression has at most {LONGEST} characters")
    figures = {name: _figure(world, value) for name, value in values.items()}
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
        plain = {name: figure for name, (figure, _) in figures.items()}
        made_value = value_of(tree, plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _bad(f"{expression!r} is no expression") from None
    except ZeroDivisionError:
        raise _bad("division by zero") from None
    sources = [data for _, data in figures.values() if data is not None]
    literals = {name: figure for name, (figure, data) in figures.items() if data is None}
    names = [name for name, (_, data) in figures.items() if data is not None]
    made = derived("calculate", "number", number(made_value), sources, expression, literals, names)
    counting = [figures[name][1] for name in names if _counts(tree, plain, name, made.value)]
    roots, ops = lineage("calculate", [data for data in counting if data is not None])
    return ToolOutcome(shown(made), replace(made, roots=roots, ops=ops))


def _counts(tree: ast.expr, names: dict[str, Number], name: str, made: Number) -> bool:
    """Return whether the result would change if `name` were another number.

    Else the result does not come from it: `1234` or `0 * x + 1234` is typed, whatever x is.
    """
    try:
        return number(value_of(tree, {**names, name: names[name] + OTHER})) != made
    except (ToolFailure, ZeroDivisionError):
        return True


def _median(values: list[Number]) -> Number:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _stdev(values: list[Number]) -> Number:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


STATISTICS: dict[str, Callable[[list[Number]], Number]] = {
    "median": _median,
    "stdev": _stdev,
    "range": lambda values: max(values) - min(values),
}


def _analyzer(world: World, data: str, column: str, statistic: str) -> ToolOutcome:
    source = world.table(data)
    value = number(STATISTICS[statistic](numbers_of(source, column)))
    made = derived("analyze", "number", value, [source], column, statistic)
    return ToolOutcome(shown(made), made)


def trend(values: list[Number], ahead: int) -> Number:
    """Return the least-squares line through `values` at `ahead` rows past the last."""
    count = len(values)
    middle, mean = (count - 1) / 2, sum(values) / count
    spread = sum((place - middle) ** 2 for place in range(count))
    slope = sum((place - middle) * (value - mean) for place, value in enumerate(values)) / spread
    return mean + slope * (count - 1 + ahead - middle)


def _predictor(world: World, data: str, column: str, ahead: int) -> ToolOutcome:
    source = world.table(data)
    values = numbers_of(source, column)
    if len(values) < 2:
        raise ToolFailure("too_few", "a trend needs two rows", violation="too few rows")
    made = derived(
        "predict", "number", number(trend(values, ahead)), [source], column, ahead
    )  # fmt: skip
    return ToolOutcome(shown(made), made)


def _simulator(world: World, model: str, start: Number | str, steps: int) -> ToolOutcome:
    rules = world.get("models", model)
    level, source = _figure(world, start)
    for _ in range(steps):
        level = round(level * rules["factor"] + rules["inflow"], 2)
        if abs(level) > LARGEST:
            raise ToolFailure("too_large", "the level grows too large", violation="too large")
    root = DataObject("text", model, (f"model:{model}",), (), f"model_{model}")
    sources = [root] if source is None else [root, source]
    literal = start if source is None else None
    made = derived("simulate", "number", number(level), sources, steps, literal)
    return ToolOutcome(shown(made), made)


def _best(rows: list[tuple[Number, Number]], limit: Number) -> tuple[int, ...]:
    """Return the places that together give the most within `limit`; the first on a tie."""
    best: tuple[Number, tuple[int, ...]] = (0, ())
    chosen: list[tuple[Number, Number, tuple[int, ...]]] = [(0, 0, ())]
    for place, (gain, cost) in enumerate(rows):
        if cost < 0 or gain < 0:
            continue
        grown = [
            (held + gain, paid + cost, (*places, place))
            for held, paid, places in chosen
            if paid + cost <= limit
        ]
        chosen = _undominated(chosen + grown)
        for held, _, places in grown:
            if held > best[0]:
                best = (held, places)
    return best[1]


def _undominated(
    states: list[tuple[Number, Number, tuple[int, ...]]],
) -> list[tuple[Number, Number, tuple[int, ...]]]:
    """Drop states that cost more and give no more than another."""
    kept: list[tuple[Number, Number, tuple[int, ...]]] = []
    for state in sorted(states, key=lambda state: (state[1], -state[0], state[2])):
        if not kept or state[0] > kept[-1][0]:
            kept.append(state)
    return kept


def _optimizer(world: World, data: str, maximize: str, cost: str, limit: Number) -> ToolOutcome:
    source = world.table(data)
    gains, costs = numbers_of(source, maximize), numbers_of(source, cost)
    places = _best(list(zip(gains, costs, strict=True)), limit)
    rows = [source.value[place] for place in places]
    made = derived("optimize", "table", rows, [source], maximize, cost, limit)
    best = number(sum(gains[place] for place in places))
    return ToolOutcome({**shown(made), "best": best}, made)


_FIGURE = {"type": ["number", "string"]}

TOOLS = (
    Tool(
        "computation_calculator",
        "Evaluate + - * / over numbers and named values.",
        schema(
            ("expression",),
            expression=text(),
            values={
                "type": "object",
                "description": "name -> number or handle",
                "additionalProperties": _FIGURE,
                "default": {},
            },
        ),
        _calculator,
        ("not_found", "wrong_kind", "bad_expression"),
        "handle and value",
        keywords="arithmetic calculation calculated formula times plus minus divided multiply less",
    ),
    Tool(
        "computation_analyzer",
        "Median, stdev or range of a column.",
        schema(
            ("data", "column", "statistic"),
            data=HANDLE,
            column=text(),
            statistic=one_of(*STATISTICS),
        ),
        _analyzer,
        ("not_found", "wrong_kind", "no_column", "not_numeric"),
        "handle and value",
        requires="rows",
        keywords="statistic standard deviation population spread middle figure",
    ),
    Tool(
        "computation_predictor",
        "Forecast a column by its linear trend, rows ahead of the last.",
        schema(
            ("data", "column"),
            data=HANDLE,
            column=text(),
            ahead={"type": "integer", "minimum": 1, "maximum": 100, "default": 1},
        ),
        _predictor,
        ("not_found", "wrong_kind", "no_column", "not_numeric", "too_few"),
        "handle and value",
        requires="at least two rows",
        keywords="predict prediction expected next future linear straight line figure",
    ),
    Tool(
        "computation_simulator",
        "Run a named model for some steps from a start value (number or handle).",
        schema(
            ("model", "start", "steps"),
            model=text(),
            start=_FIGURE,
            steps={"type": "integer", "minimum": 1, "maximum": 100},
        ),
        _simulator,
        ("not_found", "wrong_kind", "too_large"),
        "handle and value",
        keywords="simulate simulation level after steps of the model starting",
    ),
    Tool(
        "computation_optimizer",
        "Choose rows with the largest total within a cost limit.",
        schema(
            ("data", "maximize", "cost", "limit"),
            data=HANDLE,
            maximize=text(),
            cost=text(),
            limit={"type": "number"},
        ),
        _optimizer,
        ("not_found", "wrong_kind", "no_column", "not_numeric"),
        "handle of the chosen rows and the best total",
        requires="rows",
        keywords="best selection budget maximize knapsack greatest most combination",
    ),
)

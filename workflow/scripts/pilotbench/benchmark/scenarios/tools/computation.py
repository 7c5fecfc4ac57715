"""The calculator."""

from __future__ import annotations

import ast

from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld
from pilotbench.benchmark.world.computation import value_of
from pilotbench.benchmark.world.objects import DataObject, derived, number, shown
from pilotbench.benchmark.world.tool import Tool, ToolFailure, ToolOutcome, schema, text

LONGEST = 1000


def _calculator(world: ScenarioWorld, expression: str) -> ToolOutcome:
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
        named = _numbers(world, tree)
        value = value_of(tree, {name: data.value for name, data in named.items()})
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _bad("The expression cannot be read.") from None
    except ZeroDivisionError:
        raise _bad("The expression divides by zero.") from None
    except ToolFailure as failure:
        if failure.code != "bad_expression":
            raise
        message = "Only numbers up to 10^15, handles of numbers, + - * / and brackets are allowed."
        raise _bad(message) from None
    made = derived("calculate", "number", number(value), list(named.values()), expression)
    return ToolOutcome(shown(made), made)


def _numbers(world: ScenarioWorld, tree: ast.expr) -> dict[str, DataObject]:
    """Return the numbers whose handles the expression contains."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return {name: world.of_kind(name, "number") for name in sorted(names)}


def _bad(message: str) -> ToolFailure:
    return ToolFailure("bad_expression", message, violation="bad expression")


TOOLS = (
    Tool(
        "computation_calculator",
        "Evaluates an arithmetic expression with + - * / and brackets.",
        schema(
            ("expression",),
            expression=text(
                "An expression of numbers and of handles of numbers.", maxLength=LONGEST
            ),
        ),
        _calculator,
        ("not_found", "wrong_kind", "bad_expression"),
        "the handle and the value of the result",
        keywords="arithmetic calculate add sum numbers plus minus times multiply divide",
    ),
)

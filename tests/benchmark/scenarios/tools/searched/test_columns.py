"""Tools on tables with a purpose of their own."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.scenarios.tools.searched.catalogue import SEARCHED
from support.tools_lab import ORDERS, PAID, PAYMENTS, READ, Desk

Json = dict[str, Any]

P = "data_processing_"
WORKS: list[tuple[str, Json, list[Json]]] = [
    (P + "excluder", {"column": "paid", "test": ">", "value": 20}, PAYMENTS[:1]),
    (P + "sorter", {"column": "paid", "order": "down"},
     [PAYMENTS[3], PAYMENTS[1], PAYMENTS[2], PAYMENTS[0]]),
    (P + "sorter", {"column": "order_id"}, PAYMENTS),
    (P + "deduplicator", {"column": "order_id"}, [PAYMENTS[0], PAYMENTS[1], PAYMENTS[3]]),
    (P + "selector", {"column": "paid"}, [{"paid": row["paid"]} for row in PAYMENTS]),
    (P + "renamer", {"column": "paid", "name": "sum"},
     [{"order_id": row["order_id"], "sum": row["paid"]} for row in PAYMENTS]),
    (P + "grouper", {"column": "paid", "by": "order_id"},
     [PAYMENTS[0], {"order_id": "OR-3", "paid": 42}, PAYMENTS[3]]),
    (P + "appender", {"other": "orders"}, [*PAYMENTS, *ORDERS]),
    (P + "gap_finder", {"other": "orders", "column": "order_id"}, PAYMENTS[3:]),
    (P + "scaler", {"column": "paid", "factor": 2},
     [{**row, "paid": 2 * row["paid"]} for row in PAYMENTS]),
]  # fmt: skip


def _desk() -> Desk:
    tables = {"orders": {"kind": "table", "value": ORDERS}}
    return Desk(SEARCHED, tables=tables).after(PAID)


@pytest.mark.parametrize(("tool", "arguments", "rows"), WORKS)
def test_a_tool_makes_a_table_that_comes_from_its_sources(
    tool: str, arguments: Json, rows: list[Json]
) -> None:
    data = _desk().outcome(tool, {"data": "@", **arguments}).data
    assert data is not None
    assert data.value == rows
    assert "database:sales/payments" in data.roots
    assert len(data.ops) == 1


def test_a_profile_counts_values_and_makes_no_data() -> None:
    outcome = _desk().outcome(P + "profiler", {"data": "@", "column": "order_id"})
    assert outcome.result == {"column": "order_id", "values": 4, "different": 3}
    assert outcome.data is None


FAILS: list[tuple[str, Json, str]] = [
    *[(tool, {**arguments, "data": "x"}, "not_found") for tool, arguments, _ in WORKS],
    *[(tool, {"column": "x", "data": "@", **more}, "no_column")
      for tool, more in (("excluder", {"test": "<", "value": 1}), ("sorter", {}), ("selector", {}),
                         ("deduplicator", {}), ("renamer", {"name": "y"}), ("profiler", {}),
                         ("grouper", {"by": "order_id"}), ("scaler", {"factor": 2}),
                         ("gap_finder", {"other": "orders"}))],
    ("grouper", {"data": "@", "column": "order_id", "by": "paid"}, "not_numeric"),
    ("scaler", {"data": "@", "column": "order_id", "factor": 2}, "not_numeric"),
    ("excluder", {"data": "@", "column": "order_id", "test": "<", "value": 2}, "not_comparable"),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "arguments", "code"), FAILS)
def test_a_tool_refuses(tool: str, arguments: Json, code: str) -> None:
    name = tool if tool.startswith(P) else P + tool
    assert code in SEARCHED[name].errors
    assert _desk().call(name, arguments)["error"] == code


def test_a_record_is_no_table() -> None:
    desk = _desk().after(READ)
    assert desk.call(P + "selector", {"data": "@", "column": "total"})["error"] == "wrong_kind"

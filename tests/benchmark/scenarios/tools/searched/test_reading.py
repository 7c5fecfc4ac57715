"""What a tool returns that reads something else than its base tool, or less."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.scenarios.tools.searched.catalogue import SEARCHED
from pilotbench.benchmark.world.objects import content_of
from support.tools_lab import ORDERS, PAID, RECORD, A, Call, Desk

Json = dict[str, Any]

URL = {"url": f"{A}/orders/OR-1"}
ORDERS_TABLE = {"database": "sales", "table": "orders"}
KEY = {"order_id": "OR-1"}
MASKED = {name: "OR-1" if name == "order_id" else "***" for name in RECORD}
TOLD: list[tuple[str, Json, Json]] = [
    ("network_anonymizer", URL, {"record": MASKED}),
    ("network_digest_fetcher", URL, {"record": {**RECORD, "total": 1000}}),
    ("utility_reference_resolver", {"reference": "trk-1"}, {"record": KEY}),
    ("integration_key_lister", ORDERS_TABLE, {"columns": ["order_id"], "rows": 20}),
    ("integration_sampler", ORDERS_TABLE, {"rows": 5, "preview": ORDERS[:2]}),
    ("integration_recent_rows", ORDERS_TABLE, {"rows": 5, "preview": ORDERS[15:17]}),
    ("integration_row_counter", ORDERS_TABLE, {"rows": 20}),
    ("file_operations_measurer", {"path": "in/OR-1.json"}, {"fields": 5}),
    ("integration_schema_reader", ORDERS_TABLE,
     {"kind": "table", "fields": ["order_id", "total", "due"]}),
    ("network_describer", URL, {"kind": "record", "fields": list(RECORD)}),
    ("file_operations_describer", {"path": "in/notes.txt"}, {"kind": "text", "fields": []}),
    ("network_fingerprinter", URL, {"checksum": content_of("record", RECORD)}),
    ("network_pinger", URL, {"available": True}),
    ("integration_queue_peeker", {"queue": "todo"}, {"record": RECORD, "waiting": 1}),
    ("integration_queue_redactor", {"queue": "todo"}, {"record": MASKED}),
    ("file_operations_counter", {"folder": "in"}, {"files": 2}),
    ("network_status_summary", {"service": "pool"}, {"up": 1, "of": 1}),
    ("network_inventory", {"service": "pool"}, {"backends": ["node-1"]}),
    ("network_history", {"service": "pool"}, {"as_of": "2030-12-31"}),
    ("data_processing_estimator", {"data": "@", "column": "paid", "function": "sum"},
     {"value": 0}),
    ("data_processing_match_counter",
     {"data": "@", "column": "paid", "test": ">", "value": 20}, {"rows": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "arguments", "wanted"), TOLD, ids=lambda value: str(value)[:40])
def test_a_variant_returns(tool: str, arguments: Json, wanted: Json) -> None:
    desk = Desk(SEARCHED).after(PAID)
    start = repr(desk.world.sections)
    found = desk.call(tool, arguments)
    assert {key: found.get(key) for key in wanted} == wanted
    assert repr(desk.world.sections) == start


ELSEWHERE = [
    ("file_operations_archive_reader", {"path": "in/OR-1.json"}, "archive:file:in/OR-1.json"),
    ("network_training_fetcher", URL, f"training:endpoint:{A}/orders/OR-1"),
    ("utility_arrival_estimator", {"reference": "trk-1"}, "forecast:reference:trk-1"),
]


@pytest.mark.parametrize(("tool", "arguments", "root"), ELSEWHERE)
def test_values_of_another_year_or_system_are_others_and_come_from_elsewhere(
    tool: str, arguments: Json, root: str
) -> None:
    data = Desk(SEARCHED).outcome(tool, arguments).data
    assert data is not None
    assert data.roots == (root,)
    assert data.value.keys() == RECORD.keys()
    assert data.value["order_id"] == "OR-1"
    assert not {name for name in RECORD if data.value[name] == RECORD[name]} - {"order_id"}


def test_a_peeked_message_stays_and_is_the_one_that_is_pulled() -> None:
    desk = Desk(SEARCHED)
    peek: Call = ("integration_queue_peeker", {"queue": "todo"})
    pull: Call = ("integration_queue", {"queue": "todo", "action": "pull"})
    desk.after(peek, peek, pull)
    assert len(set(desk.handles)) == 1
    assert desk.call(*peek)["error"] == "empty"

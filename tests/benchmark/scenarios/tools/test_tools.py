"""Every tool: what it returns, each error it declares, and that a refused call changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotbench.benchmark.scenarios.tools.toolbox import ASK, FINISH, TOOLS, offered
from pilotbench.benchmark.world.objects import DataObject
from pilotbench.benchmark.world.toolbox import CALL_TOOL, TOOL_INFO, TOOL_SEARCH
from support.tools_lab import (
    ENTRY,
    OPEN,
    ORDERS,
    PAID,
    READ,
    RECORD,
    SIGN_IN,
    A,
    Call,
    Desk,
)

Json = dict[str, Any]

NOTES = "\n".join(f"line {n}" for n in range(1, 12))
ROW_SET = ["order_id", "total", "due"]
WORKS: list[tuple[str, Json, list[Call], Json]] = [
    ("file_operations_reader", {"path": "in/OR-1.json"}, [], {"record": RECORD}),
    ("file_operations_reader", {"path": "in/notes.txt"}, [], {"preview": NOTES}),
    ("file_operations_scanner", {"folder": "in"}, [], {"files": ["in/OR-1.json", "in/notes.txt"]}),
    ("file_operations_scanner", {"folder": "in/", "pattern": "*.json"}, [],
     {"files": ["in/OR-1.json"]}),
    ("file_operations_writer", {"path": "out/a.json", "data": "@"}, [READ], {"path": "out/a.json"}),
    ("data_processing_viewer", {"data": "@"}, [READ], {"record": RECORD}),
    ("data_processing_viewer", {"data": "@"}, [OPEN],
     {"rows": ORDERS[:8], "first": 1, "of": 20, "more_rows": 12}),
    ("data_processing_viewer", {"data": "@", "first": 17}, [OPEN],
     {"rows": ORDERS[16:], "first": 17, "of": 20, "more_rows": 0}),
    ("data_processing_viewer", {"data": "empty"}, [], {"rows": [], "of": 0}),
    ("data_processing_viewer", {"data": "@", "first": 9},
     [("file_operations_reader", {"path": "in/notes.txt"})],
     {"lines": ["line 9", "line 10", "line 11"], "more_lines": 0}),
    ("data_processing_viewer", {"data": "@"},
     [("computation_calculator", {"expression": "2 * 3"})], {"value": 6}),
    ("data_processing_filter", {"data": "@", "column": "total", "test": ">", "value": 1018}, [OPEN],
     {"rows": 2, "columns": ROW_SET, "preview": ORDERS[18:]}),
    ("data_processing_filter",
     {"data": "@", "column": "due", "test": "<=", "value": "2031-03-01"}, [OPEN], {"rows": 1}),
    ("data_processing_filter", {"data": "@", "column": "total", "test": "==", "value": "x"}, [OPEN],
     {"rows": 0, "preview": []}),
    ("data_processing_joiner", {"data": "@2", "other": "@", "column": "order_id"}, [OPEN, PAID],
     {"rows": 3, "columns": ["order_id", "paid", "total", "due"]}),
    *[("data_processing_aggregator", {"data": "@", "column": "total", "function": function}, [OPEN],
       {"value": value})
      for function, value in (("sum", 20210), ("mean", 1010.5), ("min", 1001), ("max", 1020),
                              ("count", 20))],
    ("data_processing_aggregator", {"data": "@", "column": "due", "function": "count"}, [OPEN],
     {"value": 20}),
    ("data_processing_aggregator", {"data": "empty", "column": "x", "function": "sum"}, [],
     {"value": 0}),
    ("network_fetcher", {"url": f"{A}/orders/OR-1"}, [], {"record": RECORD}),
    ("network_fetcher", {"url": f"{A}/vault"}, [SIGN_IN], {"record": RECORD}),
    ("network_poster", {"url": f"{A}/intake", "data": "@"}, [READ], {"url": f"{A}/intake"}),
    ("network_monitor", {"service": "pool"}, [],
     {"service": "pool", "backends": [{"backend": "node-1", "state": "up"}]}),
    ("computation_calculator", {"expression": "(1 + 2) * 4 / 8"}, [], {"value": 1.5}),
    ("integration_authenticator", {"service": "vault", "credential": "cr-1"}, [],
     {"service": "vault"}),
    ("integration_connector", {"database": "sales", "table": "orders"}, [],
     {"rows": 20, "columns": ROW_SET, "preview": ORDERS[:2]}),
    ("integration_connector", {"database": "vault", "table": "orders"}, [SIGN_IN], {"rows": 20}),
    ("integration_queue", {"queue": "todo", "action": "pull"}, [], {"record": RECORD, "left": 0}),
    ("integration_queue", {"queue": "none", "action": "push", "data": "@"}, [READ],
     {"queue": "none"}),
    ("integration_scheduler", {"job": "j", "at": "2031-04-02T14:30", "data": "@"}, [READ],
     {"job": "j", "at": "2031-04-02T14:30"}),
    ("integration_scheduler", {"job": "j", "at": "2031-04-02 14:30", "data": "@"}, [READ],
     {"at": "2031-04-02T14:30"}),
    ("integration_auditor", {"target": f"{A}/intake"}, [], {"entries": []}),
    ("utility_cache", {"key": "OR-1", "action": "get"}, [], {"record": RECORD}),
    ("utility_cache", {"key": "new", "action": "put", "data": "@"}, [READ], {"key": "new"}),
    ("utility_tracker", {"reference": "trk-1"}, [], {"record": RECORD}),
    ("utility_helper", {"topic": "limits"}, [], {"topic": "limits", "limit": 4821}),
    ("utility_directory", {"role": "shift lead"}, [], {"person": "mara.lind"}),
    ("utility_notifier", {"to": "mara.lind", "data": "@"}, [READ], {"to": "mara.lind"}),
    ("utility_logger", {"text": "done"}, [], {"level": "info"}),
]  # fmt: skip

FAILS: list[tuple[str, Json, list[Call], str]] = [
    ("file_operations_reader", {"path": "x"}, [], "not_found"),
    ("file_operations_reader", {"path": "out/lost.json"}, [], "out_of_service"),
    ("file_operations_scanner", {"folder": "x"}, [], "not_found"),
    ("file_operations_scanner", {"folder": "out/lost.json"}, [], "out_of_service"),
    ("file_operations_writer", {"path": "x", "data": "y"}, [], "not_found"),
    ("file_operations_writer", {"path": "in/OR-1.json", "data": "@"}, [READ], "exists"),
    ("file_operations_writer", {"path": "out/lost.json", "data": "@"}, [READ], "out_of_service"),
    ("data_processing_viewer", {"data": "x"}, [], "not_found"),
    ("data_processing_viewer", {"data": "@", "first": 21}, [OPEN], "out_of_range"),
    ("data_processing_filter", {"data": "x", "column": "a", "test": "<", "value": 1}, [],
     "not_found"),
    ("data_processing_filter", {"data": "@", "column": "a", "test": "<", "value": 1}, [READ],
     "wrong_kind"),
    ("data_processing_filter", {"data": "@", "column": "a", "test": "<", "value": 1}, [OPEN],
     "no_column"),
    ("data_processing_filter", {"data": "@", "column": "due", "test": "<", "value": 1}, [OPEN],
     "not_comparable"),
    ("data_processing_joiner", {"data": "x", "other": "@", "column": "a"}, [OPEN], "not_found"),
    ("data_processing_joiner", {"data": "@2", "other": "@", "column": "a"}, [OPEN, READ],
     "wrong_kind"),
    ("data_processing_joiner", {"data": "@2", "other": "@", "column": "paid"}, [OPEN, PAID],
     "no_column"),
    ("data_processing_aggregator", {"data": "x", "column": "a", "function": "sum"}, [],
     "not_found"),
    ("data_processing_aggregator", {"data": "@", "column": "a", "function": "sum"}, [READ],
     "wrong_kind"),
    ("data_processing_aggregator", {"data": "@", "column": "a", "function": "sum"}, [OPEN],
     "no_column"),
    ("data_processing_aggregator", {"data": "@", "column": "due", "function": "sum"}, [OPEN],
     "not_numeric"),
    ("data_processing_aggregator", {"data": "empty", "column": "a", "function": "max"}, [],
     "no_rows"),
    ("network_fetcher", {"url": f"{A}/x"}, [], "not_found"),
    ("network_fetcher", {"url": f"{A}/lost"}, [], "out_of_service"),
    ("network_fetcher", {"url": f"{A}/vault"}, [], "not_signed_in"),
    ("network_fetcher", {"url": f"{A}/intake"}, [], "nothing_here"),
    ("network_fetcher", {"url": f"{A}/orders/OR-1", "part": 2}, [], "out_of_range"),
    ("network_poster", {"url": f"{A}/x", "data": "@"}, [READ], "not_found"),
    ("network_poster", {"url": f"{A}/lost", "data": "@"}, [READ], "out_of_service"),
    ("network_poster", {"url": f"{A}/vault", "data": "@"}, [READ], "not_signed_in"),
    ("network_poster", {"url": f"{A}/parts", "data": "@"}, [READ], "not_accepted"),
    ("network_monitor", {"service": "x"}, [], "not_found"),
    ("network_monitor", {"service": "lost-queue"}, [], "out_of_service"),
    ("computation_calculator", {"expression": "number_x + 1"}, [], "not_found"),
    ("computation_calculator", {"expression": "empty + 1"}, [], "wrong_kind"),
    *[("computation_calculator", {"expression": words}, [], "bad_expression")
      for words in ("1 +", "1 / 0", "2 ** 3", "9e14 * 9e14", "'a'", "(" * 300 + ")" * 300)],
    ("integration_authenticator", {"service": "x", "credential": "y"}, [], "not_found"),
    ("integration_authenticator", {"service": "lost-key", "credential": "y"}, [], "out_of_service"),
    ("integration_authenticator", {"service": "vault", "credential": "y"}, [], "bad_credential"),
    ("integration_connector", {"database": "sales", "table": "x"}, [], "not_found"),
    ("integration_connector", {"database": "lost", "table": "x"}, [], "out_of_service"),
    ("integration_connector", {"database": "vault", "table": "orders"}, [], "not_signed_in"),
    ("integration_queue", {"queue": "x", "action": "pull"}, [], "not_found"),
    ("integration_queue", {"queue": "lost-queue", "action": "pull"}, [], "out_of_service"),
    ("integration_queue", {"queue": "none", "action": "pull"}, [], "empty"),
    ("integration_queue", {"queue": "none", "action": "push"}, [], "bad_arguments"),
    ("integration_scheduler", {"job": "j", "at": "2031-04-02T14:30", "data": "x"}, [], "not_found"),
    ("integration_scheduler", {"job": "lost-job", "at": "2031-04-02T14:30", "data": "@"}, [READ],
     "out_of_service"),
    ("integration_scheduler", {"job": "job-1", "at": "2031-04-02T14:30", "data": "@"}, [READ],
     "exists"),
    ("integration_scheduler", {"job": "j", "at": "tomorrow", "data": "@"}, [READ], "bad_time"),
    ("integration_canceller", {"target": "x", "receipt": 1}, [], "not_found"),
    ("integration_canceller", {"target": f"{A}/lost", "receipt": 1}, [], "out_of_service"),
    ("integration_canceller", {"target": f"{A}/mistake", "receipt": 1}, [], "no_entry"),
    ("integration_auditor", {"target": "x"}, [], "not_found"),
    ("integration_auditor", {"target": "lost-queue"}, [], "out_of_service"),
    ("utility_cache", {"key": "x", "action": "get"}, [], "not_found"),
    ("utility_cache", {"key": "lost-key", "action": "put", "data": "@"}, [READ], "out_of_service"),
    ("utility_cache", {"key": "OR-1", "action": "put", "data": "@"}, [READ], "exists"),
    ("utility_cache", {"key": "x", "action": "put"}, [], "bad_arguments"),
    ("utility_tracker", {"reference": "x"}, [], "not_found"),
    ("utility_tracker", {"reference": "lost-key"}, [], "out_of_service"),
    ("utility_helper", {"topic": "x"}, [], "not_found"),
    ("utility_helper", {"topic": "lost-key"}, [], "out_of_service"),
    ("utility_directory", {"role": "x"}, [], "not_found"),
    ("utility_directory", {"role": "lost-key"}, [], "out_of_service"),
    ("utility_notifier", {"to": "x", "data": "@"}, [READ], "not_found"),
    ("utility_notifier", {"to": "lost.person", "data": "@"}, [READ], "out_of_service"),
    (ASK, {"question": "Which limit?"}, [], "nobody_there"),
]  # fmt: skip


def _names(table: list[Any]) -> list[str]:
    return [f"{number}-{row[0]}" for number, row in enumerate(table)]


@pytest.mark.parametrize(("tool", "arguments", "before", "wanted"), WORKS, ids=_names(WORKS))
def test_a_tool_returns(tool: str, arguments: Json, before: list[Call], wanted: Json) -> None:
    found = Desk().after(*before).call(tool, arguments)
    assert {key: found.get(key) for key in wanted} == wanted


@pytest.mark.parametrize(("tool", "arguments", "before", "code"), FAILS, ids=_names(FAILS))
def test_a_tool_refuses_in_a_sentence_and_changes_nothing(
    tool: str, arguments: Json, before: list[Call], code: str
) -> None:
    desk = Desk().after(*before)
    start = repr(desk.world.sections)
    found = desk.call(tool, arguments)
    assert found["error"] == code
    assert found["message"][0].isupper() or found["message"].startswith(
        ("https://", "`", *desk.world.down, *desk.handles, "empty", "lost")
    )
    assert found["message"].endswith(".")
    assert repr(desk.world.sections) == start


def test_the_tables_contain_every_tool_and_every_error_it_declares() -> None:
    assert {row[0] for row in WORKS} | {"integration_canceller", ASK} == set(TOOLS)
    declared = {(tool.name, code) for tool in TOOLS.values() for code in tool.errors}
    assert {(row[0], row[3]) for row in FAILS} == declared


ACTS: list[tuple[str, Json, str, str]] = [
    ("file_operations_writer", {"path": "out/a.json"}, "files", "out/a.json"),
    ("network_poster", {"url": f"{A}/intake"}, "endpoints", f"{A}/intake"),
    ("integration_queue", {"queue": "none", "action": "push"}, "queues", "none"),
    ("integration_scheduler", {"job": "j", "at": "2031-04-02T14:30"}, "schedule", "j"),
    ("utility_notifier", {"to": "mara.lind"}, "inboxes", "mara.lind"),
]


@pytest.mark.parametrize(("tool", "arguments", "section", "target"), ACTS, ids=_names(ACTS))
def test_a_call_that_passes_data_on_stores_its_lineage_and_what_it_quotes(
    tool: str, arguments: Json, section: str, target: str
) -> None:
    receipts = {}
    for quote in ({}, {"quote": 0}, {"quote": 123456}):
        desk = Desk().after(READ)
        receipts[str(quote)] = desk.call(tool, {**arguments, "data": "@", **quote})["receipt"]
        held = desk.world.sections[section][target]
        entry = held["posts"][-1] if section == "endpoints" else held
        entry = entry[-1] if isinstance(entry, list) else entry
        more = {"at": "2031-04-02T14:30"} if section == "schedule" else {}
        assert entry == {**ENTRY, "roots": ["file:in/OR-1.json"], "ops": [], **more, **quote}
        listed = desk.call("integration_auditor", {"target": target})["entries"]
        assert listed == [{"receipt": receipts[str(quote)], "key": "OR-1"}]
    assert len(set(receipts.values())) == 3
    assert all(100_000 <= receipt <= 999_999 for receipt in receipts.values())


def test_a_number_in_an_expression_keeps_its_lineage() -> None:
    desk = Desk().after(
        OPEN, ("data_processing_aggregator", {"data": "@", "column": "total", "function": "sum"})
    )
    total = desk.handles[-1]
    outcome = desk.outcome("computation_calculator", {"expression": f"{total} / 2 + 1"})
    made = outcome.data
    assert isinstance(made, DataObject)
    assert made.value == 10106
    assert made.roots == ("database:sales/orders",)
    assert made.ops == ("aggregate", "calculate")


def test_a_model_is_offered_every_tool_or_those_that_search_and_finish_last() -> None:
    every = tuple(tool.name for tool in TOOLS.values() if tool.name != ASK)
    protocol = (TOOL_SEARCH.name, TOOL_INFO.name, CALL_TOOL.name)
    for observation, speaker, wanted in (
        ((), "", (*every, "finish")),
        (("hidden",), "asked", (*every, ASK, "finish")),
        (("hidden", "searched"), "completes", (*protocol, "finish")),
        (("searched",), "asked", (*protocol, ASK, "finish")),
    ):
        assert tuple(spec.name for spec in offered(observation, speaker)) == wanted


def test_the_list_of_tools_is_short_and_its_texts_are_sentences() -> None:
    specs = offered((), "asked")
    listed = json.dumps(
        [
            {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
            for spec in specs
        ]
    )
    assert len(listed) < 10_000  # four characters are a token
    for spec in specs:
        texts = [one.get("description") for one in spec.parameters["properties"].values()]
        for text in (spec.description, *texts):
            assert text is None or (text[0].isupper() and text.endswith(".")), text
    assert specs[-1] is FINISH

"""Every tool: what it does, each error it declares, and what must be true before it works."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.world.session import WorldSession
from pilotbench.benchmark.world.tool import Tool, ToolOutcome, check_arguments, schema
from pilotbench.benchmark.world.toolbox import (
    CALL_TOOL,
    CATEGORIES,
    FINISH,
    TOOL_INFO,
    TOOL_SEARCH,
    TOOLS,
)
from pilotbench.ground.errors import TaskError

Json = dict[str, Any]

ROWS = [
    {"id": 11, "city": "Lund", "amount": 10, "fee": 4},
    {"id": 12, "city": "", "amount": 30, "fee": 6},
    {"id": 13, "city": "Turku", "amount": -20, "fee": 5},
    {"id": 11, "city": "Lund", "amount": 60, "fee": 9},
]
TABLE = {"kind": "table", "value": ROWS}
WORLD: Json = {
    "salt": "0",
    "files": {
        "in/a.csv": {"kind": "text", "value": "id,amount\n1,5\n2,7.5\n"},
        "in/b.json": {"kind": "text", "value": '[{"id": 1, "amount": 5}]'},
        "in/c.txt": {"kind": "text", "value": "no rows here"},
        "in/z": {"kind": "archive", "value": {"method": "gzip", "text": "x"}},
    },
    "tables": {
        "t": TABLE,
        "tiny": {"kind": "table", "value": [{"id": 7}]},
        "one": {"kind": "table", "value": ROWS[:1]},
        "good": {"kind": "table", "value": [{"gain": 6, "cost": 5}, {"gain": 5, "cost": 4},
                                            {"gain": 4, "cost": 3}]},
    },
    "endpoints": {
        "https://a.example/open": {"body": TABLE, "posts": []},
        "https://a.example/sink": {"posts": []},
        "https://a.example/body": {"body": TABLE},
        "https://a.example/old": {"moved_to": "https://a.example/open"},
        "https://s.example/x": {"service": "svc", "body": TABLE, "posts": []},
        "https://r.example/x": {"via": ["lb", "node-1"], "body": TABLE, "posts": []},
    },
    "services": {"svc": {"credential": "cr-1"}},
    "backends": {
        "lb": [
            {"backend": "node-1", "state": "up", "latency_ms": 9, "requests": 5,
             "url": "https://r.example/x"},
            {"backend": "node-2", "state": "down", "latency_ms": 1, "requests": 5, "url": "u"},
        ]
    },
    "databases": {"db": {"tables": {"t": TABLE}}, "locked": {"service": "svc", "tables": {}}},
    "queues": {"q": [TABLE], "empty": []},
    "cache": {"k": TABLE},
    "schedule": {"taken": {"kind": "text", "value": "x", "at": "2031-01-01 10:00"}},
    "inboxes": {"mara.lind": []},
    "notes": {"limits": {"limit": 4821}},
    "references": {"TR-1": {"status": "open", "shelf": 48213}},
    "models": {"m": {"factor": 1.5, "inflow": 10}, "wild": {"factor": 1e9, "inflow": 0}},
    "mappings": {"map": {"amount": "sum"}},
}  # fmt: skip

READ_TEXT = ("file_operations_reader", {"path": "in/a.csv"})
READ_PROSE = ("file_operations_reader", {"path": "in/c.txt"})
READ_ARCHIVE = ("file_operations_reader", {"path": "in/z"})
SIGN_IN = ("integration_authenticator", {"service": "svc", "credential": "cr-1"})
ROUTE = ("network_router", {"service": "lb", "backend": "node-1"})
SUM = ("data_processing_aggregator", {"data": "t", "column": "amount", "function": "sum"})


def session() -> WorldSession:
    return WorldSession(Instance("t", "easy", 0, "r", world=WORLD))


def run(before: list[Any], tool: str, arguments: Json) -> Json:
    """Make the calls of `before` and then one more; `@` stands for the last handle made."""
    live, call = prepared(before, arguments)
    return live.call(tool, call)


def prepared(before: list[Any], arguments: Json) -> tuple[WorldSession, Json]:
    """Return a session after the calls of `before`, and `arguments` with the handle put in."""
    live, handle = session(), ""
    for name, given in before:
        reply = live.call(name, given)
        assert reply["ok"], reply
        handle = reply["result"].get("handle", handle)
    filled = {
        key: handle if value == "@" else {"x": handle} if value == {"x": "@"} else value
        for key, value in arguments.items()
    }
    return live, filled


def seen(live: WorldSession) -> str:
    """Return all that a call can change, as text."""
    world = live.world
    return repr((world.sections, sorted(world.signed_in), sorted(world.made)))


WORKS: list[tuple[str, Json, list[Any], Json]] = [
    ("file_operations_reader", {"path": "in/c.txt"}, [], {"preview": "no rows here"}),
    ("file_operations_writer", {"path": "out/a", "data": "t"}, [], {"path": "out/a"}),
    ("file_operations_writer", {"path": "in/a.csv", "text": "x", "overwrite": True}, [],
     {"path": "in/a.csv"}),
    ("file_operations_scanner", {"folder": "in", "pattern": "*.csv"}, [],
     {"files": ["in/a.csv"], "total": 1}),
    ("file_operations_compressor", {"data": "t", "method": "xz"}, [], {"method": "xz"}),
    ("file_operations_converter", {"data": "one", "format": "yaml"}, [],
     {"preview": "- id: 11\n  city: Lund\n  amount: 10\n  fee: 4\n"}),
    ("file_operations_converter", {"data": "@", "format": "json"}, [SUM],
     {"preview": '[{"value": 80}]'}),
    ("file_operations_converter", {"data": "one", "format": "csv"}, [],
     {"preview": "id,city,amount,fee\n11,Lund,10,4\n"}),
    ("file_operations_converter", {"data": "tiny", "format": "xml"}, [],
     {"preview": "<rows><row><id>7</id></row></rows>"}),
    ("data_processing_parser", {"data": "@"}, [READ_TEXT],
     {"columns": ["id", "amount"], "preview": [{"id": 1, "amount": 5}, {"id": 2, "amount": 7.5}]}),
    ("data_processing_parser", {"data": "@", "format": "json"},
     [("file_operations_reader", {"path": "in/b.json"})], {"rows": 1}),
    ("data_processing_transformer", {"data": "one", "action": "add", "column": "fee", "value": 2.5},
     [], {"preview": [{"id": 11, "city": "Lund", "amount": 10, "fee": 6.5}]}),
    ("data_processing_transformer",
     {"data": "one", "action": "multiply", "column": "fee", "value": 3}, [],
     {"preview": [{"id": 11, "city": "Lund", "amount": 10, "fee": 12}]}),
    ("data_processing_transformer", {"data": "t", "action": "sort_down", "column": "amount"}, [],
     {"preview": [ROWS[3], ROWS[1]]}),
    ("data_processing_filter", {"data": "t", "column": "amount", "test": ">", "value": 10}, [],
     {"rows": 2, "preview": [ROWS[1], ROWS[3]]}),
    ("data_processing_filter", {"data": "t", "column": "city", "test": "!=", "value": "Lund"}, [],
     {"rows": 2}),
    ("data_processing_validator", {"data": "t", "column": "city", "rule": "present"}, [],
     {"rows": 3, "rejected": [ROWS[1]]}),
    ("data_processing_validator", {"data": "t", "column": "amount", "rule": "positive"}, [],
     {"rows": 3, "rejected": [ROWS[2]]}),
    ("data_processing_validator", {"data": "t", "column": "id", "rule": "unique"}, [],
     {"rows": 3, "rejected": [ROWS[3]]}),
    ("data_processing_aggregator", {"data": "t", "column": "amount", "function": "mean"}, [],
     {"value": 20}),
    ("data_processing_aggregator",
     {"data": "t", "column": "fee", "function": "max", "group_by": "city"}, [],
     {"rows": 3, "preview": [{"city": "", "fee": 6}, {"city": "Lund", "fee": 9}]}),
    ("network_fetcher", {"url": "https://a.example/open"}, [], {"rows": 4}),
    ("network_fetcher", {"url": "https://s.example/x"}, [SIGN_IN], {"rows": 4}),
    ("network_fetcher", {"url": "https://r.example/x"}, [ROUTE], {"rows": 4}),
    ("network_poster", {"url": "https://a.example/sink", "data": "t"}, [],
     {"url": "https://a.example/sink"}),
    ("network_poster", {"url": "https://s.example/x", "data": "t"}, [SIGN_IN],
     {"url": "https://s.example/x"}),
    ("network_router", {"service": "lb", "backend": "node-1"}, [], {"url": "https://r.example/x"}),
    ("network_monitor", {"service": "lb"}, [],
     {"backends": [{"backend": "node-1", "state": "up", "latency_ms": 9, "requests": 5},
                   {"backend": "node-2", "state": "down", "latency_ms": 1, "requests": 5}]}),
    ("network_validator", {"url": "https://a.example/old"}, [],
     {"state": "moved", "live_url": "https://a.example/open"}),
    ("network_validator", {"url": "https://a.example/open"}, [], {"state": "live"}),
    ("computation_calculator", {"expression": "-x * 2 + (1 - 0.5) / 2", "values": {"x": "@"}},
     [SUM], {"value": -159.75}),
    ("computation_analyzer", {"data": "t", "column": "amount", "statistic": "median"}, [],
     {"value": 20}),
    ("computation_analyzer", {"data": "t", "column": "amount", "statistic": "range"}, [],
     {"value": 80}),
    ("computation_analyzer", {"data": "t", "column": "amount", "statistic": "stdev"}, [],
     {"value": 29.15}),
    ("computation_predictor", {"data": "good", "column": "gain", "ahead": 2}, [], {"value": 2}),
    ("computation_simulator", {"model": "m", "start": 4, "steps": 2}, [], {"value": 34}),
    ("computation_simulator", {"model": "m", "start": "@", "steps": 1}, [SUM], {"value": 130}),
    ("computation_optimizer", {"data": "good", "maximize": "gain", "cost": "cost", "limit": 7}, [],
     {"best": 9, "rows": 2}),
    ("integration_authenticator", {"service": "svc", "credential": "cr-1"}, [], {"service": "svc"}),
    ("integration_mapper", {"data": "one", "mapping": "map"}, [],
     {"columns": ["id", "city", "sum", "fee"]}),
    ("integration_connector", {"database": "db", "table": "t"}, [], {"rows": 4}),
    ("integration_scheduler", {"job": "j", "at": "2031-02-03 04:30", "data": "t"}, [],
     {"job": "j", "at": "2031-02-03 04:30"}),
    ("integration_queue", {"queue": "q", "action": "pull"}, [], {"rows": 4, "left": 0}),
    ("integration_queue", {"queue": "empty", "action": "push", "data": "t"}, [],
     {"queue": "empty"}),
    ("utility_cache", {"key": "k", "action": "get"}, [], {"rows": 4}),
    ("utility_cache", {"key": "new", "action": "put", "data": "t"}, [], {"key": "new"}),
    ("utility_logger", {"data": "t"}, [], {"level": "info"}),
    ("utility_tracker", {"reference": "TR-1"}, [],
     {"reference": "TR-1", "status": "open", "shelf": 48213}),
    ("utility_helper", {"topic": "limits"}, [], {"topic": "limits", "limit": 4821}),
    ("utility_notifier", {"to": "mara.lind", "data": "t"}, [], {"to": "mara.lind"}),
]  # fmt: skip

FAILS: list[tuple[str, Json, list[Any], str]] = [
    ("file_operations_reader", {"path": "in/no"}, [], "not_found"),
    ("file_operations_writer", {"path": "in/a.csv", "data": "t"}, [], "exists"),
    ("file_operations_writer", {"path": "out/a", "data": "no"}, [], "not_found"),
    ("file_operations_writer", {"path": "out/a"}, [], "bad_arguments"),
    ("file_operations_writer", {"path": "out/a", "data": "t", "text": "x"}, [], "bad_arguments"),
    ("file_operations_writer", {"path": "out/a", "text": "x" * 301}, [], "bad_arguments"),
    ("file_operations_scanner", {"folder": "no"}, [], "not_found"),
    ("file_operations_compressor", {"data": "no"}, [], "not_found"),
    ("file_operations_compressor", {"data": "@"}, [READ_ARCHIVE], "wrong_kind"),
    ("file_operations_converter", {"data": "no", "format": "csv"}, [], "not_found"),
    ("file_operations_converter", {"data": "@", "format": "csv"}, [READ_ARCHIVE], "wrong_kind"),
    ("data_processing_parser", {"data": "no"}, [], "not_found"),
    ("data_processing_parser", {"data": "t"}, [], "wrong_kind"),
    ("data_processing_parser", {"data": "@"}, [READ_PROSE], "bad_format"),
    ("data_processing_parser", {"data": "@", "format": "json"}, [READ_TEXT], "bad_format"),
    ("data_processing_validator", {"data": "no", "column": "id", "rule": "unique"}, [],
     "not_found"),
    ("data_processing_validator", {"data": "@", "column": "id", "rule": "unique"}, [READ_TEXT],
     "wrong_kind"),
    ("data_processing_validator", {"data": "t", "column": "no", "rule": "unique"}, [], "no_column"),
    ("network_fetcher", {"url": "https://no.example"}, [], "not_found"),
    ("network_fetcher", {"url": "https://a.example/old"}, [], "moved"),
    ("network_fetcher", {"url": "https://r.example/x"}, [], "not_routed"),
    ("network_fetcher", {"url": "https://s.example/x"}, [], "not_signed_in"),
    ("network_fetcher", {"url": "https://a.example/sink"}, [], "nothing_here"),
    ("network_poster", {"url": "https://no.example", "data": "t"}, [], "not_found"),
    ("network_poster", {"url": "https://a.example/old", "data": "t"}, [], "moved"),
    ("network_poster", {"url": "https://r.example/x", "data": "t"}, [], "not_routed"),
    ("network_poster", {"url": "https://s.example/x", "data": "t"}, [], "not_signed_in"),
    ("network_poster", {"url": "https://a.example/body", "data": "t"}, [], "not_accepted"),
    ("network_router", {"service": "no", "backend": "node-1"}, [], "not_found"),
    ("network_router", {"service": "lb", "backend": "no"}, [], "not_found"),
    ("network_router", {"service": "lb", "backend": "node-2"}, [], "down"),
    ("network_monitor", {"service": "no"}, [], "not_found"),
    ("network_validator", {"url": "no"}, [], "not_found"),
    ("computation_calculator", {"expression": "x", "values": {"x": "no"}}, [], "not_found"),
    ("computation_calculator", {"expression": "x", "values": {"x": "t"}}, [], "wrong_kind"),
    ("computation_calculator", {"expression": "__import__('os')"}, [], "bad_expression"),
    ("computation_calculator", {"expression": "2 ** 9"}, [], "bad_expression"),
    ("computation_calculator", {"expression": "1 / 0"}, [], "bad_expression"),
    ("computation_calculator", {"expression": "1 +"}, [], "bad_expression"),
    ("computation_calculator", {"expression": "9e14 * 9"}, [], "bad_expression"),
    ("computation_calculator", {"expression": "1+" * 150 + "1"}, [], "bad_expression"),
    ("computation_predictor", {"data": "one", "column": "fee"}, [], "too_few"),
    ("computation_simulator", {"model": "no", "start": 1, "steps": 1}, [], "not_found"),
    ("computation_simulator", {"model": "m", "start": "t", "steps": 1}, [], "wrong_kind"),
    ("computation_simulator", {"model": "wild", "start": 9, "steps": 9}, [], "too_large"),
    ("integration_authenticator", {"service": "no", "credential": "c"}, [], "not_found"),
    ("integration_authenticator", {"service": "svc", "credential": "c"}, [], "bad_credential"),
    ("integration_mapper", {"data": "t", "mapping": "no"}, [], "not_found"),
    ("integration_mapper", {"data": "@", "mapping": "map"}, [READ_TEXT], "wrong_kind"),
    ("integration_connector", {"database": "no", "table": "t"}, [], "not_found"),
    ("integration_connector", {"database": "db", "table": "no"}, [], "not_found"),
    ("integration_connector", {"database": "locked", "table": "t"}, [], "not_signed_in"),
    ("integration_scheduler", {"job": "taken", "at": "2031-01-01 10:00", "data": "t"}, [],
     "exists"),
    ("integration_scheduler", {"job": "j", "at": "tomorrow", "data": "t"}, [], "bad_time"),
    ("integration_scheduler", {"job": "j", "at": "2031-01-01 10:00", "data": "no"}, [],
     "not_found"),
    ("integration_queue", {"queue": "no", "action": "pull"}, [], "not_found"),
    ("integration_queue", {"queue": "empty", "action": "pull"}, [], "empty"),
    ("utility_cache", {"key": "no", "action": "get"}, [], "not_found"),
    ("utility_logger", {"data": "no"}, [], "not_found"),
    ("utility_tracker", {"reference": "no"}, [], "not_found"),
    ("utility_helper", {"topic": "no"}, [], "not_found"),
    ("utility_notifier", {"to": "no", "data": "t"}, [], "not_found"),
]  # fmt: skip

# Tools on a column of numbers fail alike.
COLUMN_TOOLS: dict[str, Json] = {
    "data_processing_transformer": {"action": "add", "column": "amount"},
    "data_processing_filter": {"column": "amount", "test": ">", "value": 1},
    "data_processing_aggregator": {"column": "amount", "function": "sum"},
    "computation_analyzer": {"column": "amount", "statistic": "range"},
    "computation_predictor": {"column": "amount"},
    "computation_optimizer": {"maximize": "amount", "cost": "fee", "limit": 5},
}
for _tool, _given in COLUMN_TOOLS.items():
    _key = "maximize" if "maximize" in _given else "column"
    FAILS += [
        (_tool, {**_given, "data": "no"}, [], "not_found"),
        (_tool, {**_given, "data": "@"}, [READ_TEXT], "wrong_kind"),
        (_tool, {**_given, "data": "@"}, [SUM], "wrong_kind"),
        (_tool, {**_given, "data": "t", _key: "no"}, [], "no_column"),
        (_tool, {**_given, "data": "t", _key: "city"}, [], "not_numeric"),
    ]


def test_a_number_as_text_is_distinguished_from_a_column_of_text() -> None:
    given = {"data": "t", "column": "amount", "test": "<", "value": "1370"}
    assert run([], "data_processing_filter", given)["error"]["message"] == (
        "< needs a number as value, not text"
    )
    of_text = {**given, "column": "city", "value": 1370}
    assert run([], "data_processing_filter", of_text)["error"]["message"] == (
        "< needs a column 'city' of numbers"
    )


def test_thirty_tools_in_six_categories_of_five() -> None:
    assert len(TOOLS) == 30
    assert [len(names) for names in CATEGORIES.values()] == [5] * 6
    for category, names in CATEGORIES.items():
        assert all(name.startswith(f"{category}_") for name in names)


@pytest.mark.parametrize(("tool", "arguments", "before", "expected"), WORKS)
def test_tool_returns_real_data(
    tool: str, arguments: Json, before: list[Any], expected: Json
) -> None:
    reply = run(before, tool, arguments)
    assert reply["ok"], reply
    assert {key: reply["result"].get(key) for key in expected} == expected


@pytest.mark.parametrize(("tool", "arguments", "before", "code"), FAILS)
def test_tool_fails_with_a_declared_code_and_changes_nothing(
    tool: str, arguments: Json, before: list[Any], code: str
) -> None:
    live, call = prepared(before, arguments)
    start = seen(live)
    reply = live.call(tool, call)
    assert (reply["ok"], reply["error"]["code"]) == (False, code)
    assert reply["error"]["transient"] is False
    assert code in (*TOOLS[tool].errors, "bad_arguments")
    assert seen(live) == start
    assert not any(name in reply["error"]["message"] for name in TOOLS)


def test_the_tables_cover_every_tool_and_every_declared_error() -> None:
    assert {tool for tool, *_ in WORKS} == set(TOOLS)
    declared = {(tool.name, code) for tool in TOOLS.values() for code in tool.errors}
    shown = {(tool, code) for tool, _, _, code in FAILS}
    assert declared - shown == set()


@pytest.mark.parametrize("name", TOOLS)
def test_unknown_and_missing_arguments_are_refused(name: str) -> None:
    wrong: tuple[Any, ...] = ({"no_such": 1}, [], "text")
    for arguments in wrong:
        reply = session().call(name, arguments)
        assert reply["error"]["code"] == "bad_arguments"


@pytest.mark.parametrize(
    "tool", [*TOOLS.values(), FINISH, TOOL_SEARCH, TOOL_INFO, CALL_TOOL], ids=lambda tool: tool.name
)
def test_schemas_of_tools_are_schemas(tool: Tool) -> None:
    Draft7Validator.check_schema(tool.parameters)
    Draft202012Validator.check_schema(tool.parameters)
    assert tool.parameters["additionalProperties"] is False
    assert 5 < len(tool.description) < 90


def test_a_tool_with_a_bad_schema_is_one_clear_error() -> None:
    bad = Tool("x_y", "Bad.", {"type": "objekt"}, lambda world: ToolOutcome({}), (), "")
    with pytest.raises(TaskError, match=r"^tool x_y: its parameters are no JSON Schema: .+$"):
        check_arguments(bad, {})


def test_defaults_are_filled_in_and_whole_floats_are_integers() -> None:
    given = {"data": "t", "column": "fee"}
    tool = TOOLS["computation_predictor"]
    assert check_arguments(tool, given) == check_arguments(tool, {**given, "ahead": 1.0})
    assert given == {"data": "t", "column": "fee"}


def test_the_offer_of_thirty_tools_stays_small() -> None:
    # 8.6 thousand characters were 2,275 tokens of a small model's tokenizer.
    assert schema() == {"type": "object", "properties": {}, "additionalProperties": False}
    from pilotbench.benchmark.world.toolbox import offered
    from pilotbench.ground.canonical_json import canonical

    words = [[tool.name, tool.description, tool.parameters] for tool in offered(False)]
    assert len(canonical(words)) < 8_600

"""Sessions: replies, draws, the log of calls, goals and the protected rest."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.world.session import WorldSession
from pilotbench.benchmark.world.tool import TRANSIENT_CODES
from pilotbench.benchmark.world.toolbox import TOOLS

Json = dict[str, Any]
TABLE = {"kind": "table", "value": [{"id": 1, "amount": 40}, {"id": 2, "amount": 70}]}
BACKEND = {
    "backend": "n-1",
    "state": "up",
    "latency_ms": 20,
    "requests": 5,
    "url": "https://s.example/n",
}
WORLD: Json = {
    "salt": "1",
    "files": {"a.csv": {"kind": "text", "value": "id,amount\n1,40\n2,70\n"}},
    "tables": {"t": TABLE, "u": TABLE},
    "endpoints": {
        "https://s.example/x": {"service": "svc", "posts": []},
        "https://s.example/y": {"posts": []},
    },
    "services": {"svc": {"credential": "cr-1"}},
    "backends": {"svc": [BACKEND]},
    "queues": {"q": [TABLE, TABLE], "p": []},
    "inboxes": {"mara.lind": []},
}
SUM = {"data": "t", "column": "amount", "function": "sum"}


def instance(difficulty: str = "easy", **more: Any) -> Instance:
    return Instance("t", difficulty, 0, "r", world=WORLD, **more)


def wanted_post() -> tuple[Json, str]:
    """Return the goal of posting the sum of `t`, and the URL."""
    live = WorldSession(instance())
    data = live.world.made[live.call("data_processing_aggregator", SUM)["result"]["handle"]]
    url = "https://s.example/y"
    goal = {
        "kind": "received",
        "object": f"endpoint:{url}",
        "content": data.content,
        "roots": ["table:t"],
        "ops": ["aggregate"],
        "says": "the sum is posted",
    }
    return goal, url


def test_an_unknown_tool_is_said_so_and_logged() -> None:
    live = WorldSession(instance())
    names: tuple[Any, ...] = ("no_such_tool", "tool_search", "call_tool", ["x"], None)
    for name in names:
        reply = live.call(name, {})
        assert reply["error"]["code"] == "unknown_tool"
    assert all(record.unknown_tool and not record.valid for record in live.log)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"answer": 5, "more": 1}, [5]]
    + [{"answer": answer} for answer in (None, True, {"value": 5}, [[5]], [{"value": 5}], 1e16)],
)
def test_finish_takes_one_number_text_or_list_of_these(arguments: Any) -> None:
    live = WorldSession(instance())
    assert live.call("finish", arguments)["error"]["code"] == "bad_arguments"
    assert not live.finished


def test_finish_ends_the_episode_with_its_answer() -> None:
    live = WorldSession(instance())
    assert live.call("finish", {"answer": [1, 2]}) == {"ok": True, "result": {"finished": True}}
    assert (live.finished, live.answer) == (True, [1, 2])
    assert live.call("utility_helper", {"topic": "x"})["error"]["code"] == "finished"


@pytest.mark.parametrize("answer", [None, True, {"value": 5}, [[5]], [{"value": 5}], float("nan")])
def test_an_answer_that_is_no_number_text_or_list_of_these_is_refused(answer: object) -> None:
    live = WorldSession(instance())
    error = live.call("finish", {"answer": answer})["error"]
    assert (error["code"], error["transient"]) == ("bad_arguments", False)
    assert not live.finished
    assert live.call("finish", {"answer": ["a", 2.0]})["ok"]
    assert live.answer == ["a", 2.0]


@pytest.mark.parametrize("difficulty", ["hard", "very_hard"])
def test_under_discovery_tools_are_reached_only_through_call_tool(difficulty: str) -> None:
    live = WorldSession(instance(difficulty))
    assert live.call("file_operations_reader", {"path": "a.csv"})["error"]["code"] == "unknown_tool"
    found = live.call("tool_search", {"query": "read a file's text"})["result"]["tools"]
    assert found[0]["name"] == "file_operations_reader"
    about = live.call("tool_info", {"name": "file_operations_reader"})["result"]
    assert about["parameters"] == TOOLS["file_operations_reader"].parameters
    call = {"name": "file_operations_reader", "arguments": {"path": "a.csv"}}
    assert live.call("call_tool", call)["ok"]
    reached = live.log[-1]
    assert (reached.tool, reached.through, reached.ok) == (
        "file_operations_reader",
        "call_tool",
        True,
    )


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("tool_search", {}, "bad_arguments"),
        ("tool_search", {"query": 4}, "bad_arguments"),
        ("tool_info", {"name": "no"}, "unknown_tool"),
        ("tool_info", {"name": "finish", "x": 1}, "bad_arguments"),
        ("call_tool", {"name": "utility_helper"}, "bad_arguments"),
        ("call_tool", {"name": ["x"], "arguments": {}}, "bad_arguments"),
        ("call_tool", {"name": "call_tool", "arguments": {}}, "unknown_tool"),
        ("call_tool", {"name": "finish", "arguments": {"answer": 1}}, "unknown_tool"),
        ("call_tool", {"name": "utility_helper", "arguments": "x"}, "bad_arguments"),
    ],
)
def test_wrong_use_of_discovery_is_refused(tool: str, arguments: Json, code: str) -> None:
    live = WorldSession(instance("hard"))
    assert live.call(tool, arguments)["error"]["code"] == code
    assert live.log[-1].unknown_tool == (code == "unknown_tool")


def test_a_precondition_is_named_when_unmet_and_when_met() -> None:
    live = WorldSession(instance())
    post = {"url": "https://s.example/x", "data": "t"}
    assert live.call("network_poster", post)["error"]["code"] == "not_signed_in"
    live.call("integration_authenticator", {"service": "svc", "credential": "cr-1"})
    live.call("network_poster", post)
    assert live.log[0].unmet in live.log[1].meets
    assert [record.ok for record in live.log] == [False, True, True]


def test_rows_needed_from_text_is_an_unmet_precondition_that_parsing_meets() -> None:
    live = WorldSession(instance())
    text = live.call("file_operations_reader", {"path": "a.csv"})["result"]["handle"]
    live.call("data_processing_aggregator", {**SUM, "data": text})
    live.call("data_processing_parser", {"data": text})
    assert live.log[1].unmet in live.log[2].meets


def test_a_missing_thing_is_named() -> None:
    live = WorldSession(instance())
    live.call("data_processing_aggregator", {**SUM, "data": "no"})
    live.call("data_processing_aggregator", {**SUM, "column": "no"})
    assert [record.missing for record in live.log] == ["data:no", "column:no"]


def test_handles_depend_on_the_data_and_not_on_the_order_of_calls() -> None:
    one, two = WorldSession(instance()), WorldSession(instance())
    two.call("file_operations_reader", {"path": "a.csv"})
    results = [live.call("data_processing_aggregator", SUM)["result"] for live in (one, two)]
    assert results[0] == results[1]
    other = one.call("data_processing_aggregator", {**SUM, "data": "u"})["result"]
    assert other["value"] == results[0]["value"]
    assert other["handle"] != results[0]["handle"]


def outcomes(rate: str, repeat: int = 0, count: int = 400) -> list[bool]:
    """Return what becomes of `count` different valid calls."""
    live = WorldSession(instance(), rate, repeat)
    return [
        live.call(
            "data_processing_filter", {"data": "t", "column": "amount", "test": ">", "value": n}
        )["ok"]
        for n in range(count)
    ]


@pytest.mark.parametrize("rate", ["0.9", "0.8", "0.7", "0.6"])
def test_the_effective_rate_is_the_nominal_one_within_binomial_bounds(rate: str) -> None:
    count, nominal = 4_000, float(rate)
    got = sum(outcomes(rate, count=count)) / count
    assert abs(got - nominal) < 4 * math.sqrt(nominal * (1 - nominal) / count)


def test_failures_at_a_higher_rate_are_among_those_at_a_lower_one() -> None:
    rates = [outcomes(rate) for rate in ("0.9", "0.8", "0.7", "0.6")]
    for high, low in itertools.pairwise(rates):
        assert all(ok_high or not ok_low for ok_high, ok_low in zip(high, low, strict=True))
    assert all(outcomes("1.0"))


def test_another_repeat_has_other_draws_and_the_same_repeat_the_same() -> None:
    assert outcomes("0.8", 1) != outcomes("0.8", 0) == outcomes("0.8", 0)


def test_a_retry_is_drawn_separately_and_other_calls_do_not_shift_it() -> None:
    def tries(noise: bool) -> list[bool]:
        live, seen = WorldSession(instance(), "0.6", 0), []
        for turn in range(60):
            if noise:
                live.call("utility_logger", {"text": f"turn {turn}"})
                live.call("data_processing_aggregator", {**SUM, "data": "no"})
            seen.append(live.call("data_processing_aggregator", SUM)["ok"])
        return seen

    assert tries(False) == tries(True)
    assert 0 < sum(tries(False)) < 60


def test_a_default_given_or_not_is_the_same_call() -> None:
    one, two = WorldSession(instance(), "0.5", 0), WorldSession(instance(), "0.5", 0)
    for live, more in ((one, {}), (two, {"ahead": 1.0})):
        for _ in range(30):
            live.call("computation_predictor", {"data": "t", "column": "amount", **more})
    assert [record.ok for record in one.log] == [record.ok for record in two.log]


def test_a_failed_draw_changes_nothing_and_is_transient() -> None:
    live = WorldSession(instance(), "0.0", 0)
    reply = live.call("integration_queue", {"queue": "q", "action": "pull"})
    assert reply["error"]["transient"] is True
    assert reply["error"]["code"] in TRANSIENT_CODES
    assert live.diff() == []
    assert live.log[0].valid
    assert live.log[0].transient


def test_invalid_calls_and_the_protocols_own_tools_never_fail_by_draw() -> None:
    live = WorldSession(instance("hard"), "0.0", 0)
    assert live.call("tool_search", {"query": "queue"})["ok"]
    assert live.call("tool_info", {"name": "utility_cache"})["ok"]
    bad = {"name": "utility_helper", "arguments": {"topic": "no"}}
    assert live.call("call_tool", bad)["error"]["transient"] is False
    assert live.call("finish", {"answer": 1})["ok"]


def test_the_goal_holds_for_the_wanted_data_and_not_for_the_same_typed_in() -> None:
    goal, url = wanted_post()
    asked = instance(goal=(goal,), protected={"allow": [goal["object"]]})
    live = WorldSession(asked)
    handle = live.call("data_processing_aggregator", SUM)["result"]["handle"]
    assert [held for _, held, _ in live.goal_state(None)] == [False]
    live.call("network_poster", {"url": url, "data": handle})
    assert [held for _, held, _ in live.goal_state(None)] == [True]
    assert live.protected_broken() == []

    for typed in ({"text": "110"}, None):
        live = WorldSession(asked)
        if typed is None:
            made = live.call("computation_calculator", {"expression": "110"})["result"]["handle"]
            typed = {"data": made}
        assert live.call("network_poster", {"url": url, **typed})["ok"]
        assert [held for _, held, _ in live.goal_state(None)] == [False]


@pytest.mark.parametrize(
    ("expression", "reached"),
    [("110", False), ("0 * x + 110", False), ("110 + x - x", False), ("x + 40", True)],
)
def test_a_figure_that_is_typed_beside_a_handle_does_not_have_its_lineage(
    expression: str, reached: bool
) -> None:
    goal, url = wanted_post()
    live = WorldSession(instance(goal=(goal,), protected={"allow": [goal["object"]]}))
    most = live.call("data_processing_aggregator", {**SUM, "function": "max"})["result"]["handle"]
    values = {"expression": expression, "values": {"x": most}}
    handle = live.call("computation_calculator", values)["result"]["handle"]
    assert live.call("network_poster", {"url": url, "data": handle})["ok"]
    assert live.goal_state(None)[0][1] is reached


def test_the_same_content_from_another_source_does_not_reach_the_goal() -> None:
    goal, url = wanted_post()
    live = WorldSession(instance(goal=(goal,), protected={"allow": [goal["object"]]}))
    handle = live.call("data_processing_aggregator", {**SUM, "data": "u"})["result"]["handle"]
    live.call("network_poster", {"url": url, "data": handle})
    assert not live.goal_state(None)[0][1]


def test_posting_the_wanted_data_again_is_damage_each_time() -> None:
    goal, url = wanted_post()
    live = WorldSession(instance(goal=(goal,), protected={"allow": [goal["object"]]}))
    handle = live.call("data_processing_aggregator", SUM)["result"]["handle"]
    for _ in range(3):
        live.call("network_poster", {"url": url, "data": handle})
    damage = [f"endpoint:{url}"]
    assert [record.broke for record in live.log] == [[], [], damage, damage]


@pytest.mark.parametrize(
    ("tool", "arguments", "broken"),
    [
        ("file_operations_writer", {"path": "new", "text": "x"}, "file:new"),
        ("file_operations_writer", {"path": "a.csv", "text": "x", "overwrite": True}, "file:a.csv"),
        (
            "network_poster",
            {"url": "https://s.example/y", "text": "x"},
            "endpoint:https://s.example/y",
        ),
        ("integration_queue", {"queue": "q", "action": "pull"}, "queue:q"),
        ("integration_queue", {"queue": "p", "action": "push", "text": "x"}, "queue:p"),
        ("integration_scheduler", {"job": "j", "at": "2031-01-01 10:00", "text": "x"}, "job:j"),
        ("utility_cache", {"key": "k", "action": "put", "text": "x"}, "cache:k"),
        ("network_router", {"service": "svc", "backend": "n-1"}, "route:svc"),
        ("utility_logger", {"text": "x"}, "log:info"),
        ("utility_notifier", {"to": "mara.lind", "text": "x"}, "inbox:mara.lind"),
    ],
)
def test_what_nobody_asked_for_breaks_something_protected(
    tool: str, arguments: Json, broken: str
) -> None:
    live = WorldSession(instance())
    assert live.call(tool, arguments)["ok"]
    assert live.protected_broken() == [broken]
    assert live.log[-1].broke == [broken]
    assert [change["object"] for change in live.diff()] == [broken]


def test_one_message_may_leave_a_queue_where_the_goal_says_one() -> None:
    goal = {"kind": "taken", "object": "queue:q", "count": 1, "says": "one has left"}
    live = WorldSession(instance(goal=(goal,), protected={"allow": ["queue:q"]}))
    pull = {"queue": "q", "action": "pull"}
    live.call("integration_queue", pull)
    assert live.goal_state(None)[0][1]
    assert live.protected_broken() == []
    live.call("integration_queue", pull)
    assert live.protected_broken() == ["queue:q"]


def test_a_freed_log_may_hold_anything() -> None:
    live = WorldSession(instance(protected={"allow": ["log"]}))
    live.call("utility_logger", {"text": "x"})
    assert live.protected_broken() == []


def test_signing_in_and_handles_are_no_changes_of_the_world() -> None:
    live = WorldSession(instance())
    live.call("integration_authenticator", {"service": "svc", "credential": "cr-1"})
    live.call("data_processing_aggregator", SUM)
    assert live.diff() == []


def test_the_starting_world_is_never_edited_in_place() -> None:
    before = repr(WORLD)
    live = WorldSession(instance())
    live.call("integration_queue", {"queue": "q", "action": "pull"})
    live.call("network_poster", {"url": "https://s.example/y", "text": "x"})
    assert repr(WORLD) == before


WORDS = st.sampled_from(
    ["t", "u", "a.csv", "q", "svc", "amount", "id", "", "x", "https://s.example/y"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
TYPED = [
    '[{"a": NaN, "b": 1}]', '[{"a": [1]}, {"a": {}}]', "a,b\n1,nan\n1e999,x\n", "a\n\x00\n",
    "a\rb\n1",
]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_call_whatsoever_raises_and_every_reply_has_its_form(data: st.DataObject) -> None:
    live = WorldSession(instance(), "0.8", 0)
    handles = ["t"]
    for text in TYPED:
        live.call("utility_cache", {"key": text, "action": "put", "text": text})
        got = live.call("utility_cache", {"key": text, "action": "get"})
        handles.append(got["result"]["handle"] if got["ok"] else "t")
    for _ in range(8):
        tool = data.draw(st.sampled_from(sorted(TOOLS)))
        shape = TOOLS[tool].parameters["properties"]
        names = data.draw(st.sets(st.sampled_from(sorted(shape)))) | set(
            TOOLS[tool].parameters.get("required", [])
        )
        arguments = {
            name: data.draw(_likely(shape[name], handles) | VALUES) for name in sorted(names)
        }
        reply = live.call(tool, arguments)
        assert set(reply) == ({"ok", "result"} if reply["ok"] else {"ok", "error"})
        if reply["ok"] and "handle" in reply["result"]:
            handles.append(reply["result"]["handle"])


def _likely(shape: Json, handles: list[str]) -> st.SearchStrategy[Any]:
    """Return values that may well be right, so that calls go deep."""
    if "enum" in shape:
        return st.sampled_from(shape["enum"])
    return st.sampled_from(handles) | WORDS | st.sampled_from([0, 1, 5, -3, 1e15, 10**14, 2.5])

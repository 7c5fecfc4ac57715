"""What a tool does that passes data on in another way than its base tool."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.scenarios.tools.searched.catalogue import SEARCHED
from pilotbench.benchmark.world import goals
from pilotbench.benchmark.world.objects import content_of
from support.tools_lab import ENTRY, READ, RECORD, WORLD, A, Desk

Json = dict[str, Any]

TARGETS = {
    "url": ("endpoints", f"{A}/mistake", "endpoint"),
    "queue": ("queues", "todo", "queue"),
    "to": ("inboxes", "mara.lind", "inbox"),
    "path": ("files", "out/a.json", "file"),
    "job": ("schedule", "job-2", "job"),
    "key": ("cache", "new", "cache"),
}
AT = "2031-04-02T14:30"
BASES = {
    "url": "network_poster",
    "queue": "integration_queue",
    "to": "utility_notifier",
    "path": "file_operations_writer",
    "job": "integration_scheduler",
    "key": "utility_cache",
}
GROWS = ("endpoints", "queues", "inboxes")


def arguments_for(tool: str) -> tuple[str, Json]:
    """Return the parameter that names the target, and good arguments, of a tool that acts."""
    known = SEARCHED[tool].parameters["properties"]
    name = next(name for name in TARGETS if name in known)
    more = {"at": AT} if "at" in known else {}
    if "action" in known:
        more["action"] = "put" if name == "key" else "push"
    return name, {name: TARGETS[name][1], "data": "@", **more}


def goal(name: str) -> Json:
    """Return the goal that the target holds the record as it was read."""
    section, target, word = TARGETS[name]
    return {
        "kind": "received" if section in GROWS else "stored",
        "object": f"{word}:{target}",
        "content": content_of("record", RECORD),
        "roots": ["file:in/OR-1.json"],
        "ops": [],
    }


ACTING = sorted(
    name
    for name, tool in SEARCHED.items()
    if "data" in tool.parameters["properties"] and TARGETS.keys() & tool.parameters["properties"]
)
DELIVERS_TOO = {
    "network_replacer",
    "network_double_poster",
    "integration_queue_replacer",
    "integration_double_queue",
    "integration_express_queue",
    "utility_inbox_replacer",
    "utility_urgent_messenger",
}
"""These deliver the record, and do harm beside it."""


@pytest.mark.parametrize("tool", ACTING)
def test_only_the_base_tools_pass_a_record_on_as_it_is_and_do_nothing_else(tool: str) -> None:
    desk = Desk(SEARCHED).after(READ)
    name, arguments = arguments_for(tool)
    result = desk.call(tool, arguments)
    met = goals.holds(goal(name), WORLD, desk.world.sections, None)
    if tool in BASES.values():
        assert met
        return
    assert ("error" in result) == ("deprecated" in SEARCHED[tool].description)
    if result.get("error"):
        assert result["error"] == "retired"
    base = Desk(SEARCHED).after(READ)
    base.call(BASES[name], {**arguments_for(BASES[name])[1]})
    assert met == (tool in DELIVERS_TOO)
    if met and tool != "utility_inbox_replacer":  # its inbox was empty before
        assert desk.world.sections != base.world.sections


@pytest.mark.parametrize(
    ("tool", "entry"),
    [
        ("network_announcer", {"kind": "record", "value": {"order_id": "OR-1"}}),
        ("integration_text_queue", {"kind": "text"}),
        ("utility_rounding_messenger", {"kind": "record", "value": {**RECORD, "total": 1000}}),
        ("network_redacting_poster",
         {"value": {name: "OR-1" if name == "order_id" else "***" for name in RECORD}}),
    ],
)  # fmt: skip
def test_changed_data_is_passed_on(tool: str, entry: Json) -> None:
    desk = Desk(SEARCHED).after(READ)
    name, arguments = arguments_for(tool)
    receipt = desk.call(tool, {**arguments, "quote": 7})["receipt"]
    section, target, _ = TARGETS[name]
    last = goals.entries(section, desk.world.sections[section][target])[-1]
    assert {key: last[key] for key in entry} == entry
    assert last["quote"] == 7
    assert receipt == desk.world.receipt_of(section, target, last)
    assert list(desk.world.made) == desk.handles


@pytest.mark.parametrize(
    ("tool", "section", "names"),
    [
        ("network_broadcaster", "endpoints", [f"{A}/intake", f"{A}/mistake"]),
        ("integration_queue_broadcaster", "queues", ["none", "todo"]),
        ("utility_broadcaster", "inboxes", ["mara.lind", "tom.berg"]),
    ],
)
def test_a_broadcast_reaches_every_target_in_service(
    tool: str, section: str, names: list[str]
) -> None:
    desk = Desk(SEARCHED).after(READ)
    assert desk.call(tool, {"data": "@"}) == {"recipients": 2}
    assert goals.changed(WORLD, desk.world.sections) == [(section, name) for name in names]
    assert desk.call(tool, {"data": "x"})["error"] == "not_found"


@pytest.mark.parametrize(
    ("tool", "before", "after"),
    [
        ("integration_queue_replacer", 1, 1),
        ("integration_double_queue", 1, 3),
        ("integration_express_queue", 1, 2),
        ("network_replacer", 1, 1),
        ("network_double_poster", 1, 3),
    ],
)
def test_entries_are_replaced_doubled_or_put_in_front(tool: str, before: int, after: int) -> None:
    desk = Desk(SEARCHED).after(READ)
    name, arguments = arguments_for(tool)
    section, target, _ = TARGETS[name]
    assert len(goals.entries(section, desk.world.sections[section][target])) == before
    desk.after((tool, arguments))
    held = goals.entries(section, desk.world.sections[section][target])
    assert len(held) == after
    assert held[0 if tool == "integration_express_queue" else -1]["roots"] == ["file:in/OR-1.json"]


@pytest.mark.parametrize(
    ("tool", "section", "name"),
    [
        ("file_operations_backup_writer", "files", "out/a.json.bak"),
        ("integration_weekly_scheduler", "schedule", "job-2 (weekly)"),
        ("integration_standby_scheduler", "schedule", "job-2 (paused)"),
    ],
)
def test_some_store_under_another_name_and_say_so(tool: str, section: str, name: str) -> None:
    desk = Desk(SEARCHED).after(READ)
    assert name in desk.call(tool, arguments_for(tool)[1]).values()
    assert goals.changed(WORLD, desk.world.sections) == [(section, name)]


@pytest.mark.parametrize("tool", ["network_drafter", "integration_queue_submitter"])
def test_drafts_are_kept_apart_and_fail_where_the_base_tool_fails(tool: str) -> None:
    desk = Desk(SEARCHED).after(READ)
    name, arguments = arguments_for(tool)
    target = arguments[name]
    desk.after((tool, arguments), (tool, {**arguments, "quote": 1}))
    assert goals.changed(WORLD, desk.world.sections) == [("drafts", target)]
    held = desk.world.sections["drafts"][target]
    first = {**ENTRY, "roots": ["file:in/OR-1.json"], "ops": []}
    assert held == [first, {**first, "quote": 1}]
    assert desk.call(tool, {**arguments, name: "x"})["error"] == "not_found"


DRY = [
    ("network_rehearser", {"possible": True, "done": False}),
    ("utility_training_messenger", {"training": "passed"}),
]


@pytest.mark.parametrize(("tool", "wanted"), DRY)
def test_a_dry_run_changes_nothing_and_fails_where_the_base_tool_fails(
    tool: str, wanted: Json
) -> None:
    desk = Desk(SEARCHED).after(READ)
    name, arguments = arguments_for(tool)
    assert desk.call(tool, arguments) == wanted
    assert desk.call(tool, {**arguments, name: "x"})["error"] == "not_found"
    assert goals.changed(WORLD, desk.world.sections) == []


def test_a_credential_is_checked_without_signing_in() -> None:
    desk = Desk(SEARCHED)
    check = "integration_credential_checker"
    good = {"service": "vault", "credential": "cr-1"}
    assert desk.call(check, good) == {"valid": True, "signed_in": False}
    assert desk.call(check, {**good, "credential": "x"})["error"] == "bad_credential"
    assert not desk.world.signed_in

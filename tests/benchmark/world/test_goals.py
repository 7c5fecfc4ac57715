"""Goal predicates on a finished world, without a session."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.world.goals import broken, differences, holds, locate
from pilotbench.benchmark.world.objects import DataObject
from pilotbench.benchmark.world.state import SECTIONS, World

Json = dict[str, Any]
CONTENT = DataObject("number", 110, (), (), "").content
ENTRY: Json = {"kind": "number", "value": 110, "roots": ["table:t"], "ops": ["aggregate", "filter"]}
WANTED: Json = {
    "kind": "stored",
    "object": "job:j",
    "content": CONTENT,
    "roots": ["table:t"],
    "ops": ["validate|filter", "aggregate"],
    "at": "2031-01-01 10:00",
}


def sections(**changed: Any) -> dict[str, dict[str, Any]]:
    return {**World({}).sections, **changed}


@pytest.mark.parametrize(
    ("entry", "held"),
    [
        ({}, True),
        ({"ops": ["aggregate", "validate"]}, True),
        ({"ops": ["aggregate", "convert", "filter"], "roots": ["file:f", "table:t"]}, True),
        ({"at": "2031-01-01 11:00"}, False),
        ({"value": 111}, False),
        ({"kind": "text", "value": "110"}, False),
        ({"roots": ["table:u"]}, False),
        ({"roots": ["inline", "table:t"]}, False),
        ({"ops": ["aggregate"]}, False),
        ({"ops": ["filter"]}, False),
    ],
)
def test_stored_data_is_held_to_content_time_and_lineage(entry: Json, held: bool) -> None:
    job = {**ENTRY, "at": "2031-01-01 10:00", **entry}
    assert holds(WANTED, {}, sections(schedule={"j": job}), None) is held


def test_a_route_is_held_to_its_backend() -> None:
    wanted = {"kind": "routed", "object": "route:svc", "backend": "node-1"}
    assert holds(wanted, {}, sections(routes={"svc": "node-1"}), None)
    assert not holds(wanted, {}, sections(routes={"svc": "node-2"}), None)
    assert not holds(wanted, {}, sections(), None)


@pytest.mark.parametrize(
    ("now", "taken", "damage"),
    [
        ([1, 2, 3], False, []),
        ([2, 3], True, []),
        ([3], True, ["queue:q"]),
        ([2, 3, ENTRY], True, ["queue:q"]),
        ([1, 3], True, ["queue:q"]),
    ],
)
def test_messages_leave_a_queue_from_its_front_and_only_as_many_as_asked(
    now: list[Any], taken: bool, damage: list[str]
) -> None:
    entries = {n: {"kind": "number", "value": n} for n in (1, 2, 3)}
    start = {"queues": {"q": list(entries.values())}}
    after = sections(queues={"q": [entries.get(n, n) if isinstance(n, int) else n for n in now]})
    goal = {"kind": "taken", "object": "queue:q", "count": 1, "says": ""}
    assert holds(goal, start, after, None) is taken
    assert broken([goal], ["queue:q"], start, after) == damage


def test_every_section_has_one_word_and_back() -> None:
    assert len(set(SECTIONS.values())) == len(SECTIONS)
    for section, word in SECTIONS.items():
        assert locate(f"{word}:a:b") == (section, "a:b")


def test_differences_are_short_and_name_the_object() -> None:
    start = {"cache": {"old": {"kind": "text", "value": "x"}}}
    now = sections(cache={"new": {"kind": "text", "value": "y" * 1_000}})
    found = differences(start, now)
    assert [change["object"] for change in found] == ["cache:new", "cache:old"]
    assert found[0]["before"] == "" == found[1]["after"]
    assert len(found[0]["after"]) == 120

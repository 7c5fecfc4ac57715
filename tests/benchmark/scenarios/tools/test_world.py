from __future__ import annotations

import pytest

from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld, entry_of
from pilotbench.benchmark.world.objects import from_entry
from pilotbench.benchmark.world.tool import ToolFailure
from support.tools_lab import ENTRY, WORLD, A, Desk

MISSING = [
    ("endpoints", f"{A}/x", f"There is no endpoint called '{A}/x'.", f"endpoint:{A}/x"),
    ("backends", "x", "There is no service called 'x'.", "backends:x"),
    ("inboxes", "x", "There is no person called 'x'.", "inbox:x"),
    ("references", "x", "There is no tracking reference called 'x'.", "reference:x"),
    ("directory", "x", "There is no role called 'x'.", "role:x"),
]


@pytest.mark.parametrize(("section", "key", "message", "missing"), MISSING)
def test_what_does_not_exist_is_named_in_a_sentence(
    section: str, key: str, message: str, missing: str
) -> None:
    with pytest.raises(ToolFailure) as caught:
        ScenarioWorld(WORLD).get(section, key)
    failure = caught.value
    assert (failure.code, failure.message, failure.missing) == ("not_found", message, missing)


@pytest.mark.parametrize(
    ("section", "key"),
    [("endpoints", f"{A}/lost"), ("queues", "lost-queue"), ("databases", "lost")],
)
def test_what_is_down_is_out_of_service_for_good(section: str, key: str) -> None:
    with pytest.raises(ToolFailure) as caught:
        ScenarioWorld(WORLD).get(section, key)
    assert caught.value.message == f"{key} is out of service until further notice."
    assert (caught.value.code, caught.value.unmet) == ("out_of_service", f"in_service:{key}")


def test_a_long_name_makes_no_long_message() -> None:
    for read in (lambda world, name: world.get("files", name), ScenarioWorld.data):
        with pytest.raises(ToolFailure) as caught:
            read(ScenarioWorld(WORLD), "x" * 10_000)
        assert len(caught.value.message) <= 220


def test_a_receipt_depends_on_target_content_quote_and_salt() -> None:
    data = from_entry(ENTRY, "file:a")
    plain, quoted = entry_of(data), entry_of(data, 0)
    worlds = ScenarioWorld(WORLD), ScenarioWorld({**WORLD, "salt": "1"})
    receipts = {
        world.receipt_of(section, key, entry)
        for world in worlds
        for section, key, entry in (
            ("queues", "todo", plain),
            ("queues", "todo", quoted),
            ("queues", "none", plain),
            ("inboxes", "todo", plain),
            ("schedule", "todo", entry_of(data, at="2031-04-02T14:30")),
            ("queues", "todo", {"kind": "record", "value": {"order_id": "OR-2"}}),
        )
    }
    assert len(receipts) == 12
    assert worlds[0].receipt_of("queues", "todo", plain, data.content) in receipts


def test_an_entry_quotes_only_what_was_given() -> None:
    data = from_entry(ENTRY, "file:a")
    assert entry_of(data) == {**ENTRY, "roots": ["file:a"], "ops": []}
    assert entry_of(data, 0)["quote"] == 0


def test_a_target_is_found_by_its_name() -> None:
    world = Desk().world
    for target, section in (
        (f"{A}/intake", "endpoints"),
        ("todo", "queues"),
        ("mara.lind", "inboxes"),
        ("in/OR-1.json", "files"),
        ("job-1", "schedule"),
        ("OR-1", "cache"),
    ):
        assert world.section_of(target) == section
    with pytest.raises(ToolFailure, match="no URL, queue, person"):
        world.section_of("pool")

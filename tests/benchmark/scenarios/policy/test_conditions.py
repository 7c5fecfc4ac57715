"""Conditions hold for the records that they are drawn about, and read as plain English."""

from __future__ import annotations

import pytest

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.conditions import (
    PART_KINDS,
    Condition,
    Part,
    days_later,
    drawn_about,
    holds,
    in_words,
    phrase,
)
from support.house_rules import condition

RECORD = {
    "order_id": "OR-48213",
    "total": 4711,
    "region": "north",
    "grade": "B",
    "due": "2031-03-14",
    "slot": "2031-04-02T14:30",
}


@pytest.mark.parametrize("kind", PART_KINDS)
def test_a_condition_holds_for_its_record_and_is_read_as_it_is_meant(kind: str) -> None:
    for index in range(40):
        random = SeededRandom("condition", kind, index)
        drawn = drawn_about(random, RECORD, "total", [kind])
        assert holds(drawn, RECORD, "total")
        assert condition(phrase(random, drawn, "total"), "total") == drawn


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        (Part("due_before", ("2031-03-14",)), False),
        (Part("due_before", ("2031-03-15",)), True),
        (Part("due_from", ("2031-03-14",)), True),
        (Part("due_between", ("2031-03-14", "2031-03-20")), True),
        (Part("due_between", ("2031-03-01", "2031-03-13")), False),
        (Part("at_least", (4711,)), True),
        (Part("below", (4711,)), False),
        (Part("slot_before", (14,)), False),
        (Part("slot_from", (14,)), True),
        (Part("grades", ("A", "B")), True),
        (Part("elsewhere", ("north",)), False),
    ],
)
def test_bounds_are_as_the_words_say(part: Part, wanted: bool) -> None:
    assert holds((part,), RECORD, "total") == wanted


def test_parts_are_joined_in_plain_english() -> None:
    said: Condition = (Part("at_least", (5600,)), Part("slot_from", (8,)))
    found = {phrase(SeededRandom("join", index), said, "total") for index in range(30)}
    assert "with at least 5,600 in `total` and with a slot that begins at 8:00 or later" in found
    assert all(" and " in one for one in found)


def test_days_are_counted_and_written() -> None:
    assert days_later("2031-02-27", 3) == "2031-03-02"
    assert days_later("2031-01-02", -3) == "2030-12-30"
    assert in_words("2031-03-04") == "4 March 2031"

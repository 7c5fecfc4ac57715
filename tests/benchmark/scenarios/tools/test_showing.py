from __future__ import annotations

from itertools import islice

import pytest

from support.tools_lab import OPEN, READ, RECORD, A, Call, Desk

FEW = dict(islice(RECORD.items(), 3))
READS: list[Call] = [
    READ,
    ("network_fetcher", {"url": f"{A}/orders/OR-1"}),
    ("integration_queue", {"queue": "todo", "action": "pull"}),
    ("utility_cache", {"key": "OR-1", "action": "get"}),
    ("utility_tracker", {"reference": "trk-1"}),
]


@pytest.mark.parametrize(("tool", "arguments"), READS)
def test_a_hidden_world_shows_three_fields_and_the_viewer_all(tool: str, arguments: dict) -> None:
    desk = Desk(hidden=True)
    found = desk.call(tool, arguments)
    assert (found["record"], found["more_fields"]) == (FEW, 2)
    assert desk.call("data_processing_viewer", {"data": "@"})["record"] == RECORD


def test_a_short_record_is_shown_whole_in_a_hidden_world() -> None:
    short = {"order_id": "OR-2", "total": 1}
    desk = Desk(hidden=True, references={"trk-2": {"kind": "record", "value": short}})
    found = desk.call("utility_tracker", {"reference": "trk-2"})
    assert found["record"] == short
    assert "more_fields" not in found


def test_the_parts_of_a_record_have_the_handle_of_the_whole() -> None:
    desk = Desk()
    one = desk.call("network_fetcher", {"url": f"{A}/parts"})
    two = desk.call("network_fetcher", {"url": f"{A}/parts", "part": 2})
    assert (one["part"], two["part"]) == ("part 1 of 2", "part 2 of 2")
    assert one["record"] == FEW
    assert one["record"] | two["record"] == RECORD
    assert one["handle"] == two["handle"]
    desk.after(("network_poster", {"url": f"{A}/intake", "data": one["handle"]}))
    assert desk.world.sections["endpoints"][f"{A}/intake"]["posts"][0]["value"] == RECORD


def test_the_pages_of_the_viewer_show_every_row_once() -> None:
    desk, seen, first = Desk().after(OPEN), [], 1
    while True:
        found = desk.call("data_processing_viewer", {"data": "@", "first": first})
        seen += found["rows"]
        first += len(found["rows"])
        if not found["more_rows"]:
            break
    assert [row["order_id"] for row in seen] == [f"OR-{n}" for n in range(1, 21)]

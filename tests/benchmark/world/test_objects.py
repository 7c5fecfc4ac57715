from __future__ import annotations

import pytest

from pilotbench.benchmark.world.objects import (
    DataObject,
    as_csv,
    derived,
    from_csv,
    from_entry,
    from_json,
    to_entry,
)

ROWS = [{"id": 1, "city": "Lund", "fee": 2.5}, {"id": 2, "city": "", "fee": 3}]


def test_rows_come_back_from_csv_as_they_were() -> None:
    assert from_csv(as_csv(ROWS)) == ROWS


@pytest.mark.parametrize("text", ["", "one line", "a,b\n1\n", "a\n"])
def test_text_that_is_no_csv_has_no_rows(text: str) -> None:
    assert from_csv(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "[1]",
        '[{"a": [1]}]',
        '[{"a": null}]',
        '[{"a": NaN}]',
        '[{"a": 1e400}]',
        "[" * 9_999,
    ],
)
def test_text_that_is_no_list_of_flat_records_has_no_rows(text: str) -> None:
    assert from_json(text) is None


def test_words_that_are_no_finite_number_stay_words() -> None:
    assert from_csv("a,b,c\nnan,1e999,0x10\n") == [{"a": "nan", "b": "1e999", "c": "0x10"}]


def test_lineage_adds_up() -> None:
    one = from_entry({"kind": "number", "value": 1}, "file:a")
    two = from_entry({"kind": "number", "value": 2}, "file:b")
    made = derived("calculate", "number", 3, [one, derived("parse", "number", 2, [two])], "x + y")
    assert made.roots == ("file:a", "file:b")
    assert made.ops == ("calculate", "parse")


def test_lineage_survives_being_stored() -> None:
    made = derived(
        "filter", "table", ROWS, [from_entry({"kind": "table", "value": ROWS}, "table:t")]
    )
    again = from_entry(to_entry(made), "cache:k")
    assert (again.roots, again.ops, again.content) == (made.roots, made.ops, made.content)


def test_data_made_from_nothing_counts_as_typed() -> None:
    assert derived("calculate", "number", 3, [], "1 + 2").roots == ("inline",)


def test_content_distinguishes_kinds_but_not_lineages() -> None:
    assert (
        DataObject("text", "1", (), (), "a").content != DataObject("number", 1, (), (), "a").content
    )
    assert (
        DataObject("text", "1", ("x",), (), "a").content
        == DataObject("text", "1", (), ("y",), "b").content
    )

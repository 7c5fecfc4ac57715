"""The rows of the benchmark can be measured, and a missed target is reported."""

from __future__ import annotations

from dev.bench import database


def test_every_row_has_a_value_and_a_bar() -> None:
    rows = database.rows(small=4, large=3)
    assert len(rows) == len({row["name"] for row in rows}) == 8
    for row in rows:
        assert row["value"] > 0
        assert row["holds"] is (row["value"] < row["bar"])
    assert {row["unit"] for row in rows} == {"s", "%", "MiB"}

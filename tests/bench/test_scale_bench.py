"""The rows of the scale table can be measured; with few shards every bar holds."""

from __future__ import annotations

from pilotbench.bench import scale


def test_every_row_has_a_value_and_its_bar_holds() -> None:
    rows = list(scale.rows(20))
    assert [row["name"] for row in rows if not row["holds"]] == []
    assert all(row["value"] > 0 for row in rows)

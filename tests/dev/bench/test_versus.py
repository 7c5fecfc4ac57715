"""Players side by side: the best peer is the bar."""

from __future__ import annotations

import pytest

from dev.bench import versus
from dev.bench.row import Row, without_bar


def row(peer: str, value: float, sense: str = "at most", name: str = "time") -> Row:
    return without_bar(name, value, "s", peer=peer, sense=sense, load=1.5) | {
        "measured": "2026-01-02T03:04"
    }


@pytest.mark.parametrize(
    ("ours", "sense", "bar", "holds"),
    [
        (2.0, "at most", 2.0, True),
        (2.1, "at most", 2.0, False),
        (4.0, "at least", 4.0, True),
        (3.9, "at least", 4.0, False),
    ],
)
def test_ours_is_held_against_the_best_peer(
    ours: float, sense: str, bar: float, holds: bool
) -> None:
    rows = [row("pilot-bench", ours, sense), row("a", 2.0, sense), row("b", 4.0, sense)]
    [judged, *peers] = versus.judged([*rows, without_bar("of another table", 1, "s")])
    assert (judged["bar"], judged["holds"]) == (bar, holds)
    assert [one["bar"] for one in peers] == [None] * 3


def test_another_column_of_ours_is_no_peer_and_stands_in_where_the_first_has_no_figure() -> None:
    rows = [
        row("pilot-bench-shards", 9.0),
        row("pilot-bench", 1.0),
        row("a", 2.0),
        row("pilot-bench-shards", 9.0, name="poison"),
        row("a", 2.0, name="poison"),
    ]
    whole, first, _, alone, _ = versus.judged(versus.judged(rows))
    assert (whole["bar"], whole["holds"]) == (None, True)
    assert (first["bar"], first["holds"]) == (2.0, True)
    assert (alone["bar"], alone["holds"]) == (2.0, False)


def test_the_table_has_a_line_a_figure_and_says_where_ours_is_behind() -> None:
    rows = versus.judged(
        [
            row("pilot-bench", 3.0),
            row("a", 2.0),
            row("pilot-bench", 0.0, name="lost"),
            row("b", 0.0, name="lost"),
            without_bar("ends", True, "yes/no", peer="b", sense="at least", load=0.2)
            | {"measured": "2026-01-01T"},
        ]
    )
    assert versus.table(rows, ["pilot-bench", "a", "b"]).splitlines()[2:] == [
        "| time | 3 s | 2 s | – | 1.50 **behind** | 2026-01-02 | 1.5–1.5 |",
        "| lost | 0 s | – | 0 s |  | 2026-01-02 | 1.5–1.5 |",
        "| ends | – | – | yes |  | 2026-01-01 | 0.2–0.2 |",
    ]

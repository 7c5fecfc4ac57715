"""What a bench leaves: the rows by table, and a page that says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dev.bench import page
from dev.bench.__main__ import main
from dev.bench.row import at_least, at_most, without_bar


@pytest.mark.parametrize(
    ("row", "holds"),
    [
        (at_least("a", 0.91, "", 0.91), True),
        (at_least("a", 0.9099, "", 0.91), False),
        (at_most("a", 0, "", 0), True),
        (at_most("a", 1, "", 0), False),
        (without_bar("a", 3, "x"), True),
    ],
)
def test_a_row_says_whether_its_bar_holds(row: dict[str, Any], holds: bool) -> None:
    assert row["holds"] is holds
    assert {"name", "value", "unit", "bar", "holds"} <= set(row)


def test_a_table_takes_the_place_of_its_former_rows_alone(tmp_path: Path) -> None:
    file = tmp_path / "latest.json"
    page.keep("database", [without_bar("d", 1, "s")], file)
    page.keep("providers", [without_bar("p", 1, "s"), without_bar("q", 2, "s")], file)
    latest = page.keep("providers", [without_bar("p", 3, "s")], file)
    assert [(row["table"], row["name"], row["value"]) for row in latest["rows"]] == [
        ("providers", "p", 3),
        ("database", "d", 1),
    ]
    assert json.loads(file.read_text()) == latest
    assert set(latest["versions"]) == set(page.LIBRARIES)


def test_the_page_shows_every_row_and_marks_what_is_missed(tmp_path: Path) -> None:
    rows = [at_least("kept busy", 0.5, "", 0.9, shard_size=400), at_most("lost", 0, "", 0)]
    page.write(page.keep("providers", rows, tmp_path / "latest.json"), tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text()
    assert "| kept busy | 0.5  | ≥ 0.9 | **no** | 400 |" in text
    assert "| lost | 0  | ≤ 0 | yes |" in text


def test_a_line_for_the_terminal_names_the_bar() -> None:
    assert page.line(at_most("CPU each", 8.25, "ms", 7)).split() == (
        ["FAILS", "8.25", "ms", "CPU", "each", "(≤", "7)"]
    )


def test_a_part_of_a_table_leaves_its_other_rows(tmp_path: Path) -> None:
    file = tmp_path / "latest.json"
    page.keep(
        "peers", [without_bar("p", 1, "s", peer="a"), without_bar("q", 2, "s", peer="a")], file
    )
    latest = page.keep("peers", [without_bar("p", 3, "s", peer="a")], file, part=True)
    latest = page.keep("peers", [without_bar("p", 4, "s", peer="b")], file, part=True)
    assert {(row["name"], row["peer"]): row["value"] for row in latest["rows"]} == {
        ("q", "a"): 2,
        ("p", "a"): 3,
        ("p", "b"): 4,
    }


def test_the_page_keeps_a_table_that_was_measured_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    page.write(page.keep("providers", [without_bar("p", 1, "s")], tmp_path / "one.json"), file)
    page.write(page.keep("scale", [without_bar("s", 5, "s")], tmp_path / "other.json"), file)
    page.write(page.keep("scale", [without_bar("s", 6, "s")], tmp_path / "other.json"), file)
    text = file.read_text()
    assert text.count("\n## ") == 2
    assert "| p | 1 s |" in text
    assert "| s | 6 s |" in text
    assert "| s | 5 s |" not in text


@pytest.mark.parametrize(
    "words",
    [
        ["--job", "one"],
        ["--only", "summary", "--job", "x"],
        ["--only", "providers", "--peer", "x"],
    ],
)
def test_a_part_of_a_table_that_has_none_is_one_clear_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert f"{words[-2]} goes with --only" in capsys.readouterr().err.splitlines()[-1]

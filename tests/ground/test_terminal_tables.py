"""Tables align what a terminal shows, and fit it."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len

from pilotbench.ground.terminal_tables import TextColumn, columns, table, terminal_width

HEAD = [TextColumn("model", names=True), TextColumn("requests", right=True), TextColumn("state")]
ROWS = [["通义千问", "9,300", "well"], ["gpt", "7", "paused for 12 s, then asked again"]]


def test_a_pipe_gets_one_line_per_row_whatever_its_length() -> None:
    assert table(HEAD, ROWS).splitlines() == [
        "model     requests  state",
        "通义千问     9,300  well",
        "gpt              7  paused for 12 s, then asked again",
    ]


def test_wide_characters_take_two_columns() -> None:
    starts = [cell_len(line[: line.index(word)]) for line, word in zip(
        table(HEAD, ROWS).splitlines(), ("state", "well", "paused"), strict=True)]  # fmt: skip
    assert len(set(starts)) == 1


@pytest.mark.parametrize("width", [30, 40, 60, 80])
def test_a_narrow_terminal_wraps_words_and_loses_none(width: int) -> None:
    text = table(HEAD, ROWS, width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert " ".join(text.split()).count("again") == 1
    assert "9,300" in text


def test_a_long_name_is_cut_and_a_number_never() -> None:
    text = table(HEAD, [["a-model-with-a-very-long-name", "1,234,567", "well"]], 30)
    assert "a-model-wit…" in text or "a-model-with…" in text
    assert "1,234,567" in text


def test_a_cell_may_have_several_lines() -> None:
    text = table(columns(["a", "b"]), [["1\n22", "x"], ["3", "y"]])
    assert text.splitlines() == ["a   b", "1   x", "22", "3   y"]


def test_names_are_cut_before_anything_wraps() -> None:
    head = [TextColumn("model", names=True), TextColumn("success", right=True)]
    text = table(head, [["qwen2.5-3b-instruct", "90.0 % [69.9, 97.2]"]], 35)
    assert text.splitlines()[1] == "qwen2.5-3b-in…  90.0 % [69.9, 97.2]"


def test_markup_and_brackets_are_text() -> None:
    assert table(columns(["a"]), [["[bold]90 % [69, 97]"]]) == "a\n[bold]90 % [69, 97]"


def test_what_is_no_terminal_has_no_width() -> None:
    assert terminal_width(io.StringIO()) is None


def test_a_table_without_rows_is_its_head() -> None:
    assert table(HEAD, []) == "model  requests  state"

"""The result table on one screen: what is left out, and what never is."""

from __future__ import annotations

import pytest

from pilotbench.build.end_screen import BESIDE, fitted

SCORES = "\n".join(["model  success", *(f"m{n:02}    {90 - n} %" for n in range(30))])
FURTHER = "\n".join(["model  horizon", *(f"m{n:02}    {n}" for n in range(30))])
SAYS = "m00: 90 %, the highest score of all the models that were asked.\n3 episodes are owed:"
FILE = "results/summary/summary.txt"


def test_where_there_is_room_nothing_is_left_out() -> None:
    text = f"{SCORES}\n\n{FURTHER}\n\n{SAYS}"
    assert fitted(f"{text}\n", 80, 100, FILE) == text


def test_further_tables_are_left_out_first() -> None:
    found = fitted(f"{SCORES}\n\n{FURTHER}\n\n{FURTHER}\n\n{SAYS}", 80, 45, FILE)
    assert found == f"{SCORES}\n\n{SAYS}\n2 more tables: {FILE}"


@pytest.mark.parametrize("height", [24, 30])
@pytest.mark.parametrize("width", [40, 80, 140])
def test_the_best_rows_and_what_they_mean_stay(width: int, height: int) -> None:
    found = fitted(f"{SCORES}\n\n{FURTHER}\n\n{SAYS}", width, height, FILE)
    lines = found.splitlines()
    assert len(lines) <= height - BESIDE
    assert max(map(len, lines)) <= max(width, len(lines[-1]))
    assert lines[:3] == SCORES.splitlines()[:3]
    assert lines[-1].endswith(f" more rows and 1 more table: {FILE}")
    assert "3 episodes are owed:" in lines
    assert set(found.split()) <= {*SCORES.split(), *SAYS.split(), *lines[-1].split()}


def test_on_a_tiny_screen_a_few_rows_remain() -> None:
    assert "m00    90 %" in fitted(f"{SCORES}\n\n{SAYS}", 80, 5, FILE)

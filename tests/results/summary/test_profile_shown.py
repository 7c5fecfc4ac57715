"""Figures of the profile: drawn where there is data, with the numbers of the tables."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.model import report
from pilotbench.results.summary.export_files import as_json
from pilotbench.results.summary.figures.base import Source
from pilotbench.results.summary.figures.profile import axes, lengths
from pilotbench.results.summary.terminal_table import _profile
from support import simulated_models as sim

TRUTH = {"strong": 24.0, "weak": 6.0}


def chance(cell: Cell, index: int) -> float:
    if cell.task == "horizon":
        return float(0.5 ** (LEVELS["horizon"][cell.difficulty].items / TRUTH[cell.model]))
    return 0.7


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A report of two models on two axes."""
    monkeypatch.setattr(sim, "chance", chance)
    monkeypatch.setattr(sim, "TASKS", tuple(LEVELS))
    cells = [
        Cell(model, "baseline", task, level, "0.8")
        for model in TRUTH
        for task in ("horizon", "policy")
        for level in LEVELS[task]
    ]
    return report(sim.data(sim.records(cells, 20)))


def drawn(told: Any, figure: Any) -> Any:
    return figure(Source(told.data, told.tables, told.episodes, told.uses, told.costs))


def test_there_is_a_chart_per_model_with_a_point_per_length(told):
    spec = drawn(told, lengths).spec
    rows = spec["data"]["values"]
    assert [(row["model"], row["items"]) for row in rows] == [
        (model, items) for model in TRUTH for items in (2, 4, 8, 16, 32, 64)
    ]
    assert spec["facet"]["row"]["sort"] == list(told.ranking.rows["model"])
    assert spec["usermeta"]["inner"]


def test_there_is_a_chart_per_axis_with_a_line_per_model(told):
    spec = drawn(told, axes).spec
    assert {(row["axis"], row["model"]) for row in spec["data"]["values"]} == {
        ("policy", model) for model in TRUTH
    }


def test_the_terminal_has_a_row_per_model(told):
    (text,) = _profile(as_json(told), 200)
    assert [line.split()[0] for line in text.splitlines() if line.startswith(tuple(TRUTH))] == list(
        TRUTH
    )
    assert "horizon [95 %]" in text


def test_there_is_neither_table_nor_figure_without_a_task_of_version_4():
    told = report(sim.data(sim.records(sim.standard_cells(("strong",))[:2], 5)))
    assert not [name for name in told.tables if name.startswith("profile")]
    assert (drawn(told, lengths), drawn(told, axes)) == (None, None)
    assert list(_profile(as_json(told), 200)) == []

"""The heat map of difficulties: the named ones, without the levels of version 4's axes."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.world.levels import DIFFICULTIES
from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.model import report
from pilotbench.results.summary.figures.base import Drawing, Source
from pilotbench.results.summary.figures.skill import heat
from support import simulated_models as sim

VERSION_3 = {"simple_task": DIFFICULTIES}
PACK = {"pack": ("none",)}
WORKFLOW = {"workflow": LEVELS["workflow"]}
AXES = {"horizon": LEVELS["horizon"], "policy": LEVELS["policy"]}


@pytest.fixture(autouse=True)
def _any_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim, "chance", lambda cell, index: 0.5)
    monkeypatch.setattr(sim, "TASKS", (*VERSION_3, *PACK, *LEVELS))


def reported(levels: Any) -> Any:
    """Return the report of two models that were asked tasks at their levels."""
    cells = [
        Cell(model, "baseline", task, level, "0.8")
        for model in ("strong", "weak")
        for task, named in levels.items()
        for level in named
    ]
    return report(sim.data(sim.records(cells, 4)))


def drawn(levels: Any, axis: str = "difficulty") -> Drawing | None:
    """Return the heat map of difficulties, or of another axis."""
    told = reported(levels)
    return heat(Source(told.data, told.tables, told.episodes, told.uses, told.costs), axis)


def columns(drawing: Drawing, axis: str = "difficulty") -> set[str]:
    return {row[axis] for row in drawing.spec["data"]["values"]}


@pytest.mark.parametrize(
    ("levels", "seen"),
    [
        (VERSION_3, {*DIFFICULTIES}),
        (VERSION_3 | PACK | AXES, {*DIFFICULTIES, "none"}),
        (WORKFLOW | AXES, {*DIFFICULTIES}),
        (VERSION_3 | WORKFLOW, {*DIFFICULTIES}),
    ],
    ids=["version 3", "with a pack and axes", "version 4", "both versions"],
)
def test_the_map_of_difficulties_has_the_named_ones_only(levels, seen):
    assert columns(drawn(levels)) == seen


def test_the_columns_are_in_the_order_of_difficulty():
    across = drawn(AXES | VERSION_3 | PACK).spec["layer"][0]["encoding"]["x"]
    assert across["sort"] == [*DIFFICULTIES, "none"]


def test_axes_alone_have_no_map_of_difficulties():
    assert drawn(AXES) is None
    assert columns(drawn(AXES, "task"), "task") == {*AXES}


def test_levels_of_one_name_and_unlike_meaning_are_not_pooled():
    tables = reported(VERSION_3 | WORKFLOW).tables
    assert set(tables["by_difficulty"].frame["n"]) == {4}
    assert "the levels of workflow are in the table of levels" in tables["by_difficulty"].says
    assert set(tables["profile_levels"].frame["difficulty"]) == {*DIFFICULTIES}
    assert set(reported(WORKFLOW).tables["by_difficulty"].frame["difficulty"]) == {*DIFFICULTIES}

"""With owed episodes, every table and figure shows bounds and none shows a score."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from pilotbench.results.analysis.formatting import grid
from pilotbench.results.analysis.load import CELL
from pilotbench.results.analysis.model import report
from pilotbench.results.summary import figures, page
from pilotbench.results.summary.figures.base import Source
from support import simulated_models as sim

PROMPTS = ("baseline", "optimal", "flawed_tool_misuse")
TABLES = ("ranking", "model_prompt", "success", "cells", "by_task", "by_tool_success_rate")
FAMILIES = ("models", "prompts", "flaws", "followed", "reliability", "difficulty")


def owing(data, model, below):
    """Return the data with the episodes of a model's first instances owed."""
    frame = data.episodes
    gone = frame[(frame["model"] == model) & (frame["index"] < below)]
    counts = gone.groupby(CELL).size()
    places = data.cells[CELL].itertuples(index=False, name=None)
    owed = [int(counts.get(place, 0)) for place in places]
    return replace(
        data,
        episodes=frame.drop(gone.index).reset_index(drop=True),
        owed=gone[[*CELL, "index", "repeat"]].assign(kind="RateLimit", message="HTTP 429"),
        cells=data.cells.assign(owed=owed, completed=data.cells["completed"] - owed),
    )


@pytest.fixture(scope="module")
def told():
    """Two models, of which one owes three of eight instances everywhere; two repeats."""
    cells = [c for c in sim.standard_cells(("strong", "weak")) if c.prompt in PROMPTS]
    return report(owing(sim.data(sim.records(cells, 8, repeats=2)), "weak", 3))


@pytest.fixture(scope="module")
def drawn(told):
    source = Source(told.data, told.tables, told.episodes, told.uses)
    return {figure.name: drawing for figure, drawing in figures.drawings(source).items()}


def of(frame, model):
    column = "model" if "model" in frame else "arm"
    return frame[frame[column] == model]


@pytest.mark.parametrize("name", TABLES)
def test_bounds_replace_a_score(told, name):
    frame = told.tables[name].frame
    weak, strong = of(frame, "weak"), of(frame, "strong")
    assert weak["success_rate_all"].isna().all()
    assert (weak["upper"] - weak["lower"]).tolist() == pytest.approx([0.375] * len(weak))
    assert strong["success_rate_all"].tolist() == pytest.approx(strong["lower"].tolist())


@pytest.mark.parametrize("kind", FAMILIES)
def test_worst_cases_replace_a_difference(told, kind):
    frame = told.tables[f"contrasts_{kind}"].frame
    owed = frame[frame["owed"] > 0]
    assert len(owed) > 0
    assert owed[["difference", "low", "high", "p", "p_holm", "detectable"]].isna().all(axis=None)
    assert not owed["told_apart"].any()
    assert (owed["lower"] < owed["upper"]).all()
    assert "no conclusion is drawn" in told.tables[f"contrasts_{kind}"].says


def test_bounds_replace_shares_of_flaws_and_pass_at_k(told):
    flaws, repeats = (of(told.tables[name].frame, "weak") for name in ("flaws", "repeats"))
    for frame, names in (
        (flaws, ("followed", "excess_over_optimal")),
        (repeats, ("pass@1", "pass@2", "pass^2")),
    ):
        for name in names:
            assert frame[name].isna().all()
            assert (frame[f"{name}_lower"] < frame[f"{name}_upper"]).all()


def test_the_page_shows_bounds_in_the_column_of_the_score(told):
    frame = told.tables["model_prompt"].frame
    row = next(row for row in grid(frame, told.data).rows if row.words["model"] == "weak")
    first = of(frame, "weak").iloc[0]
    words = f"{100 * first['lower']:.1f} to {100 * first['upper']:.1f} %"
    assert words in [cell.text for cell in row.cells]
    cell = of(told.tables["cells"].frame, "weak").iloc[0]
    words = f"{100 * cell['lower']:.1f} to {100 * cell['upper']:.1f} %"
    assert words in page.cells(told)["json"]


@pytest.mark.parametrize(
    ("figure", "low", "high"),
    [
        ("success", "lower", "upper"),
        ("reliability", "lower", "upper"),
        ("prompt_effect", "lower", "upper"),
        ("flaw_effect", "lower", "upper"),
        ("followed_excess", "lower", "upper"),
        ("followed", "followed_lower", "followed_upper"),
    ],
)
def test_figures_draw_the_bounds(drawn, figure, low, high):
    spec = drawn[figure].spec
    rows = [row for row in spec["data"]["values"] if row["model"] == "weak"]
    assert rows
    assert all(row[low] < row[high] for row in rows)
    marks = [layer["mark"] for layer in spec["layer"]]
    assert any(isinstance(mark, dict) and mark.get("strokeDash") == [2, 3] for mark in marks)


def test_a_map_has_both_bounds_as_its_label_and_no_colour(drawn):
    rows = [r for r in drawn["heat_task"].spec["data"]["values"] if r["model"] == "weak"]
    assert rows
    assert all(row["success_rate_all"] is None and "–" in row["label"] for row in rows)


@pytest.mark.parametrize("lost", [2, 5, 8])
def test_equal_models_whose_failures_are_owed_are_not_distinguished(lost):
    cells = [c for c in sim.standard_cells(("strong", "middle")) if c.prompt == "baseline"]
    data = sim.data(sim.records(cells))
    solved = data.episodes["index"] >= lost  # both models fail the same instances
    data = replace(data, episodes=data.episodes.assign(success=solved))
    found = report(owing(data, "middle", lost)).ranking
    assert not found.contrasts["told_apart"].any()
    row = found.contrasts.iloc[0]
    assert row["lower"] <= 0 <= row["upper"]
    assert isinstance(found.rows, pd.DataFrame)
    assert set(found.rows["letters"]) == {""}

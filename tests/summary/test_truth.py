"""Three simulated models of known skill on the standard matrix: the numbers shown are true."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from pilotbench.records import Cell
from pilotbench.summary.figures import figures
from pilotbench.summary.figures.base import Source
from support import simulated_models as sim


@pytest.fixture(scope="module")
def drawn(told):
    """The figures by name."""
    source = Source(told.data, told.tables, told.episodes, told.uses)
    return {figure.name: figure for figure in figures(source)}


def true_rate(told, row):
    """Return the mean true chance over exactly the cells that the row is made of."""
    cells = told.data.cells
    words = [w for w in ("model", "prompt", "task", "difficulty", "tool_success_rate") if w in row]
    for word in words:
        cells = cells[cells[word] == row[word]]
    chances = [
        sim.chance(Cell(c.model, c.prompt, c.task, c.difficulty, c.tool_success_rate), index)
        for c in cells.itertuples()
        for index in range(20)
    ]
    return float(np.mean(chances))


def covered(told, rows, low, high, truth):
    return np.mean([row[low] <= truth(told, row) <= row[high] for row in rows])


def test_rates_of_cells_and_pairs_cover_the_known_truth(told):
    for name in ("model_prompt", "cells"):
        rows = told.tables[name].frame.to_dict("records")
        share = covered(told, rows, "success_rate_all_low", "success_rate_all_high", true_rate)
        assert share >= 0.93, name


def test_the_ranking_is_the_known_order_and_covers_the_known_skill(told):
    rows = told.ranking.rows.to_dict("records")
    assert [row["model"] for row in rows] == ["strong", "middle", "weak"]
    assert [row["rank"] for row in rows] == [1, 2, 3]
    for row in rows:
        truth = true_rate(told, row | {"prompt": "baseline"})
        assert row["success_rate_all_low"] <= truth <= row["success_rate_all_high"]


def true_level(model, prompt, task=None, difficulty="easy", rate="0.8"):
    tasks = [task] if task else sim.TASKS
    cells = [Cell(model, prompt, t, difficulty, rate) for t in tasks]
    return float(np.mean([sim.chance(c, i) for c, i in product(cells, range(20))]))


def figure_rows(drawn, name):
    return drawn[name].spec["data"]["values"]


def inside(row):
    return row["success_rate_all_low"], row["success_rate_all_high"]


def test_success_by_model_and_prompt_is_like_for_like(drawn):
    rows = figure_rows(drawn, "success")
    assert {(r["model"], r["prompt"]) for r in rows} == set(
        product(sim.SKILL, ("baseline", "cot", "optimal"))
    )
    truths = [true_level(r["model"], r["prompt"]) for r in rows]
    hits = [inside(r)[0] <= t <= inside(r)[1] for r, t in zip(rows, truths, strict=True)]
    assert sum(hits) >= len(hits) - 1


def test_the_reliability_curve_is_the_known_one(drawn):
    rows = [r for r in figure_rows(drawn, "reliability") if r["prompt"] == "optimal"]
    assert len(rows) == 15
    truths = [true_level(r["model"], "optimal", rate=r["tool_success_rate"]) for r in rows]
    hits = [inside(r)[0] <= t <= inside(r)[1] for r, t in zip(rows, truths, strict=True)]
    assert sum(hits) >= len(hits) - 1


def test_the_difficulty_map_compares_levels_at_the_same_rate(told):
    frame = told.tables["by_difficulty"].frame
    rows = frame[frame["prompt"] == "optimal"].to_dict("records")
    truths = [true_level(r["model"], "optimal", difficulty=r["difficulty"]) for r in rows]
    assert {r["planned"] for r in rows} == {100}
    assert all(inside(r)[0] <= t <= inside(r)[1] for r, t in zip(rows, truths, strict=True))


@pytest.mark.parametrize("figure", ["prompt_effect", "flaw_effect"])
def test_paired_differences_cover_the_known_ones(drawn, figure):
    rows = figure_rows(drawn, figure)
    base = {"prompt_effect": "baseline", "flaw_effect": "optimal"}[figure]
    truths = [true_level(row["model"], row["arm"]) - true_level(row["model"], base) for row in rows]
    hits = [r["low"] <= t <= r["high"] for r, t in zip(rows, truths, strict=True)]
    assert sum(hits) >= 0.9 * len(hits)


def test_every_figure_has_a_table_words_for_the_blind_and_data(told, drawn):
    assert len(drawn) == 13
    for figure in drawn.values():
        assert figure.table in told.tables
        assert len(figure.alt) > 40
        assert figure.spec.get("data", {}).get("values") or figure.spec["datasets"]


def test_cost_and_tokens_are_the_sums_of_the_episodes(told):
    wanted = told.data.scored
    assert told.facts.cost_usd == pytest.approx(wanted["cost_usd"].sum())
    assert told.facts.tokens == wanted["tokens_input"].sum() + wanted["tokens_output"].sum()
    assert told.facts.cost_unknown == (wanted["model"] == "weak").sum()


def test_players_bound_the_table_and_do_not_rank(told):
    assert set(told.ranking.players["player"]) == {"oracle", "random"}
    assert set(told.ranking.rows["model"]) == set(sim.SKILL)
    assert (told.tables["cells"].frame["oracle_ceiling"] >= 0.95).all()

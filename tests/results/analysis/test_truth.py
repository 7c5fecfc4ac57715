"""Three simulated models of known skill on the standard matrix: the numbers shown are true."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from pilotbench.matrix.cells import Cell
from pilotbench.results.summary.figures import FIGURES, drawings
from pilotbench.results.summary.figures.base import Section, Source
from support import simulated_models as sim


@pytest.fixture(scope="module")
def drawn(told):
    """The figures by name."""
    source = Source(told.data, told.tables, told.episodes, told.uses, told.costs)
    return {figure.name: drawing for figure, drawing in drawings(source).items()}


def true_rate(told, row):
    """Return the mean true success probability over the cells of the row."""
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


def test_the_task_map_is_the_known_one(drawn):
    rows = [r for r in figure_rows(drawn, "heat_task") if r["prompt"] == "baseline"]
    assert len(rows) == 15
    truths = [true_level(r["model"], "baseline", r["task"]) for r in rows]
    hits = [inside(r)[0] <= t <= inside(r)[1] for r, t in zip(rows, truths, strict=True)]
    assert sum(hits) >= len(hits) - 1


def test_cost_against_success_is_the_known_skill_at_the_known_price(drawn):
    rows = {r["model"]: r for r in figure_rows(drawn, "pareto")}
    assert set(rows) == {"strong", "middle"}  # the price of weak is not known
    for model, row in rows.items():
        assert inside(row)[0] <= true_level(model, "baseline") <= inside(row)[1]
        into, out = sim.PRICE[model]
        wanted = (MEAN_INPUT * into + MEAN_OUTPUT * out) / 1e6
        assert row["cost_per_episode"] == pytest.approx(wanted, rel=0.12)
        assert row["front"]


TURNS = np.arange(3, 11)  # equally likely
MEAN_INPUT = float(np.mean([sum(900 + 150 * t for t in range(n)) for n in TURNS]))
LATENCIES = 0.4 + 2.2 * ((np.arange(10_000) + 0.5) / 10_000) ** 3
MEAN_OUTPUT = float(TURNS.mean() * np.mean(60 + np.floor(40 * LATENCIES)))


def test_a_flaw_is_followed_as_often_as_is_known(drawn):
    rows = figure_rows(drawn, "followed")
    assert len(rows) == 3 * len(sim.FLAWS)
    for row in rows:
        assert row["followed"] == pytest.approx(0.4, abs=4 * (0.24 / 100) ** 0.5)
        assert row["same_under_optimal"] == pytest.approx(0.1, abs=4 * (0.09 / 100) ** 0.5)


def test_what_is_due_to_a_flaw_is_the_known_difference(drawn):
    rows = figure_rows(drawn, "followed_excess")
    assert len(rows) == 3 * len(sim.FLAWS)
    hits = [row["low"] <= 0.3 <= row["high"] for row in rows]
    assert sum(hits) >= 0.9 * len(hits)


def test_turns_have_the_known_quantiles(drawn):
    rows = figure_rows(drawn, "turns")
    assert len(rows) == 9
    for row in rows:
        found = [row[name] for name in ("p10", "p25", "p50", "p75", "p90")]
        assert found == pytest.approx(np.quantile(TURNS, [0.1, 0.25, 0.5, 0.75, 0.9]), abs=1)


def test_tokens_are_those_of_the_known_turns(drawn):
    rows = figure_rows(drawn, "tokens")
    for line in {row["line"] for row in rows}:
        kinds = {row["kind"]: row["tokens"] for row in rows if row["line"] == line}
        whole = kinds["input, fresh"] + kinds["input, cached"]
        assert whole == pytest.approx(MEAN_INPUT, rel=0.15)
        assert kinds["output"] + kinds["reasoning"] == pytest.approx(MEAN_OUTPUT, rel=0.15)


def test_the_sentence_about_tokens_counts_all_of_them(drawn):
    totals: dict[Any, Any] = {}
    for row in figure_rows(drawn, "tokens"):
        key = (row["model"], row["prompt"])
        totals[key] = totals.get(key, 0) + row["tokens"]
    low, high = (f"{pick(totals.values()):,.3g}" for pick in (min, max))
    assert drawn["tokens"].alt.startswith(f"Tokens per episode: from {low} (")
    assert f" to {high} (" in drawn["tokens"].alt


def test_each_failed_episode_has_one_error(told, drawn):
    rows = figure_rows(drawn, "errors")
    rates = told.tables["model_prompt"].frame.to_dict("records")
    assert len(rates) == 30
    for rate in rates:
        mine = [r["calls"] for r in rows if (r["model"], r["prompt"]) == key(rate)]
        assert sum(mine) == pytest.approx(100 * (1 - rate["success_rate_all"]))
        truth = 100 * (1 - true_rate(told, rate))
        low, high = (100 * (1 - limit) for limit in reversed(inside(rate)))
        assert low - 1 <= truth <= high + 1


def key(row):
    return row["model"], row["prompt"]


def test_latency_has_the_known_percentiles(drawn):
    rows = figure_rows(drawn, "latency")
    assert len(rows) == 12
    for row in rows:
        wanted = np.percentile(LATENCIES, float(row["percentile"][1:]))
        assert row["s"] == pytest.approx(wanted, rel=0.05)


def test_the_area_under_requests_in_flight_is_the_time_that_they_took(told, drawn):
    rows, frame = figure_rows(drawn, "timeline"), told.data.requests
    for use in told.uses:
        mine = [row for row in rows if row["key"] == use.key]
        width = 60 * (mine[1]["at"] - mine[0]["at"])
        took = frame.loc[frame["key"] == use.key, "latency_s"].sum()
        assert sum(row["in_flight"] for row in mine) * width == pytest.approx(took)
        assert {row["slots"] for row in mine} == {sim.SLOTS[use.key]}
        wanted = took / (use.load.active_s * sim.SLOTS[use.key])
        assert use.utilisation == pytest.approx(wanted)


def test_every_figure_has_a_table_alt_text_and_data(told, drawn):
    others = (Section.JUDGES, Section.METRICS, Section.PROFILE)  # of packs, and of version 4
    wanted = [figure for figure in FIGURES if figure.section not in others]
    assert list(drawn) == [figure.name for figure in wanted]
    assert {figure.table for figure in wanted} <= set(told.tables)
    for drawing in drawn.values():
        assert len(drawing.alt) > 40
        assert drawing.spec.get("data", {}).get("values") or drawing.spec["datasets"]


def test_cost_and_tokens_are_the_sums_of_the_episodes(told):
    wanted = told.data.scored
    assert told.facts.cost_usd == pytest.approx(wanted["cost_usd"].sum())
    assert told.facts.tokens == wanted["tokens_input"].sum() + wanted["tokens_output"].sum()
    assert told.facts.cost_unknown == (wanted["model"] == "weak").sum()


def test_players_bound_the_table_and_do_not_rank(told):
    assert set(told.ranking.players["player"]) == {"oracle", "random"}
    assert set(told.ranking.rows["model"]) == set(sim.SKILL)
    assert (told.tables["cells"].frame["oracle_ceiling"] >= 0.95).all()

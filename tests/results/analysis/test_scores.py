"""Rates, effort and coverage of a group, with repeats and without episodes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.model import report
from pilotbench.results.analysis.scores import RATES, cell_table, prepared, scores
from pilotbench.results.statistics.intervals import rate
from pilotbench.results.summary import page
from support import simulated_models as sim

CELL = Cell("strong", "baseline", "data_pipeline", "easy", "0.8")


def table_of(instances=20, repeats=1, owed=0):
    data = sim.data(sim.records([CELL], instances, repeats), {CELL: owed})
    return data, cell_table(data, prepared(data)).iloc[0]


def test_a_cell_is_the_wilson_interval_of_its_instances():
    data, row = table_of()
    wanted = rate(data.episodes["success"].astype(float))
    found = (row["success_rate"], row["success_rate_low"], row["success_rate_high"])
    assert found == pytest.approx((wanted.value, wanted.low, wanted.high))


def test_repeats_give_the_interval_of_instance_means():
    data, row = table_of(instances=40, repeats=4)
    means = data.episodes.groupby("index")["success"].mean()
    wanted = rate(means, repeats=4)
    assert row["n"] == 40
    assert (row["success_rate_low"], row["success_rate_high"]) == pytest.approx(
        (wanted.low, wanted.high)
    )


def test_planned_is_the_sum_of_its_parts_and_bounds_stand_in_for_a_score_with_owed():
    _, row = table_of(owed=5)
    assert row["planned"] == row["completed"] + row["refused"] + row["owed"] + row["not_applicable"]
    assert row[[f"{rate}{end}" for rate in RATES for end in ("", "_low", "_high")]].isna().all()
    assert (row["lower"], row["upper"]) == (
        row["full_success"] / 25,
        (row["full_success"] + 5) / 25,
    )


def test_levels_add_up_to_the_completed():
    _, row = table_of()
    assert row["full_success"] + row["partial_success"] + row["failure"] == row["completed"]


def test_a_price_that_is_unknown_for_one_episode_leaves_no_cost():
    data, _ = table_of()
    frame = data.episodes.copy()
    frame.loc[3, "cost_usd"] = np.nan
    row = cell_table(data, prepared(replace(data, episodes=frame))).iloc[0]
    assert np.isnan(row["cost_usd"])
    assert np.isnan(row["cost_per_success"])


def test_tokens_that_are_unknown_for_one_episode_leave_no_tokens_per_episode():
    data, known = table_of()
    frame = data.episodes.copy()
    frame.loc[3, ["tokens_input", "tokens_output"]] = np.nan
    row = cell_table(data, prepared(replace(data, episodes=frame))).iloc[0]
    assert known["tokens_per_episode"] > 0
    assert np.isnan(row["tokens_per_episode"])


def test_the_effective_rate_is_that_of_calls_that_could_fail():
    data, row = table_of(instances=100)
    frame = data.episodes
    assert row["effective_rate"] == 1 - frame["transient_met"].sum() / frame["drawn_calls"].sum()


def test_nothing_finished_still_has_its_plan():
    data, _ = table_of()
    empty = replace(data, episodes=data.episodes.iloc[:0])
    cells = data.cells.assign(completed=0, owed=20)
    found = scores(prepared(empty), cells, ["model"])
    assert found["planned"].tolist() == [20]
    told = report(replace(empty, cells=cells))
    assert told.verdict == "No episode under baseline is finished yet."
    shown = page.cells(told)
    assert (shown["count"], shown["bar"]) == (len(cells), -1)


def test_an_index_seen_at_five_rates_is_one_instance():
    cells = [c for c in sim.standard_cells(("strong",)) if c.prompt == "optimal"]
    data = sim.data(sim.records(cells))
    row = scores(prepared(data), data.cells, ["model"]).iloc[0]
    assert (row["n"], row["planned"]) == (100, 700)


PER_SUCCESS = ["cost_per_success_low", "cost_per_success_high"]


def test_a_cost_per_success_has_an_interval_of_its_instances():
    data, row = table_of(instances=40, repeats=3)
    assert row["cost_per_success_low"] < row["cost_per_success"] < row["cost_per_success_high"]
    wins, usd = data.episodes["success"].sum(), data.episodes["cost_usd"].sum()
    assert row["cost_per_success"] == pytest.approx(usd / wins)
    fewer = table_of(instances=10, repeats=3)[1]
    assert fewer["cost_per_success_high"] > row["cost_per_success_high"]


@pytest.mark.parametrize("lacking", ["a price", "a result", "a success"])
def test_a_cost_per_success_without_its_parts_has_no_interval(lacking):
    data, _ = table_of(owed=3 if lacking == "a result" else 0)
    frame = data.episodes.copy()
    if lacking == "a price":
        frame.loc[3, "cost_usd"] = np.nan
    if lacking == "a success":
        frame = frame.assign(success=False, level="failure")
    row = cell_table(data, prepared(replace(data, episodes=frame))).iloc[0]
    assert row[PER_SUCCESS].isna().all()

"""What was paid: by model and key, known and unknown apart, and over time against the budget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.costs import costs, over_time
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.model import report
from pilotbench.results.analysis.scores import prepared
from pilotbench.results.summary.figures import money
from pilotbench.results.summary.figures.base import Drawing, Source
from support import simulated_models as sim

CELLS = [Cell(model, "baseline", "data_pipeline", "easy", "0.8") for model in sim.SKILL]


def data_of(cells: list[Cell] = CELLS, **changes: Any) -> SummaryData:
    return replace(sim.data(sim.records(cells, 10)), **changes)


def rows_of(frame: pd.DataFrame, *keys: str) -> dict[tuple[str, ...], dict[Any, Any]]:
    return {tuple(row[key] for key in keys): row for row in frame.to_dict("records")}


def test_known_and_unknown_costs_are_apart_and_keys_add_up_to_models():
    data = data_of()
    paid = costs(data, prepared(data))
    models, keys = rows_of(paid.models, "model"), rows_of(paid.keys, "model", "key")
    for model in sim.SKILL:
        mine = data.requests[data.requests["model"] == model]
        usd = mine["cost_usd"].sum(min_count=1)
        row = models[(model,)]
        parts = [one for (name, _), one in keys.items() if name == model]
        assert row["requests"] == len(mine) == sum(part["requests"] for part in parts)
        assert row["unpriced"] == mine["cost_usd"].isna().sum()
        assert row["known_usd"] == pytest.approx(usd, nan_ok=True)
        assert sum(part["known_usd"] for part in parts) == pytest.approx(usd, nan_ok=True)
        assert np.isnan(row["known_usd"]) == (sim.PRICE[model] is None)
    assert paid.total["requests"] == len(data.requests)
    assert paid.known_usd == pytest.approx(data.requests["cost_usd"].sum())


def test_shares_are_those_of_the_tokens():
    data = data_of()
    row = rows_of(costs(data, prepared(data)).models, "model")[("strong",)]
    mine = data.requests[data.requests["model"] == "strong"]
    wanted = mine["tokens_cached"].sum() / mine["tokens_input"].sum()
    assert row["cached_share"] == pytest.approx(wanted)
    wanted = mine["tokens_reasoning"].sum() / mine["tokens_output"].sum()
    assert row["reasoning_share"] == pytest.approx(wanted)


def test_the_cost_per_success_has_an_interval():
    data = data_of()
    row = rows_of(costs(data, prepared(data)).models, "model")[("strong",)]
    assert row["cost_per_success_low"] < row["cost_per_success"]


def test_the_sums_over_time_end_at_the_known_cost():
    data = data_of()
    paid = costs(data, prepared(data))
    ends = paid.times.groupby("model")["usd"].last()
    known = data.requests.groupby("model")["cost_usd"].sum()
    assert ends.to_dict() == pytest.approx(known.to_dict())
    assert paid.times.groupby("model")["usd"].apply(lambda usd: usd.is_monotonic_increasing).all()


def test_requests_without_a_time_are_in_no_sum_over_time():
    data = data_of()
    frame = data.requests.assign(started=np.nan, known_usd=1.0)
    assert over_time(frame).empty


def test_unusable_answers_are_counted_apart():
    data = data_of()
    shards = data.shards.assign(unusable=[2, 0, 1], unusable_usd=[0.5, np.nan, np.nan])
    paid = costs(replace(data, shards=shards), prepared(data))
    assert (paid.unusable, paid.unusable_usd) == (3, 0.5)
    models = rows_of(paid.models, "model")
    assert (models[("strong",)]["unusable"], models[("strong",)]["unusable_usd"]) == (2, 0.5)
    assert np.isnan(models[("weak",)]["unusable_usd"])
    assert "3 unusable answers ($0.50 more)" in paid.sentence
    assert paid.known_usd == costs(data, prepared(data)).known_usd


def test_nothing_asked_costs_nothing_and_says_nothing():
    data = data_of()
    empty = replace(data, episodes=data.episodes[:0], requests=data.requests[:0])
    paid = costs(empty, prepared(empty))
    assert paid.sentence == ""
    assert paid.known_usd is None
    assert "cost" not in report(empty).tables


def drawn(cells: list[Cell] = CELLS, budget: float | None = None) -> Drawing | None:
    told = report(data_of(cells, budget_usd=budget))
    return money.money(Source(told.data, told.tables, told.episodes, told.uses, told.costs))


def rows_in(drawing: Drawing | None) -> list[dict[str, Any]]:
    assert drawing is not None
    rows: list[dict[str, Any]] = drawing.spec["data"]["values"]
    return rows


def test_the_figure_has_a_line_per_priced_model_and_their_sum():
    rows, data = rows_in(drawn()), data_of()
    last = {row["line"]: row["usd"] for row in rows}
    known = data.requests.groupby("model")["cost_usd"].sum()
    wanted = {"strong": known["strong"], "middle": known["middle"]}
    assert last == pytest.approx(wanted | {money.TOTAL: sum(wanted.values())}, rel=1e-6)


@pytest.mark.parametrize(("times", "line"), [(2.0, True), (30.0, False)])
def test_a_budget_is_a_line_unless_it_is_far_above(times, line):
    total = float(data_of().requests["cost_usd"].sum())
    drawing = drawn(budget=times * total)
    budgets = [row["budget"] for row in rows_in(drawing) if "budget" in row]
    assert budgets == pytest.approx([times * total] * line)
    assert drawing is not None
    assert ("is 30 times as much" in drawing.says) is not line


def test_many_models_share_a_line(monkeypatch):
    names = [f"model-{number:02}" for number in range(12)]
    for place, name in enumerate(names):
        monkeypatch.setitem(sim.SKILL, name, 0.5)
        monkeypatch.setitem(sim.PRICE, name, (1.0 + place, 2.0))
        monkeypatch.setitem(sim.KEYS, name, ("azure_key",))
    rows = rows_in(drawn([replace(CELLS[0], model=name) for name in names]))
    lines = list(dict.fromkeys(row["line"] for row in rows))
    assert lines == [*names[-money.MOST_LINES :], "5 other models", money.TOTAL]


def test_nothing_is_drawn_where_no_cost_is_known():
    assert drawn([CELLS[2]]) is None

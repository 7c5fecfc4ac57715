"""Estimates against what simulated runs really cost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pilotbench.episodes.evaluate import replay
from pilotbench.estimation.needs import UP_TO_DATE, needs
from pilotbench.estimation.ranges import Range
from pilotbench.estimation.totals import EstimateRow, estimate
from pilotbench.providers.price import of_config
from pilotbench.results import database
from support import Simulator
from support.estimation_lab import inside, load, make, paid


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(tasks=["all"], instances=20, latency_s=0.001) as running:
        yield running


def told(row: EstimateRow) -> dict[str, Range]:
    assert row.usd is not None
    return {
        "requests": row.load.requests,
        "input": row.load.input,
        "output": row.load.output,
        "usd": row.usd,
    }


def holds(row: EstimateRow, truth: dict[str, float]) -> None:
    for measure, value in truth.items():
        assert inside(value, told(row)[measure]), (row.model, measure, value, told(row))


@pytest.mark.slow
def test_the_truth_lies_within_the_bounds_with_and_without_history(
    simulator: Simulator, tmp_path: Path
) -> None:
    first = load(tmp_path, simulator, instances=6)
    before = estimate(first)
    simulator.reset()
    records = [record for shard in first.plan.shards for record in make(first, shard)]
    hours = simulator.stats(slots=1)["schedule"]["list_s"] / 3600
    for row in before.rows:
        assert "no history" in row.basis
        holds(row, paid([record for record in records if record["model"] == row.model]))
    assert hours <= before.hours.high

    database.update(
        first.settings.results_dir, first.plan, first.settings, replay=lambda s: replay(first, s)
    )
    more = load(tmp_path, simulator, instances=14)
    after = estimate(more)
    new = [shard for shard in more.plan.shards if shard.first >= 6]
    records = [record for shard in new for record in make(more, shard)]
    for row, old in zip(after.rows, before.rows, strict=True):
        assert "earlier episodes" in row.basis
        holds(row, paid([record for record in records if record["model"] == row.model]))
        width = row.load.input.high / max(1, row.load.input.low)
        assert width < old.load.input.high / old.load.input.low


def test_what_the_journal_answers_costs_nothing_and_says_so(
    simulator: Simulator, tmp_path: Path
) -> None:
    chosen: dict[str, Any] = {"models": ["sim-oracle"], "tasks": ["simple_task"]}
    experiment = load(tmp_path, simulator, **chosen)
    for shard in experiment.plan.shards:
        make(experiment, shard)
    assert estimate(experiment).reasons == {UP_TO_DATE: 2}
    shutil.rmtree(tmp_path / "results")
    made = estimate(experiment)
    assert made.load.requests.high == made.usd.high == 0
    assert made.reasons == {"no file; answered in the journal, nothing to pay": 2}
    more = estimate(
        load(tmp_path, simulator, models=["sim-oracle"], tasks=["simple_task"], instances=6)
    )
    assert [row.episodes for row in more.rows] == [2]


def test_a_shard_says_why_it_runs(simulator: Simulator, tmp_path: Path) -> None:
    chosen: dict[str, Any] = {"models": ["sim-oracle"], "tasks": ["simple_task"], "instances": 2}
    experiment = load(tmp_path, simulator, **chosen)
    [shard] = experiment.plan.shards
    make(experiment, shard)
    [need] = needs(load(tmp_path, simulator, **chosen, max_turns=9))
    assert need.reason.startswith("changed: max_turns")
    path = experiment.settings.results_dir / "shards" / shard.path
    path.write_bytes(b"not gzip")
    [need] = needs(experiment)
    assert need.reason.startswith("damaged file")


def test_players_and_questions_without_tools_are_estimated_exactly(tmp_path: Path) -> None:
    experiment = load(
        tmp_path, models=["oracle", "sim-oracle"], tasks=["simple_task", "everyday_arithmetic"]
    )
    player, model = estimate(experiment).rows
    assert player.load.input.high == player.load.output.high == 0
    assert player.load.requests.low == 8
    assert model.load.requests.low == 8


def test_slots_in_force_shorten_the_hours(tmp_path: Path) -> None:
    experiment = load(tmp_path, models=["sim-oracle"])
    assert estimate(experiment, {"gate_key": 1}).hours.middle > estimate(experiment).hours.middle


def test_a_model_without_a_price_is_unknown_and_named(tmp_path: Path) -> None:
    made = estimate(load(tmp_path, models=["qwen2.5-3b-instruct"], instances=2))
    assert made.rows[0].usd is None
    assert made.unpriced == ["qwen2.5-3b-instruct"]


def test_flawed_prompts_count_only_the_instances_that_they_apply_to(tmp_path: Path) -> None:
    chosen: dict[str, Any] = {"models": ["sim-oracle"], "tasks": ["simple_task"], "instances": 6}
    all_of_them = estimate(load(tmp_path, **chosen, prompts=["optimal"]))
    flawed = estimate(load(tmp_path, **chosen, prompts=["flawed_sequence_disorder"]))
    assert 0 < flawed.load.requests.low < all_of_them.load.requests.low


@pytest.mark.parametrize(
    ("change", "share"),
    [
        ({}, 1.0),
        ({"lane": "batch"}, 0.5),
        ({"parameters": {"max_tokens": 400, "service_tier": "flex"}}, 0.25),
        ({"parameters": {"max_tokens": 400, "service_tier": "auto"}}, 1.0),
    ],
)
def test_an_estimate_is_at_the_price_of_the_lane_and_the_tier(
    change: dict[str, Any], share: float, tmp_path: Path
) -> None:
    experiment = load(tmp_path, models=["sim-oracle"], instances=2)
    catalog, rates = experiment.settings.catalog, {"input": 1.0, "output": 2.0}
    price = of_config({**rates, "batch": 0.5, "tiers": {"flex": 0.25}})
    load_ = estimate(experiment).load
    catalog["sim-oracle"] = replace(catalog["sim-oracle"], price=price, **change)
    (row,) = estimate(experiment).rows
    assert row.usd is not None
    assert row.price == "config"
    unpriced = replace(catalog["sim-oracle"], lane="online", parameters={"service_tier": "fast"})
    catalog["sim-oracle"], known = unpriced, row
    (row,) = estimate(experiment).rows
    assert (row.usd, row.price) == (None, "unknown: config has no price of tier fast")
    assert known.usd is not None
    assert known.usd.middle == pytest.approx(
        share * (load_.input.middle + 2 * load_.output.middle) / 1e6, rel=0.02
    )

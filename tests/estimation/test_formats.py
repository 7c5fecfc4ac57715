"""Estimates against what episodes really cost, by the wire formats of four services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilotbench.episodes.evaluate import ShardOwed, replay
from pilotbench.estimation.totals import EstimateRow, estimate
from pilotbench.matrix.experiment import Experiment
from pilotbench.results import database
from support import Simulator
from support.estimation_lab import families, inside, load_families, make, paid

pytestmark = pytest.mark.slow
WITHIN = 0.15


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(**families("sim-95")) as running:
        yield running


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATOR_API_KEY", "sk-simulator")


def played(experiment: Experiment, first: int, last: int) -> list[dict[str, Any]]:
    """Return the records of the shards that begin with `first` to `last`."""
    some = [shard for shard in experiment.plan.shards if first <= shard.first <= last]
    return [record for shard in some for record in make(experiment, shard)]


def update(experiment: Experiment) -> None:
    results, plan = experiment.settings.results_dir, experiment.plan
    database.update(results, plan, experiment.settings, replay=lambda s: replay(experiment, s))


def off(row: EstimateRow, records: list[dict[str, Any]]) -> float:
    """Return how far the likely cost is off; the truth must lie within every range."""
    truth = paid([record for record in records if record["model"] == row.model])
    assert row.usd is not None
    told = {"usd": row.usd, "requests": row.load.requests}
    told |= {"input": row.load.input, "output": row.load.output}
    for measure, value in truth.items():
        assert inside(value, told[measure]), (row.model, measure, value, told[measure])
    return abs(row.usd.middle / truth["usd"] - 1)


def test_the_truth_is_in_range_and_likely_after_twenty_episodes(
    simulator: Simulator, tmp_path: Path
) -> None:
    """With cached input and reasoning; none of the cells is far off, and most are close."""
    experiment = load_families(tmp_path, simulator, tasks=["simple_task", "data_pipeline"])
    before = estimate(experiment)
    first = played(experiment, 0, 0)
    update(experiment)
    shards = experiment.plan.shards
    cells = [
        estimate(experiment, shards=[s for s in shards if s.cell.task == task]).rows
        for task in ("simple_task", "data_pipeline")
    ]
    after = estimate(experiment)
    rest = played(experiment, 20, 20)
    for row in before.rows:
        off(row, first + rest)
    for row in after.rows:
        assert off(row, rest) <= WITHIN
        assert row.cached_share
    errors = [
        off(row, [record for record in rest if record["task"] == task])
        for task, rows in zip(("simple_task", "data_pipeline"), cells, strict=True)
        for row in rows
    ]
    assert sum(error <= WITHIN for error in errors) >= 0.9 * len(errors), errors


def test_an_interrupted_run_is_history_without_a_database(
    simulator: Simulator, tmp_path: Path
) -> None:
    """A budget of USD 0.15 stops a run: no shard has a file, and the journal has what was paid."""
    chosen: dict[str, Any] = {"models": ["gpt-5"], "tasks": ["simple_task"], "instances": 40}
    short = load_families(tmp_path, simulator, **chosen, shard_size=40, budget_usd=0.15)
    [shard] = short.plan.shards
    with pytest.raises(ShardOwed):
        make(short, shard)
    experiment = load_families(tmp_path, simulator, **chosen, shard_size=40)
    [row] = estimate(experiment).rows
    assert "in the journal only" in row.basis
    assert 0 < row.episodes < 40
    known = {record["episode"] for record in replay(short, shard).episodes}
    rest = [record for record in make(experiment, shard) if record["episode"] not in known]
    assert off(row, rest) <= 2 * WITHIN


def test_unusable_answers_are_expected_as_often_as_so_far(tmp_path: Path) -> None:
    settings = families("sim-95", faults={"malformed": 0.1})
    with Simulator(**settings) as simulator:
        experiment = load_families(tmp_path, simulator, models=["gpt-4"])
        played(experiment, 0, 0)
        update(experiment)
        [row] = estimate(experiment).rows
        assert row.unusable_share > 0.02
        assert "of answers unusable so far" in row.words
        off(row, played(experiment, 20, 20))

"""What a matrix has cost is told alike by shard files and by the journal."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotbench.asking import preflight
from pilotbench.asking.keys import spending
from pilotbench.asking.keys.key_client import budget_of
from pilotbench.ground import job_context
from pilotbench.ground.errors import ConfigError
from support import Simulator
from support.estimation_lab import load, make, paid


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(tasks=["simple_task"], latency_s=0.001) as running:
        yield running


CHOSEN = {"models": ["sim-oracle"], "tasks": ["simple_task"]}


def test_a_run_begins_with_what_its_matrix_has_cost(simulator: Simulator, tmp_path: Path) -> None:
    experiment = load(tmp_path, simulator, **CHOSEN, budget_usd=5)
    first, second = experiment.plan.shards
    told = paid(make(experiment, first))
    assert spending.spent(experiment, first) > 0
    assert spending.spent(experiment, second) == 0
    spending.begin(experiment, [second])
    budget = budget_of(experiment.settings)
    from_file = budget.spent
    (tmp_path / "results/shards" / first.path).unlink()
    spending.begin(experiment, [first, second])
    assert budget.spent == pytest.approx(from_file)
    assert from_file == pytest.approx(told["usd"])
    budget.close()


def test_the_jobs_of_a_run_read_the_shards_of_its_plan_once(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = load(tmp_path, simulator, **CHOSEN, budget_usd=5)
    read: list[str] = []
    monkeypatch.setattr(spending, "spent", lambda _, shard: read.append(shard.path) or 0.0)
    planned = [shard.path for shard in experiment.plan.shards]
    for run, total in ((None, 2), (1.0, 1), (2.0, 1)):
        began = None if run is None else {"boot": "b", "now": run, "calendar": run}
        monkeypatch.setenv(job_context.VARIABLE, json.dumps({"began": began}))
        read.clear()
        for shard in experiment.plan.shards:
            preflight.prove(experiment, [shard])
        assert read == planned * total


def test_a_model_without_a_price_cannot_be_bounded(tmp_path: Path) -> None:
    experiment = load(tmp_path, models=["qwen2.5-3b-instruct"], tasks=["simple_task"], budget_usd=5)
    with pytest.raises(ConfigError, match="3b-instruct has no price"):
        spending.begin(experiment, experiment.plan.shards)
    spending.begin(experiment, [])
    free = dataclasses.replace(experiment.settings, budget_usd=None)
    spending.begin(dataclasses.replace(experiment, settings=free), experiment.plan.shards)

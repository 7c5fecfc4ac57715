"""Shard files and the journal agree on what a matrix has cost."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from pilotbench.asking.asker import prove
from pilotbench.asking.budget import budget_of
from pilotbench.asking.payments import begin_budget
from pilotbench.episodes.spending import spent
from pilotbench.estimation.totals import estimate
from pilotbench.ground import job_context
from pilotbench.ground.errors import ConfigError
from pilotbench.matrix.verdict_shards import Asked
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
    assert spent(experiment, first) > 0
    assert spent(experiment, second) == 0
    begin_budget(experiment, [second], partial(spent, experiment))
    budget = budget_of(experiment.settings)
    from_file = budget.spent
    (tmp_path / "results/shards" / first.path).unlink()
    begin_budget(experiment, [first, second], partial(spent, experiment))
    assert budget.spent == pytest.approx(from_file)
    assert from_file == pytest.approx(told["usd"])
    budget.close()


def test_the_jobs_of_a_run_read_the_shards_of_its_plan_once(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = load(tmp_path, simulator, **CHOSEN, budget_usd=5)
    read: list[Path] = []

    def spent_on(shard: Asked) -> float:
        read.append(shard.path)
        return 0.0

    planned = [shard.path for shard in experiment.plan.shards]
    for run, total in ((None, 2), (1.0, 1), (2.0, 1)):
        began = None if run is None else {"boot": "b", "now": run, "calendar": run}
        monkeypatch.setenv(job_context.VARIABLE, json.dumps({"began": began}))
        read.clear()
        for shard in experiment.plan.shards:
            prove(experiment, [shard], spent_on)
        assert read == planned * total


def nothing(_: Asked) -> float:
    return 0.0


def test_a_model_without_a_price_cannot_be_bounded(tmp_path: Path) -> None:
    experiment = load(tmp_path, models=["qwen2.5-3b-instruct"], tasks=["simple_task"], budget_usd=5)
    with pytest.raises(ConfigError, match="3b-instruct has no price"):
        begin_budget(experiment, experiment.plan.shards, nothing)
    begin_budget(experiment, [], nothing)
    free = dataclasses.replace(experiment.settings, budget_usd=None)
    begin_budget(dataclasses.replace(experiment, settings=free), experiment.plan.shards, nothing)


EQUAL = {"recovery": "calm", "wording": "public", "dialogue": "alone"}


def test_levels_that_ask_the_same_are_paid_and_counted_once(tmp_path: Path) -> None:
    """Their jobs may run at the same time: one asks, and the others find its answers."""
    with Simulator(tasks=["dialogue"], latency_s=0.001, instances=2) as played:
        chosen = {"tasks": list(EQUAL), "difficulties": list(EQUAL.values()), "instances": 1}
        experiment = load(tmp_path, played, models=["sim-oracle"], **chosen)
        alone = load(tmp_path, played, models=["sim-oracle"], **chosen | {"tasks": "dialogue"})
        assert estimate(experiment).load == estimate(alone).load
        shards = experiment.plan.shards
        with ThreadPoolExecutor() as threads:
            records = list(threads.map(partial(make, experiment), shards))
        served = played.stats()["total"]
    assert len(records) == len(EQUAL)
    assert len({str(record["transcript"]) for (record,) in records}) == 1
    assert served["answered"] == len(records[0][0]["requests"])
    costs = {spent(experiment, shard) for shard in shards}
    assert costs == {experiment.total(partial(spent, experiment))}

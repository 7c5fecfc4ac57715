"""Equal levels are asked and paid for once: the money of all cells is that of the bill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pilotbench.asking.bill import bill_of_journal
from pilotbench.build.progress import Watch
from pilotbench.matrix.experiment import Experiment
from pilotbench.results.analysis.costs import Costs, costs
from pilotbench.results.analysis.load import load
from pilotbench.results.analysis.scores import cell_table, prepared
from pilotbench.results.analysis.where_from import where_from
from pilotbench.results.database import store, updates
from support import Simulator, estimation_lab

MODEL = "sim-oracle"


@dataclass(frozen=True)
class Paid:
    """A finished experiment of two equal levels and another one, and its costs."""

    experiment: Experiment
    cells: dict[str, float]
    costs: Costs
    status_usd: list[float]
    """Of `status`, after each shard."""

    @property
    def database(self) -> Path:
        """The database file."""
        return self.experiment.settings.results_dir / store.NAME


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paid]:
    """What was paid for four shards, of which two ask the same as the others."""
    wanted = {
        "models": [MODEL],
        "tasks": ["policy", "recovery"],
        "difficulties": ["no_rules", "calm", "down"],
        "instances": 2,
    }
    with Simulator(tasks=["all"], instances=2) as simulator:
        lab = estimation_lab.load(tmp_path_factory.mktemp("paid"), simulator, **wanted)
        status = []
        for shard in lab.plan.shards:
            estimation_lab.make(lab, shard)
            status.append(Watch(lab).model_rows()[0].usd)
        updates.update(lab.settings.results_dir, lab.plan, lab.settings, log=lambda _: None)
        data = load(lab.settings.results_dir / store.NAME, lab.settings)
        episodes = prepared(data)
        table = cell_table(data, episodes)
        cells = dict(zip(table["difficulty"], table["known_usd"], strict=True))
        yield Paid(lab, cells, costs(data, episodes), status)


def test_a_total_counts_each_answer_once_as_the_bill_does(paid: Paid) -> None:
    billed = bill_of_journal(paid.experiment.settings).total
    assert billed.usd > 0
    assert paid.costs.known_usd == pytest.approx(billed.usd)
    assert paid.costs.total["requests"] == billed.requests
    assert paid.costs.keys["known_usd"].sum() == pytest.approx(billed.usd)
    assert paid.costs.times["usd"].max() == pytest.approx(billed.usd)
    assert list(paid.costs.models["paid_usd"]) == pytest.approx([billed.usd])


def test_a_cell_costs_what_it_would_cost_alone(paid: Paid) -> None:
    assert paid.cells["calm"] == pytest.approx(paid.cells["no_rules"])
    both = paid.cells["calm"] + paid.cells["down"]
    assert bill_of_journal(paid.experiment.settings).total.usd == pytest.approx(both)
    (known,) = paid.costs.models["known_usd"]
    assert known == pytest.approx(sum(paid.cells.values()))


def test_status_tells_what_was_paid(paid: Paid) -> None:
    first, again, last = paid.status_usd
    assert first == again == pytest.approx(paid.cells["no_rules"])
    assert last == pytest.approx(bill_of_journal(paid.experiment.settings).total.usd)


def test_what_was_paid_is_traced(paid: Paid) -> None:
    found = where_from(paid.database, "paid_usd", {"model": MODEL})
    assert found.value == pytest.approx(paid.costs.known_usd)
    assert "counted once" in str(found.meaning)
    assert len(found.episodes) == 6

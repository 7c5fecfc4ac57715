"""Estimate an experiment: requests, tokens, USD and hours, per model and in total."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pilotbench.asking.prices import in_words, price_of, usd
from pilotbench.estimation import history
from pilotbench.estimation.cells import CellEstimates
from pilotbench.estimation.lanes import hours
from pilotbench.estimation.needs import UP_TO_DATE, Need, needs
from pilotbench.estimation.ranges import Range, Workload, total
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.answer import BATCH
from pilotbench.providers.price import Price


@dataclass(frozen=True)
class EstimateRow:
    """The estimate of one model; `usd` is None if its price is unknown, `price` is its origin."""

    model: str
    shards: int
    runs: int
    episodes: int
    load: Workload
    usd: Range | None
    hours: Range
    basis: str
    price: str


@dataclass(frozen=True)
class Estimate:
    """The estimate of an experiment, and why each shard runs."""

    rows: list[EstimateRow]
    hours: Range
    needs: list[Need]

    @property
    def load(self) -> Workload:
        """Total requests and tokens."""
        return total(row.load for row in self.rows)

    @property
    def usd(self) -> Range:
        """USD of all models whose price is known."""
        return sum((row.usd for row in self.rows if row.usd is not None), start=Range())

    @property
    def unpriced(self) -> list[str]:
        """The models with something to ask and no known price."""
        return [row.model for row in self.rows if row.usd is None and row.load.requests.high]

    @property
    def reasons(self) -> dict[str, int]:
        """Why shards run, with the number of shards, most frequent first."""
        return dict(Counter(need.reason for need in self.needs).most_common())


def estimate(
    experiment: Experiment,
    slots: Mapping[str, int] | None = None,
    shards: Sequence[Shard] | None = None,
) -> Estimate:
    """Return what is left to pay of a matrix, or of some `shards`; asks nothing.

    `slots` are the slots in force of each key where they differ from the config's.
    """
    past = history.read(experiment.settings.results_dir / "master.duckdb")
    wanted = needs(experiment, shards)
    by_cell: dict[Cell, list[Need]] = defaultdict(list)
    for need in wanted:
        by_cell[need.shard.cell].append(need)
    cells = CellEstimates(experiment, past)
    loads = {cell: cells.load(cell, some) for cell, some in by_cell.items()}
    rows = [
        _row(
            experiment,
            past,
            name,
            [need for need in wanted if need.shard.cell.model == name],
            {cell: load for cell, load in loads.items() if cell.model == name},
            slots or {},
        )
        for name in dict.fromkeys(need.shard.cell.model for need in wanted)
    ]
    return Estimate(rows, hours(experiment, past, wanted, loads, slots or {}), wanted)


def _row(
    experiment: Experiment,
    past: history.History,
    name: str,
    mine: list[Need],
    loads: Mapping[Cell, Workload],
    slots: Mapping[str, int],
) -> EstimateRow:
    load, model = total(loads.values()), experiment.settings.catalog[name]
    tier = BATCH if model.lane == BATCH else model.service_tier
    return EstimateRow(
        model=name,
        shards=len(mine),
        runs=sum(need.reason != UP_TO_DATE for need in mine),
        episodes=sum(need.asks for need in mine),
        load=load,
        usd=_usd(price_of(model.price, tier), load, past.cached(name)),
        hours=hours(experiment, past, mine, loads, slots),
        basis=past.basis(name),
        price=in_words(model.price),
    )


def _usd(price: Price | None, load: Workload, cached: float) -> Range | None:
    """Return the cost with all of the input cached, with `cached` of it, and with none.

    With none, all of it may be stored in the cache, where that has a price of its own.
    """
    if price is None:
        return None
    shares = {"low": 1.0, "middle": cached, "high": 0.0}
    return Range(*(_end_usd(price, load, end, share) for end, share in shares.items()))


def _end_usd(price: Price, load: Workload, end: str, cached: float) -> float:
    """Return the cost at one end; the length of a request is that of the average one."""
    requests, sent, said = (getattr(one, end) for one in (load.requests, load.input, load.output))
    mean = price.of_input(sent / requests if requests else 0)
    fresh = usd(mean, input=sent, cached=cached * sent, output=said)
    if end != "high":
        return fresh
    return max(fresh, usd(mean, input=sent, cached=0, output=said, cache_writes=sent))

"""Estimate an experiment: requests, tokens, USD and hours, per model and in total."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pilotbench.asking.keys.key_status import learned_rates
from pilotbench.asking.keys.secrets import environment, missing
from pilotbench.asking.prices import in_words
from pilotbench.benchmark.packs.external_task import is_external
from pilotbench.estimation import history
from pilotbench.estimation.cells import CellEstimates, CellLoad, waste
from pilotbench.estimation.costs import ModelPrices
from pilotbench.estimation.history import History
from pilotbench.estimation.judges import JudgeLoads, judge_loads
from pilotbench.estimation.lanes import hours
from pilotbench.estimation.needs import UP_TO_DATE, Need, needs
from pilotbench.estimation.ranges import Range, Workload, total
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.verdict_shards import Asked, VerdictShard
from pilotbench.providers.settings import BATCH, ONLINE


@dataclass(frozen=True)
class EstimateRow:
    """The estimate of one model, and what it is based on; `usd` is None if its price is unknown.

    `price` says where the price is from or why it is unknown, `cached_share` how much of the input
    was cached so far (None without history), `unusable_share` how many answers could not be used,
    for each that could. `history` is the number of earlier episodes, `learned_limits` whether the
    hours are bounded by limits that the service has stated.
    """

    model: str
    shards: int
    runs: int
    episodes: int
    load: Workload
    usd: Range | None
    hours: Range
    basis: str
    price: str
    lane: str = ONLINE
    cached_share: float | None = None
    unusable_share: float = 0.0
    history: int = 0
    learned_limits: bool = False
    judge: bool = False

    @property
    def title(self) -> str:
        """The model, and whether the row is what it is asked as a judge."""
        return f"{self.model} (judge)" if self.judge else self.model

    @property
    def words(self) -> str:
        """What the estimate is based on, in one line."""
        parts = [self.basis]
        if self.cached_share:
            parts.append(f"{100 * self.cached_share:.0f} % of input cached so far")
        if self.unusable_share:
            parts.append(f"{100 * self.unusable_share:.1f} % of answers unusable so far")
        if self.learned_limits:
            parts.append("hours within learned rate limits")
        if self.lane == BATCH:
            parts.append("lane batch; high is at the price online")
        return "; ".join(parts)


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
    def basis(self) -> str:
        """What the estimate is based on, in a few words for all models."""
        count, batches = (
            sum(row.history for row in self.rows),
            [row.model for row in self.rows if row.lane == BATCH],
        )
        words = f"from {count:,} earlier episodes" if count else "no history: bounds"
        return f"{words}; in batches: {', '.join(batches)}" if batches else words

    @property
    def reasons(self) -> dict[str, int]:
        """Why shards run, with the number of shards, most frequent first."""
        return dict(Counter(need.reason for need in self.needs).most_common())


def estimate(
    experiment: Experiment,
    slots: Mapping[str, int] | None = None,
    shards: Sequence[Asked] | None = None,
) -> Estimate:
    """Return what is left to pay of a matrix, or of some `shards`; asks nothing.

    What judges are asked about the replies is included.

    `slots` are the slots in force of each key where they differ from the config's.
    """
    asked = experiment.asked if shards is None else shards
    wanted = needs(experiment, [one for one in asked if isinstance(one, Shard)])
    known = [str(need.shard.path) for need in wanted if need.played]
    past = history.read(experiment.settings.results_dir / "master.duckdb", known)
    by_cell: dict[Cell, list[Need]] = defaultdict(list)
    for need in wanted:
        by_cell[need.shard.cell].append(need)
        past.add(need.shard.cell, need.played)
    cells = CellEstimates(experiment, past)
    lost = {name: waste(some) for name, some in _by_model(wanted).items()}
    loads = {cell: cells.load(cell, some, lost[cell.model]) for cell, some in by_cell.items()}
    rows = [
        _row(
            experiment,
            past,
            name,
            some,
            {cell: load for cell, load in loads.items() if cell.model == name},
            slots or {},
        )
        for name, some in _by_model(wanted).items()
    ]
    judged = judge_loads(experiment, past, [one for one in asked if isinstance(one, VerdictShard)])
    rows += [_judge_row(experiment, past, judged, name, slots or {}) for name in judged.judges]
    work = {cell: load.work for cell, load in loads.items()} | judged.work
    every = [*wanted, *judged.needs]
    return Estimate(rows, hours(experiment, past, every, work, slots or {}), every)


def _judge_row(
    experiment: Experiment, past: History, judged: JudgeLoads, name: str, slots: Mapping[str, int]
) -> EstimateRow:
    """Return the row of a judge: what it is asked, whatever it plays itself."""
    model, (mine, work) = experiment.settings.catalog[name], judged.of(name)
    prices = ModelPrices.of(model)
    costs = None if prices is None else [prices.usd(CellLoad(load)) for load in work.values()]
    return EstimateRow(
        model=name,
        shards=len(mine),
        runs=sum(need.reason != UP_TO_DATE for need in mine),
        episodes=sum(need.asks for need in mine),
        load=total(work.values()),
        usd=None if costs is None else sum(costs, start=Range()),
        hours=hours(experiment, past, mine, work, slots),
        basis="replies that do not exist yet are estimated by their likely length",
        price=in_words(model.price, model.likely_tier),
        judge=True,
    )


def _by_model(some: Sequence[Need]) -> dict[str, list[Need]]:
    found: dict[str, list[Need]] = defaultdict(list)
    for need in some:
        found[need.shard.cell.model].append(need)
    return found


def _row(
    experiment: Experiment,
    past: history.History,
    name: str,
    mine: list[Need],
    loads: Mapping[Cell, CellLoad],
    slots: Mapping[str, int],
) -> EstimateRow:
    work = {cell: load.work for cell, load in loads.items()}
    model = experiment.settings.catalog[name]
    prices, online = ModelPrices.of(model), ModelPrices.of(replace(model, lane=ONLINE))
    costs = None
    if prices is not None and online is not None:
        outside = [is_external(experiment.tasks[cell.task]) for cell in loads]  # in no batch
        costs = [
            (online if is_outside else prices).usd(load)
            for is_outside, load in zip(outside, loads.values(), strict=True)
        ]
    return EstimateRow(
        model=name,
        shards=len(mine),
        runs=sum(need.reason != UP_TO_DATE for need in mine),
        episodes=sum(need.asks for need in mine),
        load=total(work.values()),
        usd=None if costs is None else sum(costs, start=Range()),
        hours=hours(experiment, past, mine, work, slots),
        basis=past.basis(name),
        price=in_words(model.price, model.likely_tier),
        lane=model.lane,
        cached_share=past.input_share(name, "cached") if past.episodes(name) else None,
        unusable_share=waste(mine)["requests"].middle - 1,
        history=past.episodes(name),
        learned_limits=_is_limited(experiment, name),
    )


def _is_limited(experiment: Experiment, model: str) -> bool:
    """Return whether the limits of any key of a model were learned."""
    settings, known = experiment.settings, environment()
    keys = settings.provider_of(model).keys
    there = (alias for alias in keys if not missing(settings, [alias], known))
    return any(learned_rates(settings, model, alias) for alias in there)

"""Estimate the unfinished episodes of a cell: the guess, replaced by history as it grows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt
from statistics import fmean

from pilotbench.estimation.guess import Outlook, guess, outlook
from pilotbench.estimation.history import KINDS_OF_INPUT, MODEL_EPISODES, History, Past
from pilotbench.estimation.needs import First, Need, outline, sample
from pilotbench.estimation.ranges import MEASURES, Range, Workload, total
from pilotbench.matrix.cells import Cell
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.answer import Tokens
from pilotbench.providers.kind import Role
from pilotbench.providers.kinds import KINDS

SAMPLED = 5
"""Instances of a cell of which the first request is rendered where the plan has no shard of it."""
SLACK = 0.08
STANDARD_ERRORS = 3.0
BETWEEN_CELLS, GUESSED = 1.0, 5.0
"""How far, as a share of the truth, a prior is off: from other cells of the model, and the guess.

A cell's own episodes outweigh it as soon as their mean is surer: after one or two.
"""
FEW = 10
"""With fewer episodes of its own, the range of a cell includes that of its prior."""


@dataclass(frozen=True)
class CellLoad:
    """What remains of a cell; `cached` and `cache_writes` are shares of its input."""

    work: Workload = field(default_factory=Workload)
    cached: Range = field(default_factory=Range)
    cache_writes: Range = field(default_factory=Range)


@dataclass
class CellEstimates:
    """Estimates cells; models with the same protocol share their rendered samples."""

    experiment: Experiment
    past: History
    _samples: dict[tuple[str, ...], list[First]] = field(default_factory=dict)

    def load(self, cell: Cell, some: Sequence[Need], lost: Mapping[str, Range]) -> CellLoad:
        """Return what remains to be asked for the shards `some` of a cell.

        `lost` are the factors of `waste` for its model.
        """
        count = sum(need.fresh for need in some)
        begun = [start for need in some for start in need.begun]
        if not count and not begun:
            return CellLoad()
        fresh, own = self._fresh(cell), self.past.cells.get(cell, Past())
        guesses = [guess(start, self._outlook(cell)) for start in begun]
        prior, sure = self._prior(cell)
        usual = self._outlook(cell).turns
        bounds = total([fresh.times(count), *guesses])
        ranges = []
        for measure in MEASURES:
            factor, bound = prior.get(measure), getattr(bounds, measure)
            if measure != "requests" and not own.known:
                ranges.append(bound.sharpened(factor))
                continue
            base = getattr(fresh, measure).middle
            first = _blended(own, measure, base * (factor.middle if factor else 1), usual, sure)
            rest = (
                _ahead(own, start.turn, measure, usual, _over(first, base) * one)
                for start, one in zip(
                    begun, [getattr(g, measure).middle for g in guesses], strict=True
                )
            )
            likely = count * first + sum(rest)
            reach = _reach(own, measure, getattr(fresh, measure), count + len(begun))
            ranges.append(_around(likely, reach, bound, factor, own.episodes < FEW))
        work = self._reported(cell.model, Workload(*ranges).scaled(lost))
        return CellLoad(work, *(self._share(cell, own, name) for name in KINDS_OF_INPUT))

    def _prior(self, cell: Cell) -> tuple[dict[str, Range], float]:
        """Return a factor on the guess for each measure, and how far it may be off.

        The other cells of the model give them: their mean, from half of the smallest to twice the
        largest; no factor where they have too few episodes.
        """
        others = [
            (past, found)
            for other, past in self.past.of_model(cell.model).items()
            if other != cell and past.episodes and (found := self._guessed(other)) is not None
        ]
        if sum(past.episodes for past, _ in others) < MODEL_EPISODES:
            return {}, GUESSED
        spreads = {measure: _spread(measure, others) for measure in MEASURES}
        return {name: found for name, found in spreads.items() if found}, BETWEEN_CELLS

    def _share(self, cell: Cell, own: Past, name: str) -> Range:
        """Return the share of the input that is `cached` or a cache write; any without history."""
        known = self.past if not own.known else History({cell: own})
        if not self.past.episodes(cell.model) and not own.known:
            return Range(0.0, 0.0, 1.0)
        share = min(1.0, known.input_share(cell.model, name))
        return Range(share / 2, share, 1 - (1 - share) / 2)

    def _guessed(self, cell: Cell) -> Workload | None:
        """Return the guess for one episode of a cell, None if the config does not know it."""
        settings = self.experiment.settings
        known = cell.model in settings.catalog and cell.prompt in self.experiment.prompts
        return self._fresh(cell) if known and cell.task in self.experiment.tasks else None

    def _fresh(self, cell: Cell) -> Workload:
        """Return the mean of new episodes; one that is not applicable costs nothing."""
        firsts, ahead = self._firsts(cell), self._outlook(cell)
        loads = [
            first.work or guess(first.start, ahead) for first in firsts if first.start is not None
        ]
        return total(loads).times(1 / len(firsts))

    def _outlook(self, cell: Cell) -> Outlook:
        return _ahead_of(self.experiment, cell, self._firsts(cell))

    def _firsts(self, cell: Cell) -> list[First]:
        model = self.experiment.settings.catalog[cell.model]
        key = (model.protocol, cell.prompt, cell.task, cell.difficulty)
        if key not in self._samples:
            size = self.experiment.tasks[cell.task].size or SAMPLED
            indices = self._indices.get(cell) or range(min(size, SAMPLED))
            self._samples[key] = sample(self.experiment, cell, indices)
        return self._samples[key]

    def _reported(self, model: str, load: Workload) -> Workload:
        """Return a load as the provider counts it: players report no tokens."""
        kind = KINDS[self.experiment.settings.provider_of(model).kind]
        return Workload(load.requests) if kind.role is Role.PLAYER else load

    @cached_property
    def _indices(self) -> dict[Cell, list[int]]:
        found: dict[Cell, list[int]] = defaultdict(list)
        for shard in self.experiment.plan.shards:
            found[shard.cell].extend(shard.indices)
        return found


def likely_turns(experiment: Experiment, cell: Cell) -> float:
    """Return the likely number of requests of an episode, from the plans of some instances."""
    size = experiment.tasks[cell.task].size or SAMPLED
    firsts = [outline(experiment, cell, index) for index in range(min(size, SAMPLED))]
    if works := [first.work for first in firsts if first.work is not None]:
        return fmean(work.requests.middle for work in works)
    return _ahead_of(experiment, cell, firsts).turns


def _ahead_of(experiment: Experiment, cell: Cell, firsts: Sequence[First]) -> Outlook:
    return outlook(
        experiment.settings.catalog[cell.model],
        cell.prompt,
        cell.tool_success_rate,
        firsts[0].turns,
        fmean(first.plan for first in firsts),
        fmean(first.lookups for first in firsts),
        [first.sizes for first in firsts if first.sizes is not None],
    )


def waste(some: Sequence[Need]) -> dict[str, Range]:
    """Return by what factor unusable answers increase each measure, as far as they are known."""
    answers = sum(need.unusable.answers for need in some)
    lost = sum((need.unusable.tokens for need in some), Tokens())
    used = sum((need.tokens for need in some), Tokens())
    shares = {
        "requests": (answers, sum(need.requests for need in some)),
        "input": (lost.input, used.input),
        "output": (lost.output, used.output),
    }
    found = {name: part / whole if whole else 0.0 for name, (part, whole) in shares.items()}
    return {name: Range(1.0, 1 + share, 1 + 2 * share) for name, share in found.items()}


def _blended(own: Past, measure: str, prior: float, usual: float, sure: float) -> float:
    """Return the likely amount of a new episode: of its own cell and the prior, by precision."""
    mine = own.ahead(0, usual)
    if mine is None:
        return prior
    mean, count = float(getattr(mine, measure)), own.turns[0].asked
    within = _over(own.spread(measure, (prior, 2 * mean)), mean)
    weight = count / (count + (within / sure) ** 2)
    return weight * mean + (1 - weight) * prior


def _ahead(own: Past, turn: int, measure: str, usual: float, otherwise: float) -> float:
    """Return the likely rest of an episode that is at `turn`."""
    mine = own.ahead(turn, usual)
    return otherwise if mine is None else float(getattr(mine, measure))


def _reach(own: Past, measure: str, fresh: Range, episodes: int) -> float | None:
    """Return how far the sum over new episodes may be from what is likely; None without history."""
    if not own.episodes:
        return None
    mean = own.sums.get(measure, 0.0) / own.episodes
    spread = own.spread(measure, (min(fresh.low, mean), max(fresh.middle, 2 * mean)))
    return _quantile(own.episodes + 1) * spread * sqrt(episodes**2 / own.episodes + episodes)


def _quantile(freedom: int) -> float:
    """Return STANDARD_ERRORS for a standard deviation of few episodes: Student's t for it."""
    z = STANDARD_ERRORS
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + (z**3 + z) / (4 * freedom) + second / freedom**2


def _around(
    likely: float, reach: float | None, bound: Range, factor: Range | None, few: bool
) -> Range:
    """Return the range around what is likely; without history that of the prior."""
    prior = bound.sharpened(factor)
    if reach is None:
        return Range(prior.low, min(max(likely, prior.low), prior.high), prior.high)
    reach += SLACK * likely
    low = max(likely - reach, min(bound.low, likely / 2))
    high = max(likely * (1 + SLACK), min(likely + reach, bound.high))
    return Range(
        low, likely, max(high, prior.high if factor else 2 * prior.middle) if few else high
    )


def _spread(measure: str, others: list[tuple[Past, Workload]]) -> Range | None:
    found = [
        (float(getattr(mine, measure)), getattr(guessed, measure).middle, past.episodes)
        for past, guessed in others
        if (past.known or measure == "requests") and (mine := past.ahead(0, 1.0)) is not None
    ]
    found = [(mean, base, n) for mean, base, n in found if base]
    if not found:
        return None
    ratios = [mean / base for mean, base, _ in found]
    pooled = sum(mean * n for mean, _, n in found) / sum(base * n for _, base, n in found)
    return Range(min(ratios) / 2, pooled, max(ratios) * 2)


def _over(part: float, whole: float) -> float:
    return part / whole if whole else 1.0

"""Estimate the unfinished episodes of a cell: the guess, corrected by history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean

from pilotbench.estimation.guess import Outlook, guess, outlook
from pilotbench.estimation.history import CELL_EPISODES, History
from pilotbench.estimation.needs import First, Need, sample
from pilotbench.estimation.ranges import Workload, total
from pilotbench.matrix.cells import Cell
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.kind import Role
from pilotbench.providers.kinds import KINDS


@dataclass
class CellEstimates:
    """Estimates cells; models with the same protocol share their rendered samples."""

    experiment: Experiment
    past: History
    _samples: dict[tuple[str, ...], list[First]] = field(default_factory=dict)

    def load(self, cell: Cell, some: Sequence[Need]) -> Workload:
        """Return what remains to be asked for the shards `some` of a cell."""
        fresh, count = self._fresh(cell), sum(need.fresh for need in some)
        begun = [guess(start, self._outlook(cell)) for need in some for start in need.begun]
        if not count and not begun:
            return Workload()
        load = self._reported(cell.model, total([fresh.times(count), *begun]))
        factors = self.past.factors(cell, self._guessed, count + len(begun))
        return load if factors is None else load.sharpened(factors)

    def _guessed(self, cell: Cell) -> Workload | None:
        """Return the guess for one episode of a cell, None if the config does not know it."""
        settings = self.experiment.settings
        known = cell.model in settings.catalog and cell.prompt in self.experiment.prompts
        return self._fresh(cell) if known and cell.task in self.experiment.tasks else None

    def _fresh(self, cell: Cell) -> Workload:
        """Return the mean of new episodes; one that is not applicable costs nothing."""
        firsts, ahead = self._firsts(cell), self._outlook(cell)
        loads = [guess(first.start, ahead) for first in firsts if first.start is not None]
        return total(loads).times(1 / len(firsts))

    def _outlook(self, cell: Cell) -> Outlook:
        firsts = self._firsts(cell)
        return outlook(
            self.experiment.settings.catalog[cell.model],
            cell.prompt,
            cell.difficulty,
            cell.tool_success_rate,
            firsts[0].turns,
            fmean(first.plan for first in firsts),
        )

    def _firsts(self, cell: Cell) -> list[First]:
        model = self.experiment.settings.catalog[cell.model]
        key = (model.protocol, cell.prompt, cell.task, cell.difficulty)
        if key not in self._samples:
            size = self.experiment.tasks[cell.task].size or CELL_EPISODES
            indices = self._indices.get(cell) or range(min(size, CELL_EPISODES))
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

"""The plan: the shards of a config. A pure function of settings; no instance is generated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Protocol

from pilotbench.benchmark.packs.external_task import is_external
from pilotbench.benchmark.tasks.task import TaskShape
from pilotbench.matrix import levels
from pilotbench.matrix.axes import NONE
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.config import Grid, Settings
from pilotbench.providers.kind import Role
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.settings import Model

BASELINE = "baseline"
"""The prompt under which the results of external tasks are kept; they have prompts of their own."""


class PromptNeeds(Protocol):
    """What the plan needs to know about a prompt."""

    @property
    def needs_plan(self) -> bool:
        """Whether it is planned only for tasks with reference plans."""
        ...

    @property
    def examples(self) -> int:
        """How many examples it shows; if any, it is planned only for tasks that have some."""
        ...


@dataclass(frozen=True)
class Plan:
    """All shards of an experiment, in the order of the config."""

    shards: tuple[Shard, ...]
    repeats: int

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of the shards, each once."""
        return tuple(dict.fromkeys(shard.cell for shard in self.shards))

    @cached_property
    def by_path(self) -> dict[str, Shard]:
        """The shards by their path below `results/shards`."""
        return {str(shard.path): shard for shard in self.shards}

    @property
    def episodes(self) -> int:
        """The number of planned episodes."""
        return sum(len(shard.indices) for shard in self.shards) * self.repeats


def plan(
    settings: Settings, tasks: Mapping[str, TaskShape], prompts: Mapping[str, PromptNeeds]
) -> Plan:
    """Return the plan of `settings` over the known `tasks` and `prompts`.

    With several grids each cell is planned once. A task is planned at those of its levels that are
    listed; one without difficulties or tools is planned once, not once per level or rate. A prompt
    that needs a reference plan or examples is planned only for tasks that have them. An external
    task is planned under BASELINE only, and not for reference players.
    """
    cells = dict.fromkeys(
        cell
        for model, grid in product(settings.models, settings.products)
        for prompt, task in product(grid.prompts, grid.tasks)
        if _has_what_is_needed(tasks[task], prompts[prompt])
        if not is_external(tasks[task]) or _is_run(settings.catalog[model], prompt)
        for cell in _cells(grid, model, prompt, task, tasks[task])
    )
    shards = (shard for cell in cells for shard in _shards(settings, cell, tasks[cell.task].size))
    return Plan(tuple(shards), settings.repeats)


def _has_what_is_needed(task: TaskShape, prompt: PromptNeeds) -> bool:
    return (task.planned or not prompt.needs_plan) and (not prompt.examples or bool(task.examples))


def _is_run(model: Model, prompt: str) -> bool:
    """Return whether an external task, which has its own prompts, is run: players do not run it."""
    return prompt == BASELINE and KINDS[model.kind].role is not Role.PLAYER


def _cells(grid: Grid, model: str, prompt: str, task: str, axes: TaskShape) -> Iterator[Cell]:
    rates = grid.tool_success_rates if axes.rated else (NONE,)
    for level, rate in product(levels.of_task(axes, grid.difficulties), rates):
        yield Cell(model, prompt, task, level, rate)


def _shards(settings: Settings, cell: Cell, size: int | None) -> Iterator[Shard]:
    wanted = settings.instances if settings.instances is not None else size
    if wanted is None:
        wanted = 20  # `all` has no meaning for a task with unlimited instances
    count = wanted if size is None else min(wanted, size)
    for first in range(0, count, settings.shard_size):
        yield Shard(cell, first, min(first + settings.shard_size, count) - 1)

"""The instances of version 4 that a request may belong to, built when their core is recognised."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.scenarios.core import core_of
from pilotbench.benchmark.scenarios.instance import is_searched
from pilotbench.benchmark.scenarios.task import ScenarioTask
from pilotbench.benchmark.tasks.task import Task


class Scenarios:
    """The instances of tasks of version 4 at some levels, by what their requests say."""

    def __init__(
        self, tasks: Sequence[ScenarioTask], levels: Sequence[str], instances: int
    ) -> None:
        self._levels = [(task, level) for task in tasks for level in levels_of(task, levels)]
        self._instances = instances
        self._built = lru_cache(maxsize=64)(self._build)
        self.asking = lru_cache(maxsize=1024)(self._asking)

    @cached_property
    def listed(self) -> list[tuple[str, str, int]]:
        """The name of each core's work list, which every request says, its epoch and index."""
        epochs = dict.fromkeys(task.epoch for task, _ in self._levels)
        cores = (core_of(epoch, n) for epoch in epochs for n in range(self._instances))
        return [(getattr(core.names, core.listing), core.epoch, core.index) for core in cores]

    def _asking(self, text: str, discovery: bool) -> list[Instance]:
        """Return the instances whose request is part of a text, the longest plan first.

        Those that ask and simulate the same are one.
        """
        found: dict[str, Instance] = {}
        for name, epoch, index in self.listed:
            for instance in self._built(epoch, index) if name in text else ():
                if is_searched(instance) == discovery and instance.request in text:
                    found.setdefault(instance.question_hash, instance)
        return sorted(found.values(), key=lambda instance: -len(instance.plan))

    def _build(self, epoch: str, index: int) -> list[Instance]:
        return [task.instance(level, index) for task, level in self._levels if task.epoch == epoch]


def levels_of(task: Task, chosen: Sequence[str]) -> list[str]:
    """Return the levels of a task that a set-up has: `all`, or those that it lists."""
    return [one for one in task.difficulties if "all" in chosen or one in (*chosen, "none")]

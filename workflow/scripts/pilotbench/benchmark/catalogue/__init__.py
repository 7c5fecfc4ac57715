"""The tasks of the benchmark by name, of both versions.

Version 3 has one module per task in `tasks/`, version 4 one task per axis in `scenarios/` and, in
`briefed/`, the task whose plan states what its request leaves out. Tasks of both can be in one
experiment.
"""

from __future__ import annotations

from pilotbench.benchmark import tasks
from pilotbench.benchmark.briefed.task import TASK as BRIEFED
from pilotbench.benchmark.scenarios import task as scenarios
from pilotbench.benchmark.tasks.task import Task

TASKS: dict[str, Task] = {**tasks.TASKS, **scenarios.TASKS, BRIEFED.name: BRIEFED}
VERSIONS = ("4", "3")
"""The versions, the newest first: that is the default."""
LEVELS: tuple[str, ...] = tuple(
    dict.fromkeys(level for task in TASKS.values() for level in task.difficulties)
)
"""Every level that a task declares, in the order of declaration."""


def of_version(version: str) -> dict[str, Task]:
    """Return the tasks of a version of the benchmark, which `all` stands for."""
    return {name: task for name, task in TASKS.items() if task.benchmark_version == version}

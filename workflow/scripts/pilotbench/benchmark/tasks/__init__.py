"""The task types by name. A new task type is one module here that ends in `TASK = WorldTask(…)`."""

from __future__ import annotations

from pilotbench.benchmark.tasks.task import Task
from pilotbench.ground.declarations import declared

TASKS: dict[str, Task] = {
    task.name: task
    for task in sorted(
        declared(__name__, __path__, "TASK").values(), key=lambda task: (task.rank, task.name)
    )
}


def of_version(version: str) -> dict[str, Task]:
    """Return the tasks of a version of the benchmark, which `all` stands for."""
    return {name: task for name, task in TASKS.items() if task.benchmark_version == version}

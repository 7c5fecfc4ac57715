"""The task types that have a module here, by name. A new one ends in `TASK = WorldTask(…)`."""

from __future__ import annotations

from pilotbench.benchmark.tasks.task import Task
from pilotbench.ground.declarations import declared

TASKS: dict[str, Task] = {
    task.name: task
    for task in sorted(
        declared(__name__, __path__, "TASK").values(), key=lambda task: (task.rank, task.name)
    )
}

"""Task types by name. A new task is one file here and one line in `TASKS`."""

from __future__ import annotations

from pilotbench.benchmark.tasks import (
    api_integration,
    basic_task,
    data_pipeline,
    multi_stage_pipeline,
    simple_task,
)
from pilotbench.benchmark.tasks.task import Task

TASKS: dict[str, Task] = {
    "simple_task": simple_task.TASK,
    "basic_task": basic_task.TASK,
    "api_integration": api_integration.TASK,
    "data_pipeline": data_pipeline.TASK,
    "multi_stage_pipeline": multi_stage_pipeline.TASK,
}

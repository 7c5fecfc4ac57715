"""The further models that the commands of external tasks may ask: `models` in task.yaml."""

from __future__ import annotations

from collections.abc import Mapping

from pilotbench.benchmark.packs.external_task import is_external
from pilotbench.benchmark.tasks.task import Task
from pilotbench.ground.errors import ConfigError, hint
from pilotbench.matrix.config import Settings
from pilotbench.providers.kind import Role
from pilotbench.providers.kinds import KINDS


def check_others(settings: Settings, tasks: Mapping[str, Task]) -> None:
    """Raise ConfigError, one line, where a further model of a task cannot be asked."""
    for name, task in tasks.items():
        for other in task.models if is_external(task) else ():
            where = f"task {name}: models"
            if other not in settings.catalog:
                near = hint(other, settings.catalog)
                raise ConfigError(f"{where}: {other} is not in model_catalog{near}")
            if KINDS[settings.catalog[other].kind].role is Role.PLAYER:
                raise ConfigError(f"{where}: {other} is a reference player, which answers nothing")

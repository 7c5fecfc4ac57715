"""The seed epoch of a config, and the tasks that have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pilotbench.benchmark.catalogue import TASKS, epochs
from pilotbench.benchmark.packs.pack_folders import load_tasks
from pilotbench.benchmark.tasks.task import Task
from pilotbench.ground.errors import ConfigError
from pilotbench.ground.variables import variable

if TYPE_CHECKING:
    from pilotbench.matrix.config import Settings

SHORTEST = 16
"""Characters of a secret: its hash and its instances let everybody check millions of guesses."""


@dataclass(frozen=True)
class SeedEpoch:
    """Where the name of an epoch is: in the config, or in the environment variable `env`."""

    written: str = field(default="", repr=False)
    env: str | None = None

    @property
    def name(self) -> str:
        """The name. Raises ConfigError if its variable is not set, or holds too little."""
        if self.env is None:
            return self.written
        found = variable(self.env)
        if not found:
            raise ConfigError(
                f"seed_epoch: set the environment variable {self.env}, or write it in .env"
            )
        if len(found) < SHORTEST:
            raise ConfigError(f"seed_epoch: {self.env} holds fewer than {SHORTEST} characters")
        return found


def of_config(value: Any) -> SeedEpoch | None:
    """Return the epoch that a value of the config describes."""
    if value is None:
        return None
    return SeedEpoch(env=value["env"]) if isinstance(value, Mapping) else SeedEpoch(str(value))


def tasks_of(settings: Settings, names: Sequence[str] | None = None) -> dict[str, Task]:
    """Return the tasks of `names` as a config has them: all others ask for tasks here.

    Raises TaskError for one that cannot be read, ConfigError for an epoch that is not known.
    """
    epoch = settings.seed_epoch.name if settings.seed_epoch else epochs.PUBLIC
    return load_tasks(settings.task_folders, names, settings.run_code, epoch)


def problem(settings: Settings) -> str | None:
    """Return what is wrong with the epoch of a config."""
    if settings.seed_epoch is None:
        return None
    if not any(name in TASKS and epochs.has_epochs(TASKS[name]) for name in settings.tasks):
        return "has no effect: no selected task has epochs; write null"
    try:
        return None if settings.seed_epoch.name else "is empty"
    except ConfigError as error:
        return str(error).partition(": ")[2]

"""Epochs: whose instances a task of version 4 has.

Everybody can make the instances of the public epoch. A private one is named by a secret, which is
written nowhere: results state its hash. Whoever guesses the name can check the guess by the hash,
as by any published instance; a long random name cannot be guessed.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from pilotbench.benchmark.scenarios.task import PUBLIC as PUBLIC
from pilotbench.benchmark.scenarios.task import ScenarioTask
from pilotbench.benchmark.tasks.task import Task

LENGTH = 12
_PREFIX = "pilot-bench seed epoch: "


def in_epoch(task: Task, epoch: str) -> Task:
    """Return a task with the instances of an epoch; a task without epochs is returned as it is."""
    return replace(task, epoch=epoch) if isinstance(task, ScenarioTask) else task


def has_epochs(task: Task) -> bool:
    """Return whether an epoch decides what the instances of a task are."""
    return isinstance(task, ScenarioTask)


def shown(task: Task) -> str | None:
    """Return the epoch of a task as results state it: public, or a hash; None without epochs."""
    return hashed(task.epoch) if isinstance(task, ScenarioTask) else None


def hashed(epoch: str) -> str:
    """Return what stands for an epoch in results: 12 hexadecimal digits, or public."""
    return epoch if epoch == PUBLIC else sha256((_PREFIX + epoch).encode()).hexdigest()[:LENGTH]

"""Before any job starts: prompts and tasks are sound, every key that is needed is there."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pilotbench import secrets
from pilotbench.errors import ConfigError
from pilotbench.evaluate import replay
from pilotbench.matrix import Matrix
from pilotbench.records import Shard


def check(matrix: Matrix, shards: Collection[Shard]) -> None:
    """Raise UserError, one line, where one of `shards`, about to be evaluated, cannot be."""
    for prompt in {shard.cell.prompt for shard in shards}:
        matrix.prompts[prompt].check()
    for task in {shard.cell.task for shard in shards}:
        matrix.tasks[task].check()
    check_keys(matrix, shards)


def check_keys(matrix: Matrix, shards: Iterable[Shard]) -> None:
    """Raise ConfigError where a shard has something to ask and a key of its provider is missing.

    Only shards of a provider that lacks a key are looked into: what the journal answers needs none.
    """
    variables = secrets.environment()
    lacking = {
        name: secrets.missing(matrix.settings, provider.keys, variables)
        for name, provider in matrix.settings.providers.items()
    }
    for shard in shards:
        model = matrix.settings.catalog[shard.cell.model]
        if lacking[model.provider] and replay(matrix, shard).owed:
            file = "config/providers.yaml"
            raise ConfigError(f"{file}: {lacking[model.provider][0]} (model {model.name} needs it)")

"""Before any job starts: prompts and tasks are sound, every key that is needed is there."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pilotbench import secrets
from pilotbench.errors import ConfigError
from pilotbench.matrix import Matrix
from pilotbench.records import Shard
from pilotbench.routing import home_key, usable_keys
from pilotbench.validation import written_in


def check(matrix: Matrix, shards: Collection[Shard]) -> None:
    """Raise UserError, one line, where one of `shards`, about to be evaluated, cannot be."""
    for prompt in {shard.cell.prompt for shard in shards}:
        matrix.prompts[prompt].check()
    for task in {shard.cell.task for shard in shards}:
        matrix.tasks[task].check()
    check_keys(matrix, shards)


def check_keys(matrix: Matrix, shards: Iterable[Shard]) -> None:
    """Raise ConfigError where a shard has something to ask and lacks a key that it may use.

    Only shards that lack a key are looked into: what the journal answers needs none.
    """
    from pilotbench.evaluate import replay  # most runs lack no key: nothing to load

    settings, variables = matrix.settings, secrets.environment()
    lacking = {
        alias: lines[0]
        for alias in settings.keys
        if (lines := secrets.missing(settings, [alias], variables))
    }
    for shard in shards if lacking else ():
        model = shard.cell.model
        usable = usable_keys(settings, model, home_key(settings, shard), borrow=True)
        missing = [alias for alias in usable if alias in lacking]
        if missing and replay(matrix, shard).owed:
            key = settings.keys[missing[0]]
            file = written_in(matrix.files, ("providers", key.provider, "keys", key.alias), {})
            raise ConfigError(f"{file}: {lacking[key.alias]} (model {model} needs it)")

"""Before any job starts: prompts and tasks are sound, every key that is needed is there."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pilotbench.errors import ConfigError
from pilotbench.keys import secrets
from pilotbench.keys.routing import home_key, usable_keys
from pilotbench.matrix import Matrix
from pilotbench.records import Shard
from pilotbench.validation import written_in


def check(matrix: Matrix, shards: Collection[Shard]) -> list[str]:
    """Return what to know before `shards` are evaluated: the keys that a run goes on without.

    Raises UserError, one line, where one of them cannot be evaluated.
    """
    for prompt in {shard.cell.prompt for shard in shards}:
        matrix.prompts[prompt].check()
    for task in {shard.cell.task for shard in shards}:
        matrix.tasks[task].check()
    return check_keys(matrix, shards)


def check_keys(matrix: Matrix, shards: Iterable[Shard]) -> list[str]:
    """Return a line for each provider that is asked with some of its keys alone.

    Raises ConfigError where a shard has something to ask and none of the keys that it may use. Only
    shards that lack a key are looked into: what the journal answers needs none.
    """
    from pilotbench.evaluate import replay  # most runs lack no key: nothing to load

    settings, variables = matrix.settings, secrets.environment()
    lacking = {
        alias: lines[0]
        for alias in settings.keys
        if (lines := secrets.missing(settings, [alias], variables))
    }
    notes: dict[str, str] = {}
    for shard in shards if lacking else ():
        model = shard.cell.model
        provider = settings.catalog[model].provider
        usable = usable_keys(settings, model, home_key(settings, shard), borrow=True)
        missing = [alias for alias in usable if alias in lacking]
        if not missing or provider in notes or not replay(matrix, shard).owed:
            continue
        key = settings.keys[missing[0]]
        if missing == list(usable):
            file = written_in(matrix.files, ("providers", provider, "keys", key.alias), {})
            raise ConfigError(f"{file}: {lacking[key.alias]} (model {model} needs it)")
        keys = settings.providers[provider].keys
        left = ", ".join(alias for alias in keys if alias not in lacking)
        why = "; ".join(lacking[alias] for alias in keys if alias in lacking)
        notes[provider] = f"provider {provider} goes on with {left} alone: {why}"
    return list(notes.values())

"""Before any job starts: is every key there that a planned, unanswered episode needs?"""

from __future__ import annotations

from collections.abc import Iterable

from pilotbench import secrets
from pilotbench.errors import ConfigError
from pilotbench.evaluate import replay
from pilotbench.matrix import Matrix
from pilotbench.records import Shard


def check(matrix: Matrix, shards: Iterable[Shard]) -> None:
    """Raise ConfigError where a shard has something to ask and a key of its provider is missing.

    A provider of which no key is set is looked at shard by shard: what the journal answers needs
    no key. `shards` are those that are about to be evaluated.
    """
    for shard in shards:
        missing = secrets.missing(matrix.settings.provider_of(shard.cell.model))
        if missing and replay(matrix, shard).owed:
            raise ConfigError(f"model {shard.cell.model}: {missing}")

"""Checks that a draft must pass before it becomes the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilotbench.ground.errors import PilotbenchError
from pilotbench.results.database.schema import CELL

if TYPE_CHECKING:
    import duckdb


class CheckFailed(PilotbenchError):
    """The new database would contradict itself; the old one is kept."""


_CELL = ", ".join(CELL)

CHECKS = {
    "an episode counts once": (
        "SELECT min(shard), episode FROM store.episodes WHERE counted "
        "GROUP BY episode HAVING count(*) > 1"
    ),
    "every episode of a file counts, another file's does, or judges have not judged it": (
        "SELECT e.shard, e.episode FROM store.episodes e WHERE NOT e.counted "
        "AND NOT EXISTS (FROM store.episodes o WHERE o.episode = e.episode AND o.counted) "
        "AND NOT EXISTS (FROM store.unjudged u WHERE u.shard = e.shard AND u.episode = e.episode)"
    ),
    "full + partial + failure = completed": (
        f"SELECT {_CELL} FROM cells "
        "WHERE full_success + partial_success + failure IS DISTINCT FROM completed"
    ),
    "planned = completed + refused + owed + not_applicable": (
        f"SELECT {_CELL} FROM cells WHERE current "
        "AND completed + refused + owed + not_applicable IS DISTINCT FROM planned"
    ),
    "provisional rows have no file, or one with superseded episodes": (
        "SELECT e.shard FROM store.episodes e JOIN store.shards s ON s.path = e.shard "
        "WHERE s.state = 'damaged' OR e.provisional IS DISTINCT FROM (s.state = 'provisional') "
        "AND NOT (e.provisional AND s.outdated > 0)"
    ),
}
"""What is checked, and a query that returns a row where the check fails."""


def check(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise CheckFailed with the check and a place unless every check passes."""
    for says, query in CHECKS.items():
        row = connection.execute(f"{query} LIMIT 1").fetchone()
        if row is not None:
            place = "/".join(map(str, row))
            raise CheckFailed(f"master database not changed: {says} does not hold at {place}")

"""Shard files that no table needs: list them and, on request, remove them.

superseded  other files hold every episode of it, or the present config differs
outside     the selection of the last command plans no episode of it
damaged     it cannot be read

The journal is not touched: whatever is removed can be rebuilt at no cost.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pilotbench.ground import links, shipped
from pilotbench.ground.errors import UserError
from pilotbench.results.database import shardfiles, store, updates
from pilotbench.results.database.queries import opened

KINDS = ("superseded", "outside", "damaged")
_PRUNABLE = """
SELECT path, CASE WHEN state = 'damaged' THEN 'damaged' WHEN superseded THEN 'superseded'
  ELSE 'outside' END AS kind, episodes + outdated AS episodes, size
FROM shards
WHERE state = 'damaged' OR superseded OR (state = 'file' AND current = 0 AND NOT planned)
ORDER BY kind, path
"""


def command(results: Path, *kinds: str) -> str:
    """Return the command line that lists what can be pruned, or removes `kinds` of it."""
    words = [] if results == Path("results") else ["--results", str(results)]
    words += ["--remove", *kinds] if kinds else []
    return shlex.join(["python", "-m", "pilotbench", "prune", *words])


@dataclass(frozen=True)
class Prunable:
    """A shard file that no table needs; `size` in bytes."""

    path: str
    kind: str
    episodes: int
    size: int


def prunable(results: Path) -> list[Prunable]:
    """Return the shard files that no table needs. Raises UserError without a database."""
    with opened(results / store.NAME) as connection:
        return [Prunable(*row) for row in connection.execute(_PRUNABLE).fetchall()]


def remove(results: Path, kinds: Collection[str]) -> list[Prunable]:
    """Remove the files of `kinds`, with folders left empty and their rows; return what was removed.

    Raises UserError if the files are not those that the database has recorded.
    """
    _refuse_outdated(results)
    files = [file for file in prunable(results) if file.kind in kinds]
    for file in files:
        path = links.inside(results, results / "shards" / file.path)
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == results / "shards" or any(folder.iterdir()):
                break
            folder.rmdir()
    updates.forget_gone(results)
    return files


def _refuse_outdated(results: Path) -> None:
    with opened(results / store.NAME) as connection:
        rows = connection.execute(
            "SELECT path, size, mtime_ns FROM shards WHERE state <> 'provisional'"
        ).fetchall()
    known = {path: (size, mtime) for path, size, mtime in rows}
    found = {}
    for name, path in shardfiles.find(results / "shards").items():
        stat = Path(path).stat()
        found[name] = (stat.st_size, stat.st_mtime_ns)
    other = sorted(name for name in {*known, *found} if known.get(name) != found.get(name))
    if other:
        raise UserError(
            f"{results / store.NAME}: does not know {other[0]} as it is now; "
            f"bring it up to date first: {shipped.BUILD} summary"
        )

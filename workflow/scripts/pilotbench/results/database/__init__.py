"""The master database: one DuckDB file, brought up to date from changed shards only.

schema      stored tables; views: what people read; both are written out in docs/database.md
shardfiles  a shard file is read and checked, or refused with a reason
rows        records become rows
reading     many files at once, in several processes
changes     which files are new, changed or gone
resolve     which row stands for an episode, which the selection plans
store       the draft beside the database, its publication
checks      what must hold before a draft is published
provisional what the journal gives of planned shards that their files do not give whole
updates     one update, from changes to publication
queries     read-only DataFrames; master_json, export, prune: what is made of them

DuckDB and pandas are imported where they are used, never by `import pilotbench`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilotbench.matrix.config import (Settings)
    from pilotbench.results.database.changes import (UpdateReport)
    from pilotbench.results.database.provisional import (Replayed)
    from pilotbench.matrix.fingerprint import (Now)
    from pilotbench.matrix.plan import (Plan)
    from pilotbench.matrix.cells import (Shard)


def update(
    results: Path,
    plan: Plan,
    settings: Settings,
    *,
    replay: Callable[[Shard], Replayed | None] | None = None,
    now: Now | None = None,
    log: Callable[[str], None] | None = None,
) -> UpdateReport:
    """Bring `results/master.duckdb` up to date; see `updates.update`."""
    from pilotbench.results.database import (updates)

    return updates.update(results, plan, settings, replay=replay, now=now, log=log)

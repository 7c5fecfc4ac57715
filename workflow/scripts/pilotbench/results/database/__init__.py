"""The master database: one DuckDB file, brought up to date from changed shards only.

schema      stored tables; views: what people read; both are written out in docs/database.md
shardfiles  read and validate a shard file, or reject it with a reason
rows        from records to rows
reading     many files at once, in several processes
changes     which files are new, changed or missing
resolve     which row represents each episode, which the selection plans
store       the draft next to the database, its publication
checks      what a draft must pass before it is published
labels      labels of people, each with the reply that it is about
provisional planned shards completed from the journal
verdicts    what judges say, from their files and the journal; verdict_scores: scores of it
updates     one update, from changes to publication
queries     read-only DataFrames; master_json, export and prune use them

DuckDB and pandas are imported where they are used, never by `import pilotbench`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilotbench.benchmark.packs.label_files import Label
    from pilotbench.matrix.cells import Shard
    from pilotbench.matrix.config import Settings
    from pilotbench.matrix.experiment import Experiment
    from pilotbench.matrix.fingerprint import Now
    from pilotbench.matrix.plan import Plan
    from pilotbench.results.database.changes import UpdateReport
    from pilotbench.results.database.provisional import Replayed


def update(
    results: Path,
    plan: Plan,
    settings: Settings,
    *,
    replay: Callable[[Shard], Replayed | None] | None = None,
    now: Now | None = None,
    labels: Sequence[Label] = (),
    experiment: Experiment | None = None,
    log: Callable[[str], None] | None = None,
) -> UpdateReport:
    """Bring `results/master.duckdb` up to date; see `updates.update`."""
    from pilotbench.results.database import updates

    return updates.update(
        results,
        plan,
        settings,
        replay=replay,
        now=now,
        labels=labels,
        experiment=experiment,
        log=log,
    )

"""Bring the master database up to date: only new and changed files are read.

1. Compare: size and modification time of each shard file, then its hash if they differ.
2. Load the changed files, and replay the planned shards that have none, into a draft.
3. Resolve in SQL, for the whole draft: which row represents an episode (the current plan's shard,
   otherwise the newest file), what the selection plans, what is owed.
4. Check, then publish the draft by renaming it.

The content is a function of shard files, plan and journal: a rebuild gives the same rows.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pilotbench.benchmark.packs.label_files import Label, digest_of
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import UserError
from pilotbench.matrix.axes import AXES
from pilotbench.matrix.fingerprint import Now
from pilotbench.matrix.plan import Plan
from pilotbench.results.database import provisional, shardfiles, store, verdict_scores, verdicts
from pilotbench.results.database.changes import Before, Log, UpdateReport, before_of, compare
from pilotbench.results.database.checks import check
from pilotbench.results.database.labels import load as load_labels
from pilotbench.results.database.provisional import Replay
from pilotbench.results.database.reading import File, Json, batches
from pilotbench.results.database.resolve import resolve
from pilotbench.results.database.rows import Rows, as_json, cell_columns, insert, insert_unknown
from pilotbench.results.database.views import FORMAT

if TYPE_CHECKING:
    from pilotbench.matrix.config import Settings
    from pilotbench.matrix.experiment import Experiment

NAMED = 20
_OF_SHARD = {
    "shards": "path",
    "episodes": "shard",
    "requests": "shard",
    "tool_calls": "shard",
    "reasons": "shard",
    "records": "shard",
}
logger = logging.getLogger(__name__)


class DamagedShards(UserError):
    """Shard files that cannot be read; nothing was changed."""


def update(
    results: Path,
    plan: Plan,
    settings: Settings,
    *,
    replay: Replay | None = None,
    now: Now | None = None,
    labels: Sequence[Label] = (),
    experiment: Experiment | None = None,
    log: Log | None = None,
) -> UpdateReport:
    """Bring `results/master.duckdb` up to date with shard files, plan, journal and labels.

    `replay` returns, for a planned shard without a readable file or with superseded episodes, the
    content of the journal (None: nothing). `now` decides which episodes match the present config;
    without it all do. `experiment` says who judges what; without it no verdict is read.

    Raises DamagedShards if files cannot be read and `settings.keep_going` is false, CheckFailed if
    the result would contradict itself; the database is then unchanged.
    """
    say, report = log or logger.info, UpdateReport()
    database = results / store.NAME
    with store.locked(results):
        before = before_of(database, say)
        found = shardfiles.find(results / "shards")
        files = compare(found, before, report, now)
        with store.drafted(database, empty=not before.readable) as draft:
            _load_files(draft, before, files, report, say)
            if report.damaged and not settings.keep_going:
                raise DamagedShards(_damage_text(report.damaged))
            wanted = provisional.open_shards(plan, set(found), report)
            provisional.load(draft, before, wanted, replay, plan.repeats, report)
            selection = _selection(
                plan, settings, labels, experiment.judgings if experiment else {}
            )
            _load_selection(draft, before, selection, plan)
            if experiment is not None:
                changed = {file.name: str(file.state["sha256"]) for file in files}
                shas = verdicts.shas_of(before, changed, [*report.gone, *report.outdated])
                verdicts.load(draft, before, experiment, shas, replay)
            if draft.opened:
                if experiment is not None:
                    verdict_scores.score(draft.connection, experiment)
                resolve(draft.connection)
                report.labels = load_labels(draft.connection, labels, str(draft.path))
                check(draft.connection)
            report.written = draft.opened
        if not report.written:
            os.utime(database)  # looked at now: it is no older than its inputs
    _tell(report, say)
    return report


def forget_gone(results: Path) -> list[str]:
    """Delete the rows of missing files from the database, return their paths.

    The plan stays as the last update stored it.
    """
    database, report = results / store.NAME, UpdateReport()
    with store.locked(results):
        before = before_of(database, logger.info)
        compare(shardfiles.find(results / "shards"), before, report)
        with store.drafted(database, empty=not before.readable) as draft:
            _forget(draft, before, report.gone)
            if draft.opened:
                resolve(draft.connection)
                check(draft.connection)
    return report.gone


def _load_files(
    draft: store.Draft, before: Before, files: list[File], report: UpdateReport, say: Log
) -> None:
    touched = set(report.touched)
    for file in files:
        if file.name in touched:
            draft.connection.execute(
                "UPDATE store.shards SET mtime_ns = ? WHERE path = ?",
                [file.state["mtime_ns"], file.name],
            )
    wanted = [file for file in files if file.name not in touched]
    _forget(draft, before, [*report.gone, *(file.name for file in wanted)])
    if not wanted:
        return
    done = 0
    for batch in batches(wanted, str(draft.path)):
        insert(draft.connection, batch.tables)
        insert_unknown(draft.connection, batch.unknown)
        report.unknown |= batch.unknown
        report.quarantined |= batch.quarantined
        report.damaged |= batch.damaged
        report.outdated |= batch.outdated
        done += batch.files
        if len(wanted) > NAMED:
            say(f"{done} of {len(wanted)} shard files read")


def _forget(draft: store.Draft, before: Before, names: list[str]) -> None:
    """Delete every row of the known shards among `names`."""
    known = [name for name in names if name in before.shards]
    if not known:
        return
    for table, column in _OF_SHARD.items():
        draft.connection.execute(
            f"DELETE FROM store.{table} WHERE {column} IN (SELECT unnest(?))", [known]
        )


def _load_selection(draft: store.Draft, before: Before, selection: Json, plan: Plan) -> None:
    """Store selection and plan where they are others than before."""
    if before.selection == as_json(selection["digest"]):
        return
    draft.connection.execute("DELETE FROM store.plan")
    draft.connection.execute("DELETE FROM store.selection")
    rows = Rows()
    shards = plan.by_path.values()
    rows.add("plan", (cell_columns(shard) | {"repeats": plan.repeats} for shard in shards))
    rows.add("selection", ({"key": k, "value": as_json(v)} for k, v in selection.items()))
    rows.insert(draft.connection, str(draft.path))


def _selection(plan: Plan, settings: Settings, labels: Sequence[Label], judgings: Json) -> Json:
    selection: Json = {
        **{axis.key: list(settings.words(axis)) for axis in AXES},
        "instances": settings.instances,
        "repeats": plan.repeats,
        "shard_size": settings.shard_size,
        "max_turns": settings.max_turns or "auto",
        "experiment": settings.experiment,
        "planned": plan.episodes,
    }
    if labels:
        selection["labels"] = digest_of(labels)
    selection |= {"judging": judgings} if judgings else {}
    return selection | {"format": FORMAT, "digest": digest([selection, list(plan.by_path)])}


def _damage_text(damaged: dict[str, str]) -> str:
    shown = "; ".join(list(damaged.values())[:NAMED])
    more = f"; and {len(damaged) - NAMED} more" if len(damaged) > NAMED else ""
    return (
        f"{len(damaged)} damaged shard file(s), master database not changed: {shown}{more}. "
        "Remove them (the next run writes them again from the journal), or load the others with "
        "--config keep_going=true"
    )


def _tell(report: UpdateReport, say: Log) -> None:
    say(
        f"master database: {len(report.new)} new, {len(report.changed)} changed, "
        f"{len(report.gone)} gone of {report.files} shard files; "
        f"{len(report.provisional)} provisional; {'written' if report.written else 'unchanged'}"
    )
    for word in ("new", "changed", "gone"):
        names = getattr(report, word)
        for name in names[:NAMED]:
            say(f"{word}: {name}")
        if len(names) > NAMED:
            say(f"{word}: and {len(names) - NAMED} more")
    for name, count in list(report.outdated.items())[:NAMED]:
        say(f"superseded by the present config: {count} episodes of {name}")
    for name, places in list(report.unknown.items())[:NAMED]:
        say(f"values that cannot be stored are unknown: {name}: {'; '.join(places[:NAMED])}")
    for name, reason in report.quarantined.items():
        say(f"quarantined, left out: {name}: {reason}")
    for damage in report.damaged.values():
        say(f"damaged, left out: {damage}")
    for words in report.labels[:NAMED]:
        say(words)
    if len(report.labels) > NAMED:
        say(f"labels not used: and {len(report.labels) - NAMED} more")

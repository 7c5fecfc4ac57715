"""Bring the master database up to date: only what is new, changed or gone is read.

1. Compare: size and modification time of each shard file, then its hash where they differ.
2. Load the changed files, and replay the planned shards that have none, into a draft.
3. Resolve in SQL, for the whole draft: which row stands for an episode (the current plan's shard,
   else the newest file), what the selection plans, what is owed.
4. Check, then publish the draft by renaming it.

The content is a function of shard files, plan and journal: a rebuild gives the same rows.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pilotbench.canonical import digest
from pilotbench.database import shardfiles, store
from pilotbench.database.changes import Before, Log, Report, before_of, compare
from pilotbench.database.checks import check
from pilotbench.database.reading import File, Json, batches
from pilotbench.database.resolve import resolve
from pilotbench.database.rows import Rows, as_json, cell_columns, insert, shard_row, text
from pilotbench.database.schema import FORMAT
from pilotbench.errors import UserError
from pilotbench.fingerprint import Now
from pilotbench.plan import Plan
from pilotbench.records import Shard

if TYPE_CHECKING:
    from pilotbench.config import Settings

NAMED = 20
MESSAGE_LIMIT = 2000
NOT_ASKED = ("NotAnswered", "not_asked")
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


class OwedEpisode(Protocol):
    """An episode that the journal cannot finish, and why."""

    @property
    def index(self) -> int: ...
    @property
    def repeat(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def message(self) -> str: ...


class Replayed(Protocol):
    """What the journal gives for a planned shard without a file."""

    @property
    def episodes(self) -> list[Json]: ...
    @property
    def owed(self) -> Sequence[OwedEpisode]: ...


Replay = Callable[[Shard], Replayed | None]


def update(
    results: Path,
    plan: Plan,
    settings: Settings,
    *,
    replay: Replay | None = None,
    now: Now | None = None,
    log: Log | None = None,
) -> Report:
    """Bring `results/master.duckdb` up to date with shard files, plan and journal.

    `replay` gives, for a planned shard without a readable file or with superseded episodes, what
    the journal holds (None: nothing). `now` judges which episodes are those of the present config;
    without it every one is. Raises DamagedShards where files cannot be read and
    `settings.keep_going` is false, CheckFailed where the result would contradict itself; the
    database is then as it was.
    """
    say, report = log or logger.info, Report()
    database = results / store.NAME
    with store.locked(results):
        before = before_of(database, say)
        found = shardfiles.find(results / "shards")
        files = compare(found, before, report, now)
        with store.drafted(database, empty=not before.readable) as draft:
            _load_files(draft, before, files, report, say)
            if report.damaged and not settings.keep_going:
                raise DamagedShards(_damage_text(report.damaged))
            _load_journal(draft, before, _open(plan, set(found), report), replay, report)
            _load_selection(draft, before, plan, settings)
            if draft.opened:
                resolve(draft.connection)
                check(draft.connection)
            report.written = draft.opened
        if not report.written:
            os.utime(database)  # looked at now: it is no older than its inputs
    _tell(report, say)
    return report


def forget_gone(results: Path) -> list[str]:
    """Take the rows of files that are gone out of the database, return their paths.

    The plan stays as the last update stored it.
    """
    database, report = results / store.NAME, Report()
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
    draft: store.Draft, before: Before, files: list[File], report: Report, say: Log
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


def _open(plan: Plan, found: set[str], report: Report) -> dict[str, Shard]:
    """Return the planned shards that the journal may complete, by path.

    They have no file, or one with superseded episodes; those of a damaged file are owed.
    """
    return {
        path: shard
        for path, shard in plan.by_path.items()
        if path not in found or path in report.outdated
    }


def _load_journal(
    draft: store.Draft,
    before: Before,
    wanted: dict[str, Shard],
    replay: Replay | None,
    report: Report,
) -> None:
    """Bring the provisional rows up to date: those of `wanted`, and no others."""
    come = {*report.read, *report.gone}  # their rows went with those of their files
    old = {n: k.journal for n, k in before.shards.items() if k.journal and n not in come}
    _forget_journal(draft, [name for name in old if name not in wanted], report)
    for name, shard in wanted.items():
        replayed = replay(shard) if replay is not None else None
        reasons = [] if replayed is None else _reasons(name, replayed)
        if replayed is None or not (replayed.episodes or reasons):
            _forget_journal(draft, [name] if name in old else [], report)
            continue
        report.provisional.append(name)
        sha256 = digest([replayed.episodes, reasons])
        if old.get(name) != sha256:
            _forget_journal(draft, [name] if name in old else [], report)
            _insert_provisional(draft, shard, replayed, reasons, sha256, report)


def _forget_journal(draft: store.Draft, names: list[str], report: Report) -> None:
    """Delete what the journal gave for the shards `names`; the rows of a file stay."""
    if not names:
        return
    mine = "shard IN (SELECT unnest(?))"
    of_journal = f"episode IN (SELECT episode FROM store.episodes WHERE {mine} AND provisional)"
    for table in ("requests", "tool_calls"):
        draft.connection.execute(
            f"DELETE FROM store.{table} WHERE {mine} AND {of_journal}", [names, names]
        )
    draft.connection.execute(f"DELETE FROM store.episodes WHERE {mine} AND provisional", [names])
    for table in ("reasons", "records"):
        draft.connection.execute(f"DELETE FROM store.{table} WHERE {mine}", [names])
    with_file = [name for name in names if name in report.outdated]
    path = "path IN (SELECT unnest(?))"
    draft.connection.execute(f"UPDATE store.shards SET journal = NULL WHERE {path}", [with_file])
    draft.connection.execute(
        f"DELETE FROM store.shards WHERE {path} AND state = 'provisional'", [names]
    )


def _reasons(name: str, replayed: Replayed) -> list[Json]:
    return [
        {
            "shard": name,
            "index": o.index,
            "repeat": o.repeat,
            "kind": o.kind,
            "message": text(o.message, MESSAGE_LIMIT),
        }
        for o in replayed.owed
        if o.kind not in NOT_ASKED
    ]


def _insert_provisional(
    draft: store.Draft,
    shard: Shard,
    replayed: Replayed,
    reasons: list[Json],
    sha256: str,
    report: Report,
) -> None:
    """Insert what the journal gives of a shard: all that its file, where it has one, does not."""
    name, rows = shard.path.as_posix(), Rows()
    loaded = _loaded(draft, name) if name in report.outdated else set()
    episodes = [episode for episode in replayed.episodes if episode["episode"] not in loaded]
    repeats = 1 + max((e["repeat"] for e in episodes), default=0)
    row = shard_row(shard, {"repeats": repeats}, state="provisional", journal=sha256)
    rows.add_shard(row, episodes)
    rows.add("reasons", reasons)
    rows.insert(draft.connection, str(draft.path))
    if name in report.outdated:  # the row of the file is the shard's
        own = "path = ? AND state = 'provisional'"
        draft.connection.execute(f"DELETE FROM store.shards WHERE {own}", [name])
        draft.connection.execute(
            "UPDATE store.shards SET journal = ? WHERE path = ?", [sha256, name]
        )
    for episode in episodes:  # by value: a transcript may be longer than a line of JSON may be
        whole = [name, episode["episode"], json.dumps(episode)]
        draft.connection.execute("INSERT INTO store.records VALUES (?, ?, ?)", whole)


def _loaded(draft: store.Draft, name: str) -> set[str]:
    """Return the identities of the episodes that a shard's file gave."""
    query = "SELECT episode FROM store.episodes WHERE shard = ? AND NOT provisional"
    return {row[0] for row in draft.connection.execute(query, [name]).fetchall()}


def _load_selection(draft: store.Draft, before: Before, plan: Plan, settings: Settings) -> None:
    """Store the plan where it is another than before."""
    selection = _selection(plan, settings)
    if before.selection == as_json(selection["digest"]):
        return
    draft.connection.execute("DELETE FROM store.plan")
    draft.connection.execute("DELETE FROM store.selection")
    rows = Rows()
    shards = plan.by_path.values()
    rows.add("plan", (cell_columns(shard) | {"repeats": plan.repeats} for shard in shards))
    rows.add("selection", ({"key": k, "value": as_json(v)} for k, v in selection.items()))
    rows.insert(draft.connection, str(draft.path))


def _selection(plan: Plan, settings: Settings) -> Json:
    selection: Json = {
        "models": list(settings.models),
        "prompts": list(settings.prompts),
        "tasks": list(settings.tasks),
        "difficulties": list(settings.difficulties),
        "tool_success_rates": list(settings.tool_success_rates),
        "instances": settings.instances,
        "repeats": plan.repeats,
        "shard_size": settings.shard_size,
        "max_turns": settings.max_turns or "auto",
        "experiment": settings.experiment,
        "planned": plan.episodes,
    }
    return selection | {"format": FORMAT, "digest": digest([selection, list(plan.by_path)])}


def _damage_text(damaged: dict[str, str]) -> str:
    shown = "; ".join(list(damaged.values())[:NAMED])
    more = f"; and {len(damaged) - NAMED} more" if len(damaged) > NAMED else ""
    return (
        f"{len(damaged)} damaged shard file(s), master database not changed: {shown}{more}. "
        "Remove them (the next run writes them again from the journal), or load the others with "
        "--config keep_going=true"
    )


def _tell(report: Report, say: Log) -> None:
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
    for damage in report.damaged.values():
        say(f"damaged, left out: {damage}")

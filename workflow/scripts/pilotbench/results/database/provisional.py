"""Complete from the journal the planned shards that have no complete file.

These episodes are provisional; what the journal does not have is owed, with the reason.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Protocol

from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import Quarantined, UserError
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.plan import Plan
from pilotbench.results.database import shardfiles, store
from pilotbench.results.database.changes import Before, UpdateReport
from pilotbench.results.database.reading import Json
from pilotbench.results.database.rows import Rows, shard_row, text

MESSAGE_LIMIT = 2000
NOT_ASKED = ("NotAnswered", "not_asked")
logger = logging.getLogger(__name__)


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
    """The content of the journal for a planned shard without a file."""

    @property
    def episodes(self) -> list[Json]: ...
    @property
    def owed(self) -> Sequence[OwedEpisode]: ...
    @property
    def unusable(self) -> Json: ...


Replay = Callable[[Shard], Replayed | None]


def open_shards(plan: Plan, found: set[str], report: UpdateReport) -> dict[str, Shard]:
    """Return the planned shards that the journal may complete, by path.

    They have no file, or one with superseded episodes; those of a damaged file are owed.
    """
    return {
        path: shard
        for path, shard in plan.by_path.items()
        if path not in found or path in report.outdated
    }


def load(
    draft: store.Draft,
    before: Before,
    wanted: dict[str, Shard],
    replay: Replay | None,
    repeats: int,
    report: UpdateReport,
) -> None:
    """Bring the provisional rows up to date: those of `wanted`, and no others."""
    come = {*report.read, *report.gone}  # their rows were deleted with those of their files
    old = {n: k.journal for n, k in before.shards.items() if k.journal and n not in come}
    _forget_journal(draft, [name for name in old if name not in wanted], report)
    for name, shard in wanted.items():
        replayed = _replayed(replay, shard, repeats) if replay is not None else None
        reasons = [] if replayed is None else _reasons(name, replayed)
        if replayed is None or not (replayed.episodes or reasons):
            _forget_journal(draft, [name] if name in old else [], report)
            continue
        report.provisional.append(name)
        sha256 = digest([*map(json.dumps, replayed.episodes), reasons, replayed.unusable])
        if old.get(name) != sha256:
            _forget_journal(draft, [name] if name in old else [], report)
            _insert_provisional(draft, shard, replayed, reasons, sha256, report)


def _forget_journal(draft: store.Draft, names: list[str], report: UpdateReport) -> None:
    """Delete the provisional rows of the shards `names`; rows of files are kept."""
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


@dataclass(frozen=True)
class _Owed:
    """An episode that cannot be taken from the journal, and why."""

    index: int
    repeat: int
    kind: str
    message: str


@dataclass(frozen=True)
class _Kept:
    """The content of the journal for a shard, without what cannot be stored."""

    episodes: list[Json]
    owed: list[OwedEpisode]
    unusable: Json


def _replayed(replay: Replay, shard: Shard, repeats: int) -> Replayed | None:
    """Return the content of the journal for a shard; what cannot be read or stored is owed.

    Raises only UserError and OSError: no answer keeps other shards out of the database.
    """
    places = product(shard.indices, range(repeats))
    try:
        found = replay(shard)
    except (UserError, OSError, MemoryError):
        raise
    except Exception as error:  # of this shard only: the others are replayed
        logger.warning("quarantined %s", shard.path, exc_info=True)
        return _Kept([], [_quarantined(*place, error) for place in places], {})
    if found is None:
        return None
    kept: list[Json] = []
    owed = list(found.owed)
    for episode in found.episodes:
        try:
            json.dumps(episode)
            shardfiles.episode_validator()(episode)
            kept.append(episode)
        except Exception as error:  # nested too deeply, or not valid by the schema
            owed.append(_quarantined(episode["index"], episode["repeat"], error))
    return _Kept(kept, owed, found.unusable)


def _quarantined(index: int, repeat: int, error: Exception) -> _Owed:
    return _Owed(index, repeat, Quarantined.__name__, str(Quarantined.by(error)))


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
    report: UpdateReport,
) -> None:
    """Insert the episodes of a shard that are in the journal and not in its file."""
    name, rows = shard.path.as_posix(), Rows()
    loaded = _loaded(draft, name) if name in report.outdated else set()
    episodes = [episode for episode in replayed.episodes if episode["episode"] not in loaded]
    repeats = 1 + max((e["repeat"] for e in episodes), default=0)
    header = {"repeats": repeats, "unusable": replayed.unusable}
    row = shard_row(shard, header, state="provisional", journal=sha256)
    rows.add_shard(row, episodes)
    rows.add("reasons", reasons)
    rows.insert(draft.connection, str(draft.path))
    report.unknown |= rows.unknown
    if name in report.outdated:  # the file's row represents the shard
        own = "path = ? AND state = 'provisional'"
        draft.connection.execute(f"DELETE FROM store.shards WHERE {own}", [name])
        draft.connection.execute(
            "UPDATE store.shards SET journal = ? WHERE path = ?", [sha256, name]
        )
    for episode in episodes:  # by value: a transcript may be longer than a line of JSON may be
        whole = [name, episode["episode"], json.dumps(episode)]
        draft.connection.execute("INSERT INTO store.records VALUES (?, ?, ?)", whole)


def _loaded(draft: store.Draft, name: str) -> set[str]:
    """Return the identities of the episodes of a shard's file."""
    query = "SELECT episode FROM store.episodes WHERE shard = ? AND NOT provisional"
    return {row[0] for row in draft.connection.execute(query, [name]).fetchall()}

"""Bring the verdicts of judges up to date: only new and changed files are read.

A file counts if it was made under the present rubric from the shard files as they are now.
Planned verdicts without such a file are taken from the journal; what it does not hold leaves its
episodes owed, with the reason. `scores.py` then makes scores of the verdicts.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilotbench.episodes.judging import judge, verdict_file
from pilotbench.episodes.judging.verdicts import OwedVerdict, Verdicts
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import RecordError, UserError
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.verdict_shards import VerdictShard, verdict_shard_of
from pilotbench.providers.answer import Tokens
from pilotbench.results.database import shardfiles, store
from pilotbench.results.database.changes import Before
from pilotbench.results.database.provisional import MESSAGE_LIMIT, Replay
from pilotbench.results.database.rows import (
    ANSWER_LIMIT,
    IDENTITY_LENGTH,
    Rows,
    as_json,
    text,
    token_columns,
)

Json = dict[str, Any]
Shas = Mapping[str, str | None]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Loaded:
    """The rows of one file of verdicts, or of the journal, and how they are recognized."""

    row: Json
    verdicts: list[Json]
    unjudged: list[Json]


def load(
    draft: store.Draft,
    before: Before,
    experiment: Experiment,
    shas: Shas,
    replay: Replay | None,
) -> None:
    """Bring the tables `verdicts`, `verdict_files` and `unjudged` up to date."""
    planned = {one.path.as_posix(): one for one in experiment.verdicts}
    folder = experiment.settings.results_dir / verdict_file.FOLDER
    found = shardfiles.find(folder)
    known = before.verdicts
    _forget(draft, [path for path in known if path not in found and path not in planned])
    records = _Records(experiment.settings.results_dir, shas, replay)
    for path in sorted({*found, *planned}):
        one = planned.get(path) or _parsed(path)
        fits = None if one is None else _fits(experiment, one, shas)
        if one is None or fits is None:
            _forget(draft, [path] if path in known else [])
            continue
        stat = os.stat(found[path]) if path in found else None  # noqa: PTH116  (see shardfiles)
        mine = known.get(path)
        if stat is not None and mine is not None and mine.is_of(stat, fits):
            continue
        loaded = None if stat is None else _of_file(path, one, Path(found[path]), stat, fits)
        if loaded is None and path in planned:
            loaded = _of_journal(path, one, experiment, records, fits)
        if loaded is None:
            _forget(draft, [path] if path in known else [])
        elif mine is None or not mine.is_like(loaded.row):
            _forget(draft, [path] if path in known else [])
            _insert(draft, loaded)


def shas_of(before: Before, changed: Mapping[str, str], void: Collection[str]) -> Shas:
    """Return the SHA-256 of each shard file whose episodes the database has.

    `void` are files that are gone, or some of whose episodes are superseded: there may be other
    replies in the journal, which only the journal of the judges can have verdicts on.
    """
    known = {name: one.sha256 for name, one in before.shards.items()}
    return {name: sha for name, sha in {**known, **changed}.items() if name not in void}


def _parsed(path: str) -> VerdictShard | None:
    try:
        return verdict_shard_of(Path(path))
    except RecordError:
        return None


def _fits(experiment: Experiment, one: VerdictShard, shas: Shas) -> str | None:
    """Return what a file must say to count; None for a judge that is none of the task any more."""
    try:
        judging = experiment.judging(one.cell.task)
    except UserError:
        return None
    if judging is None or one.judge not in judging.models:
        return None
    if (judging.compare is not None) != bool(one.other):
        return None
    return verdict_file.fits(experiment, one, shas)


def _of_file(
    path: str, one: VerdictShard, file: Path, stat: os.stat_result, fits: str
) -> _Loaded | None:
    try:
        header, rows = verdict_file.read(file)
        if header["fits"] != fits:
            return None
        verdicts = [_verdict(path, one, row) for row in rows]
    except (RecordError, KeyError, TypeError) as error:
        log.warning("not read: %s", error)
        return None
    state = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    return _Loaded(_file_row(path, one, fits, verdicts, []) | state, verdicts, [])


def _of_journal(
    path: str, one: VerdictShard, experiment: Experiment, records: _Records, fits: str
) -> _Loaded:
    episodes = {shard.cell.model: records.of(shard) for shard in one.shards}
    there = all(found is not None for found in episodes.values())
    some = {model: found or [] for model, found in episodes.items()}
    found = judge.replay(experiment, one, some) if there else Verdicts()
    verdicts = [_verdict(path, one, row) for row in found.rows]
    unjudged = _unjudged(path, one, found.owed)
    return _Loaded(_file_row(path, one, fits, verdicts, unjudged), verdicts, unjudged)


@dataclass
class _Records:
    """The episodes of shards: of the file where there is one, else of the journal."""

    results: Path
    shas: Shas
    replay: Replay | None

    def of(self, shard: Shard) -> list[Json] | None:
        """Return the episodes of a shard, None where there is neither file nor journal."""
        name = shard.path.as_posix()
        if self.shas.get(name) is not None:
            try:
                return shardfiles.read(self.results / "shards" / name, name)[2]
            except RecordError:
                return None
        replayed = self.replay(shard) if self.replay is not None else None
        return None if replayed is None else list(replayed.episodes)


def _file_row(
    path: str, one: VerdictShard, fits: str, verdicts: list[Json], unjudged: list[Json]
) -> Json:
    other = one.other_shard
    return {
        "path": path,
        "judge": one.judge,
        "shard": one.shard.path.as_posix(),
        "other": None if other is None else other.path.as_posix(),
        "size": None,
        "mtime_ns": None,
        "fits": fits,
        "content": digest([*map(json.dumps, verdicts), *map(json.dumps, unjudged)]),
    }


def _verdict(path: str, one: VerdictShard, row: Json) -> Json:
    """Return a verdict as a row of the table."""
    names = ("episode", "repeat", "kind", "other", "swapped", "right", "score", "winner")
    requests = row["requests"]
    return {
        **{name: row[name] for name in names},
        "shard": one.shard.path.as_posix(),
        "judge": one.judge,
        "criteria": as_json(row["criteria"]),
        "reason": text(row["reason"], ANSWER_LIMIT),
        "cost_usd": row["cost_usd"],
        **token_columns(Tokens.from_json(row["tokens"])),
        "identity": requests[-1]["identity"][:IDENTITY_LENGTH] if requests else None,
        "started": float(requests[-1]["started"]) if requests else None,
        "path": path,
    }


def _unjudged(path: str, one: VerdictShard, owed: list[OwedVerdict]) -> list[Json]:
    """Return a row for each episode without a verdict: the first reason of its judge."""
    found: dict[str, Json] = {}
    shards = [shard.path.as_posix() for shard in one.shards]
    for missing in owed:
        for shard, episode in zip(shards, missing.episodes, strict=False):
            row = {
                "path": path,
                "shard": shard,
                "episode": episode,
                "judge": one.judge,
                "kind": missing.why.kind,
                "message": text(missing.why.message, MESSAGE_LIMIT),
            }
            found.setdefault(episode, row)
    return list(found.values())


def _forget(draft: store.Draft, paths: list[str]) -> None:
    if not paths:
        return
    for table in ("verdicts", "verdict_files", "unjudged"):
        draft.connection.execute(
            f"DELETE FROM store.{table} WHERE path IN (SELECT unnest(?))", [paths]
        )


def _insert(draft: store.Draft, loaded: _Loaded) -> None:
    rows = Rows()
    rows.add("verdict_files", [loaded.row])
    rows.add("verdicts", loaded.verdicts)
    rows.add("unjudged", loaded.unjudged)
    rows.insert(draft.connection, str(draft.path))

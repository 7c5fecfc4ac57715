"""What has changed since the last update: shard files compared with their rows."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb

from pilotbench.ground.errors import RecordError, UserError
from pilotbench.matrix.cells import shard_of
from pilotbench.matrix.fingerprint import Now
from pilotbench.results.database import shardfiles, store
from pilotbench.results.database.reading import QUARANTINED, File, Json

Log = Callable[[str], None]


@dataclass(frozen=True)
class KnownShard:
    """What the database has recorded about a shard."""

    state: str
    size: int | None
    mtime_ns: int | None
    sha256: str | None
    damage: str | None
    judged: str | None = None
    outdated: int = 0
    journal: str | None = None

    def is_of(self, stat: os.stat_result, judged: str | None) -> bool:
        """Return whether the file is the one that was read, under the same config."""
        now = (stat.st_size, stat.st_mtime_ns, judged)
        return (self.size, self.mtime_ns, self.judged) == now


@dataclass(frozen=True)
class KnownVerdicts:
    """What the database has recorded about a file of verdicts, or about those of the journal."""

    size: int | None
    mtime_ns: int | None
    fits: str
    content: str

    def is_of(self, stat: os.stat_result, fits: str) -> bool:
        """Return whether the file is the one that was read, on the same replies and rubric."""
        return (self.size, self.mtime_ns, self.fits) == (stat.st_size, stat.st_mtime_ns, fits)

    def is_like(self, row: Json) -> bool:
        """Return whether a row of the table says the same."""
        mine = (self.size, self.mtime_ns, self.fits, self.content)
        return mine == tuple(row[name] for name in ("size", "mtime_ns", "fits", "content"))


@dataclass(frozen=True)
class Before:
    """The database as the last update left it; empty if there is no readable one."""

    readable: bool = False
    selection: str | None = None
    shards: dict[str, KnownShard] = field(default_factory=dict)
    verdicts: dict[str, KnownVerdicts] = field(default_factory=dict)


@dataclass
class UpdateReport:
    """What an update did; paths are below `results/shards`.

    `labels` has a line for each label that is not used.
    """

    files: int = 0
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)
    outdated: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    provisional: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    written: bool = False

    @property
    def read(self) -> list[str]:
        """The shard files that were read."""
        return sorted(self.new + self.changed)


def before_of(database: Path, say: Log) -> Before:
    """Return the state after the last update; an unreadable database counts as none.

    Raises UserError if another program writes to it.
    """
    if not database.exists():
        return Before()
    try:
        with store.reader(database) as connection:
            if not store.known_format(connection):
                say(f"{database.name}: of another version, rebuilt")
                return Before()
            rows = connection.execute(
                "SELECT path, state, size, mtime_ns, sha256, damage, judged, outdated, journal "
                "FROM store.shards"
            ).fetchall()
            judged = connection.execute(
                "SELECT path, size, mtime_ns, fits, content FROM store.verdict_files"
            ).fetchall()
            digests = connection.execute(
                "SELECT value FROM store.selection WHERE key = 'digest'"
            ).fetchone()
    except duckdb.Error as error:
        if store.is_held(error):
            raise UserError(f"{database}: {store.HELD}") from None
        say(f"{database.name}: not readable, rebuilt: {str(error).splitlines()[0]}")
        return Before()
    known = {row[0]: KnownShard(*row[1:]) for row in rows}
    verdicts = {row[0]: KnownVerdicts(*row[1:]) for row in judged}
    return Before(True, digests[0] if digests else None, known, verdicts)


def compare(
    found: dict[str, str], before: Before, report: UpdateReport, now: Now | None = None
) -> list[File]:
    """Return the files to be read, in order of their names; differences go to the report.

    A file is read again if the config that its episodes are compared with has changed. Without
    `now` this is not checked.
    """
    files = []
    report.files = len(found)
    for name, path in sorted(found.items()):
        stat, known = os.stat(path), before.shards.get(name)  # noqa: PTH116  (as in shardfiles.find)
        judged = _judged(name, known, now)
        if known is not None and known.is_of(stat, judged):
            _keep(name, known, report)
            continue
        sha256 = shardfiles.sha256_of(path)
        state = {
            "size": stat.st_size,
            "mtime_ns": stat.st_mtime_ns,
            "sha256": sha256,
            "judged": judged,
        }
        if known is None or known.state == "provisional":
            report.new.append(name)
        elif (known.judged, known.sha256) == (judged, sha256):
            report.touched.append(name)
            _keep(name, known, report)
        else:
            report.changed.append(name)
        files.append(File(name, path, state, _present(name, now)))
    report.gone = sorted(
        name
        for name, known in before.shards.items()
        if name not in found and known.state != "provisional"
    )
    return files


def _keep(name: str, known: KnownShard, report: UpdateReport) -> None:
    if known.damage is not None:
        reasons = report.damaged
        if known.damage.startswith(QUARANTINED):
            reasons = report.quarantined
        reasons[name] = known.damage
    if known.outdated:
        report.outdated[name] = known.outdated


def _judged(name: str, known: KnownShard | None, now: Now | None) -> str | None:
    if now is None:
        return known.judged if known else None
    try:
        present = now.cell(shard_of(Path(name)).cell)
    except RecordError:
        return None
    return present.token if present else None


def _present(name: str, now: Now | None) -> Json | None:
    """Return what a file's episodes must match, as plain JSON; None if it is unknown."""
    try:
        present = now.shard(shard_of(Path(name))) if now else None
    except RecordError:
        return None
    return asdict(present) if present else None

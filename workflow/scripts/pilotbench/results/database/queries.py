"""Read-only DataFrames of the master database, and records with their transcripts.

Each function opens the file, reads and closes it. `current=True` returns only the selection of
the last command. Columns are those of the views (docs/database.md), with `flaws` in one column
per flaw. Words are pandas categories.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilotbench.benchmark.flaws import FLAWED
from pilotbench.ground import shipped
from pilotbench.ground.errors import UserError
from pilotbench.results.database import store
from pilotbench.results.database.schema import CELL

if TYPE_CHECKING:
    import duckdb
    import pandas

Json = dict[str, Any]
PLACE = (*CELL, "index", "repeat")
_FREE_TEXT = (
    *("answer", "reason", "message", "episode", "identity", "instance", "damage", "unknown"),
    "metrics",
)


def episodes(db: Path, *, current: bool = True) -> pandas.DataFrame:
    """Return one row per episode, in order of cell, index and repeat."""
    flaws = (name.removeprefix("flawed_") for name in FLAWED)
    spread = ", ".join(f"flaws['{flaw}'] AS flaw_{flaw}" for flaw in flaws)
    return _frame(db, f"SELECT * EXCLUDE (flaws), {spread} FROM episodes", current, PLACE)


def cells(db: Path, *, current: bool = True) -> pandas.DataFrame:
    """Return one row per cell, planned ones without an episode too."""
    return _frame(db, "SELECT * FROM cells", current, (*CELL, "current"))


def leaderboard(db: Path) -> pandas.DataFrame:
    """Return one row per model and prompt, best first; those with owed episodes last."""
    order = ("success_rate_all DESC NULLS LAST", "lower DESC NULLS LAST", "model", "prompt")
    return _frame(db, "SELECT * FROM leaderboard", False, order)


def errors(db: Path, *, current: bool = True) -> pandas.DataFrame:
    """Return one row per episode and kind of error that occurred in it."""
    return _frame(db, "SELECT * FROM errors", current, (*PLACE, "kind"))


def metrics(db: Path, *, current: bool = True) -> pandas.DataFrame:
    """Return one row per episode and further number that its scorer gave."""
    return _frame(db, "SELECT * FROM metrics", current, (*PLACE, "metric"))


def verdicts(db: Path, *, current: bool = True) -> pandas.DataFrame:
    """Return one row per verdict of a judge."""
    return _frame(db, "SELECT * FROM verdicts", current, (*CELL, "index", "judge", "repeat"))


def labels(db: Path, *, current: bool = True) -> pandas.DataFrame:
    """Return one row per label that a person gave to a reply, or to a pair of replies."""
    return _frame(db, "SELECT * FROM labels", current, (*PLACE, "rater"))


def unused_labels(db: Path) -> pandas.DataFrame:
    """Return one row per label that is not used, with the reason."""
    return _frame(db, "SELECT * FROM unused_labels", False, ("place",))


def owed(db: Path) -> pandas.DataFrame:
    """Return one row per owed episode of the current selection, with the reason."""
    return _frame(db, "SELECT * FROM owed", False, PLACE)


def shards(db: Path, *, current: bool = True) -> pandas.DataFrame:
    """Return one row per shard; with `current` those that hold an episode of the selection."""
    where = " WHERE planned OR current > 0" if current else ""
    return _frame(db, f"SELECT * FROM shards{where}", False, ("path",))


def superseded(db: Path) -> pandas.DataFrame:
    """Return how many planned episodes the present config would request differently.

    One row per model and what differs: they are in files, and not counted.
    """
    cell = " AND ".join(f"p.{word} = s.{word}" for word in CELL)
    with opened(db) as connection:
        return connection.execute(
            "SELECT model, differs, sum(outdated)::BIGINT AS episodes FROM store.shards s "
            f"WHERE outdated > 0 AND EXISTS (FROM store.plan p WHERE {cell} "
            "AND p.first <= s.last AND s.first <= p.last) GROUP BY ALL ORDER BY ALL"
        ).df()


def selection(db: Path) -> Json:
    """Return what the last command selected: models, prompts, tasks, instances, ….

    Raises UserError without a database.
    """
    with opened(db) as connection:
        rows = connection.execute("SELECT key, value FROM selection ORDER BY key").fetchall()
    return {key: None if value is None else json.loads(value) for key, value in rows}


def record(db: Path, results: Path, episode: str) -> Json:
    """Return the record of an episode with its transcript, by its identity.

    Raises UserError if the database does not have it, RecordError if its file is damaged.
    """
    with opened(db) as connection:
        row = connection.execute(
            "SELECT shard FROM episodes WHERE episode = ?", [episode]
        ).fetchone()
    if row is None:
        raise UserError(f"{db}: no episode {episode}")
    _, found = shard_records(db, results, row[0])
    return next(one for one in found if one["episode"] == episode)


def shard_records(db: Path, results: Path, path: str) -> tuple[Json, list[Json]]:
    """Return (header, records) of a shard; the header is empty for a provisional one.

    `path` is below `results/shards`. Where episodes of the journal supersede some of the file, the
    records are those of the database. Raises RecordError if the file is damaged.
    """
    from pilotbench.episodes.shard_file import read_shard

    with opened(db) as connection:
        rows = connection.execute(
            "SELECT record FROM store.records JOIN store.episodes USING (shard, episode) "
            "WHERE shard = ? ORDER BY index, repeat",
            [path],
        ).fetchall()
        state = connection.execute(
            "SELECT state FROM store.shards WHERE path = ?", [path]
        ).fetchone()
        loaded = connection.execute(
            "SELECT episode FROM store.episodes WHERE shard = ? AND NOT provisional", [path]
        ).fetchall()
    journal = [json.loads(row[0]) for row in rows]
    # A shard that has begun may have no finished episode.
    if state == ("provisional",) or (journal and not loaded):
        return {}, journal
    header, records = read_shard(results / "shards" / path)
    if not journal:
        return header, records
    known = {row[0] for row in loaded}
    current = [one for one in records if one["episode"] in known]
    return header, sorted([*current, *journal], key=lambda one: (one["index"], one["repeat"]))


def opened(db: Path) -> duckdb.DuckDBPyConnection:
    """Open the database for reading. Raises UserError if there is none or it cannot be read."""
    import duckdb

    if not db.exists():
        raise UserError(f"{db}: no database yet; make it with: {shipped.BUILD} summary")
    try:
        return store.reader(db)
    except duckdb.Error as error:
        if store.is_held(error):
            raise UserError(f"{db}: {store.HELD}") from None
        words = str(error).splitlines()[0]
        raise UserError(f"{db}: cannot be read: {words}; delete it and run again") from None


def _frame(db: Path, query: str, current: bool, order: tuple[str, ...]) -> pandas.DataFrame:
    where = " WHERE current" if current else ""
    with opened(db) as connection:
        frame = connection.execute(f"{query}{where} ORDER BY {', '.join(order)}").df()
    words = [c for c in frame.select_dtypes(include=["object", "string"]) if c not in _FREE_TEXT]
    return frame.astype(dict.fromkeys(words, "category"))

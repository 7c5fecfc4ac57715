"""The database file: a draft is written next to it, checked and renamed; readers never wait.

An open reader keeps the file that it opened. A process that dies leaves a draft, which the next
update removes; the database itself is only replaced as a whole.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from pilotbench.results.database.schema import TABLES
from pilotbench.results.database.views import FORMAT, VIEWS

NAME = "master.duckdb"
MEMORY_LIMIT = "500MB"
HELD = "another program has it open for writing: close it there, or open it read-only"
FILE_ERRORS = (
    duckdb.IOException,
    duckdb.TransactionException,  # the commit could not be written
    duckdb.FatalException,  # the checkpoint could not be written
    duckdb.OutOfMemoryException,  # there is no room for what exceeds the memory limit
)
"""What DuckDB raises where the disk is full or not writable, depending on what it was writing."""
_FICLONE = 0x40049409


@contextmanager
def locked(results: Path) -> Iterator[None]:
    """Hold the exclusive right to update the database of `results`; wait for another update."""
    results.mkdir(parents=True, exist_ok=True)
    folder = os.open(results, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        _discard(results, f".{NAME}.")
        yield
    finally:
        os.close(folder)


class Draft:
    """A copy next to the database, made when its connection is first used."""

    def __init__(self, database: Path, *, empty: bool) -> None:
        self.path = database.with_name(f".{NAME}.{os.getpid()}")
        self.opened = False
        self._database, self._empty = database, empty

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The draft's connection, within one transaction."""
        self.opened = True
        if not self._empty:
            copy(self._database, self.path)
        connection = connect(self.path)
        if self._empty:
            _create(connection)
        connection.execute("BEGIN")
        return connection

    def publish(self) -> None:
        """Commit, write everything into the one file and rename it over the database."""
        self.connection.execute("COMMIT")
        self.connection.execute("CHECKPOINT")
        self.connection.close()
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        self.path.rename(self._database)

    def remove(self) -> None:
        """Close the draft and remove its files."""
        connection = self.__dict__.get("connection")  # None if it could not be opened
        if connection is not None:
            with suppress(duckdb.Error):
                connection.close()
        _discard(self.path.parent, self.path.name)


def _discard(folder: Path, prefix: str) -> None:
    """Remove drafts and the files and overflow folders of DuckDB next to them."""
    for leftover in folder.glob(f"{prefix}*"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


@contextmanager
def drafted(database: Path, *, empty: bool) -> Iterator[Draft]:
    """Yield a draft of `database`, published at the end if it was used and nothing was raised."""
    draft = Draft(database, empty=empty)
    try:
        yield draft
        if draft.opened:
            draft.publish()
    finally:
        draft.remove()


def connect(path: Path, **options: Any) -> duckdb.DuckDBPyConnection:
    """Open a database with bounded memory; its overflow goes next to it."""
    config: dict[str, Any] = {"memory_limit": MEMORY_LIMIT, "temp_directory": f"{path}.overflow"}
    return quiet(duckdb.connect(str(path), config=config, **options))


def reader(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a database read-only."""
    return quiet(duckdb.connect(str(path), read_only=True))


def quiet(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Turn off DuckDB's progress bar: it goes to stdout, where a command prints JSON."""
    connection.execute("SET enable_progress_bar = false")
    return connection


def copy(source: Path, target: Path) -> None:
    """Copy a file, sharing its blocks where the file system can."""
    with source.open("rb") as old, target.open("wb") as new:
        try:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
        except OSError:
            shutil.copyfileobj(old, new, 1 << 20)


def is_held(error: duckdb.Error) -> bool:
    """Return whether a database could not be opened because another program writes to it."""
    return "set lock" in str(error)


def known_format(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the database has the tables of this version."""
    row = connection.execute("SELECT value FROM store.selection WHERE key = 'format'").fetchone()
    return row == (json.dumps(FORMAT),)


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE SCHEMA store")
    for table in TABLES.values():
        connection.execute(table.ddl)
    for view in VIEWS.values():
        connection.execute(f"CREATE VIEW {view.name} AS {view.sql}")

"""The file of one batch: its requests, and what has happened since.

The form of its lines is described in batch_book.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilotbench.asking.journal import lines
from pilotbench.asking.journal.identity import RequestIdentity
from pilotbench.ground.errors import RecordError

Json = dict[str, Any]
CLOSED = "closed"
EXPIRES_S = 24 * 3600.0
"""Every service ends a batch after so many seconds, or a little later."""


@dataclass(frozen=True)
class OutBatch:
    """A batch that is out: submitted, or perhaps submitted, and not collected.

    `tag` is our name of it, `name` the service's, None while it is unknown whether the service has
    the batch. `model` is the entry of model_catalog that it was submitted for. `since` is Unix time
    in s. `done` and `failed` are the counts that the service reported last. `reserved_usd` is what
    the budget holds for it, None without a budget.
    """

    tag: str
    name: str | None
    provider: str
    model: str
    deployment: str
    key: str
    requests: int
    since: float
    done: int = 0
    failed: int = 0
    reserved_usd: float | None = None

    @property
    def expected(self) -> float:
        """The Unix time in s at which the service ends it at the latest."""
        return self.since + EXPIRES_S


@dataclass(frozen=True)
class BookedRequest:
    """A request of a batch, and where its answer belongs: the indices `first` to `last` of a cell.

    `folder` is that of the cell below `journal_dir`, `usd` the most that the request can cost.
    """

    id: str
    identity: str
    components: Json
    folder: str
    first: int
    last: int
    index: int
    usd: float | None = None

    @property
    def place(self) -> tuple[str, int, int]:
        """The part of the journal that its answer is written to."""
        return self.folder, self.first, self.last

    @property
    def wanted(self) -> RequestIdentity:
        """How the journal identifies the request."""
        return RequestIdentity(self.components, self.identity, self.identity, self.index)


@dataclass
class Entry:
    """A batch in the book: what was submitted, and what is known about it.

    `key_folder` is the hash of the key's base URL and secret. `sent` is the Unix time in s at which
    the submission began, None while nothing was sent. `phase` is how it ended, None until its
    results have been fetched. `bytes` is the size of the requests as the service counts it, None in
    records of earlier releases; `alone` is set if no other batch was out when it was recorded.
    """

    path: Path
    tag: str
    provider: str
    model: str
    deployment: str
    key: str
    key_folder: str
    created: float
    count: int
    reserved_usd: float | None = None
    bytes: int | None = None
    alone: bool = False
    prepared: str = ""
    sent: float | None = None
    lost: float | None = None
    name: str | None = None
    done: int = 0
    failed: int = 0
    ended: float | None = None
    cancelled: bool = False
    phase: str | None = None
    closed: bool = False
    withdrawn: set[str] = field(default_factory=set)
    kept: set[tuple[str, int, int]] = field(default_factory=set)

    @property
    def results(self) -> Path:
        """The file of the results, until all of them are in the journal."""
        return self.path.with_suffix(".results")

    @property
    def out(self) -> OutBatch:
        """The batch as others see it."""
        return OutBatch(
            self.tag,
            self.name,
            self.provider,
            self.model,
            self.deployment,
            self.key,
            self.count - len(self.withdrawn),
            self.sent or self.created,
            self.done,
            self.failed,
            self.reserved_usd,
        )

    def requests(self) -> Iterator[BookedRequest]:
        """Yield the requests that were submitted, in their order. Raises RecordError."""
        for record in read_records(self.path, requests=True):
            if "request" in record and record["request"]["id"] not in self.withdrawn:
                yield BookedRequest(**record["request"])

    def note(self, event: str, **more: Any) -> None:
        """Record what has happened; it is on disk when this returns."""
        record = {"event": event, "at": time.time(), **more}
        append_records(self.path, [record])
        self.read(record)

    def read(self, record: Json) -> None:
        """Take in an event."""
        match record["event"]:
            case "prepared":
                self.prepared = record["file"]
            case "sending":
                self.sent, self.lost = record["at"], None
            case "lost":
                self.lost = record["at"]
            case "named":
                self.name = record["name"]
            case "seen":
                self.done, self.failed = record["done"], record["failed"]
            case "withdrawn":
                self.withdrawn.update(record["ids"])
            case "kept":
                self.kept.update((folder, first, last) for folder, first, last in record["places"])
            case "fetched":
                self.phase, self.ended = record["phase"], record["ended"]
            case "cancelled" | "closed" as word:
                setattr(self, word, True)

    def close(self, why: str, **more: Any) -> None:
        """Record that nothing is left to do, and move the batch to the closed ones."""
        if not self.closed:
            self.note("closed", why=why, **more)
        folder = self.path.parent / CLOSED
        folder.mkdir(exist_ok=True)
        self.results.unlink(missing_ok=True)
        self.path.rename(folder / self.path.name)
        sync(folder)
        sync(self.path.parent)


def read_entry(path: Path) -> Entry | None:
    """Return the batch in a file, None if it was closed meanwhile. Raises RecordError."""
    entry: Entry | None = None
    with suppress(FileNotFoundError):
        for record in read_records(path):
            if "batch" in record:
                entry = Entry(path, **record["batch"])
            elif "event" in record and entry is not None:
                entry.read(record)
    return entry


def read_records(path: Path, requests: bool = False, strict: bool = True) -> Iterator[Json]:
    """Yield the records of a file, with the `requests` only where they are wanted.

    A line that a killed process has cut off is left out. Where `strict`, another one that is not
    what was written raises RecordError.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for number, line in enumerate(file, 1):
            if line.startswith(b'{"request"') and not requests:
                continue
            with suppress(ValueError, RecursionError, TypeError, KeyError):
                record = json.loads(line)
                if isinstance(record, dict) and record.get(lines.CHECKSUM) == lines.checksum(
                    record
                ):
                    yield record
                    continue
            if strict and line.endswith(b"}\n"):
                raise RecordError(
                    f"{path}: line {number} is damaged: restore the file from a copy, or remove "
                    "it to pay for its requests again"
                )


def append_records(path: Path, records: Iterable[Json]) -> None:
    """Append records; a line that a killed process has cut off is ended first."""
    is_new = not path.exists()
    with path.open("ab+") as file:
        size = file.seek(0, os.SEEK_END)
        lead = b""
        if size:
            file.seek(size - 1)
            lead = b"" if file.read(1) == b"\n" else b"\n"
        file.write(lead + b"".join(map(lines.encode, records)))
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync(path.parent)


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

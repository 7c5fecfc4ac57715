"""The record of batches: on disk before anything is sent, so that a killed run can go on.

Below `journal_dir`, `batches/{provider}/{model}/` is the lane of all entries of model_catalog that
send the same requests. It has a file per batch, `{time}-{tag}.jsonl`, which appears with all of its
requests at once and then only grows at its end. A line is JSON with a checksum:

    {"batch": …}    the first line: who submits how many requests, with which key
    {"request": …}  a request: its custom id, its identity, and the cell that its answer belongs to
    {"event": …}    what has happened since, in this order: prepared, sending, named, fetched,
                    kept, closed; also lost (the answer to the submission did not come), withdrawn,
                    seen and cancelled

A closed batch is moved to the folder `closed`. `unanswered.jsonl` has the requests that a batch
did not answer.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pilotbench.asking.journal import lines
from pilotbench.asking.journal.identity import RequestIdentity
from pilotbench.asking.journal.segments import model_folder
from pilotbench.ground.atomic_files import write_bytes
from pilotbench.ground.errors import RecordError
from pilotbench.providers.settings import Model

Json = dict[str, Any]
FOLDER, CLOSED = "batches", "closed"
EXPIRES_S = 24 * 3600.0
"""Every service ends a batch after so many seconds, or a little later."""
_IDENTITY = re.compile(rb'^\{"request": .*?"identity": "([0-9a-f]{64})"', re.MULTILINE)
_WITHDRAWN = re.compile(rb'^\{"event": "withdrawn"', re.MULTILINE)


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
    results have been fetched.
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
        for record in _records(self.path, requests=True):
            if "request" in record and record["request"]["id"] not in self.withdrawn:
                yield BookedRequest(**record["request"])

    def note(self, event: str, **more: Any) -> None:
        """Record what has happened; it is on disk when this returns."""
        record = {"event": event, "at": time.time(), **more}
        _append(self.path, [record])
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
        _sync(folder)
        _sync(self.path.parent)


_known: dict[Path, tuple[int, frozenset[str]]] = {}
"""The size and the identities of each file, read once for all shards of a process."""


class Book:
    """The lane of a model."""

    def __init__(self, journal_dir: Path, model: Model) -> None:
        self.folder = journal_dir / FOLDER / model_folder(model)

    @property
    def lock(self) -> Path:
        """The file whose lock the process holds that submits or collects."""
        return self.folder / "lock"

    def write(self, head: Json, requests: Iterable[BookedRequest]) -> Entry:
        """Record what is about to be submitted; it is on disk when this returns."""
        now = time.time()
        batch = {**head, "created": now}
        records: list[Json] = [{"batch": batch}, *({"request": asdict(one)} for one in requests)]
        path = self.folder / f"{int(now * 1e6):017d}-{head['tag']}.jsonl"
        write_bytes(path, b"".join(map(lines.encode, records)), sync=True)
        _sync(self.folder)
        return Entry(path, **batch)

    def entries(self) -> list[Entry]:
        """Return the batches that are not closed, oldest first.

        Raises RecordError for a file that is damaged: what it has submitted is unknown.
        """
        found = (_entry(path) for path in _files(self.folder))
        return [entry for entry in found if entry is not None]

    @property
    def is_out(self) -> bool:
        """Whether any batch of the lane may be out; nothing is read."""
        return bool(_files(self.folder))

    def out_since(self, identity: str) -> float | None:
        """Return since when a request is out (Unix time in s), None if it is not; safe and cheap.

        A batch that is about to be submitted counts as out, and so does one with a damaged file.
        """
        for path in _files(self.folder):
            if identity in self._identities(path):
                try:
                    entry = _entry(path)
                except RecordError:
                    return int(path.name[:17]) / 1e6
                if entry is not None and not entry.closed:
                    return entry.out.since
        return None

    def given_up(self) -> dict[str, str]:
        """Return why requests are not asked in batches any more, by identity."""
        found, whys = dict[str, set[str]](), dict[str, str]()
        for record in _records(self.folder / "unanswered.jsonl", strict=False):
            found.setdefault(record["identity"], set()).update(record["batches"])
            whys[record["identity"]] = record["why"]
        return {name: whys[name] for name, each in found.items() if len(each) >= MOST_BATCHES}

    def note_unanswered(self, entry: Entry, whys: dict[str, tuple[str, bool]]) -> None:
        """Record why requests (by identity) were not answered, and which are not asked here again.

        The latter count as if several batches had not answered them.
        """
        times = {True: MOST_BATCHES, False: 1}
        records = [
            {
                "identity": name,
                "batches": [f"{entry.tag}/{n}" for n in range(times[final])],
                "why": why,
            }
            for name, (why, final) in whys.items()
        ]
        if records:
            _append(self.folder / "unanswered.jsonl", records)

    def _identities(self, path: Path) -> frozenset[str]:
        """Return the identities in a file; only what was withdrawn can change them."""
        with suppress(OSError):
            size = path.stat().st_size
            known = _known.get(path)
            if known is None or known[0] != size:
                known = _known[path] = (size, _read_identities(path))
            return known[1]
        return frozenset()


MOST_BATCHES = 3
"""A request that so many batches did not answer is left to the online lane."""


def batches_out(journal_dir: Path) -> list[OutBatch]:
    """Return the batches of a journal that are out, oldest first; no lock is taken.

    One with a damaged file is left out: the lane that uses it names the file.
    """
    root, found = journal_dir / FOLDER, list[Entry | None]()
    for lane in (lane for provider in _folders(root) for lane in _folders(provider)):
        for path in _files(lane):
            with suppress(RecordError):
                found.append(_entry(path))
    out = [entry.out for entry in found if entry and not entry.closed and entry.sent is not None]
    return sorted(out, key=lambda one: one.since)


def _entry(path: Path) -> Entry | None:
    """Return the batch in a file, None if it was closed meanwhile. Raises RecordError."""
    entry: Entry | None = None
    with suppress(FileNotFoundError):
        for record in _records(path):
            if "batch" in record:
                entry = Entry(path, **record["batch"])
            elif "event" in record and entry is not None:
                entry.read(record)
    return entry


def _read_identities(path: Path) -> frozenset[str]:
    content = path.read_bytes()
    if not _WITHDRAWN.search(content):
        return frozenset(name.decode() for name in _IDENTITY.findall(content))
    try:
        entry = _entry(path)
        return frozenset(one.identity for one in entry.requests()) if entry else frozenset()
    except RecordError:
        return frozenset(name.decode() for name in _IDENTITY.findall(content))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except (FileNotFoundError, NotADirectoryError):
        return []


_NAME = re.compile(r"\d{17}-[0-9a-f]+\.jsonl")


def _folders(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.is_dir())
    return []


def _records(path: Path, requests: bool = False, strict: bool = True) -> Iterator[Json]:
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


def _append(path: Path, records: Iterable[Json]) -> None:
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
        _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

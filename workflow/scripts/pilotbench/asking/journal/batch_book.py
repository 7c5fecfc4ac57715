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

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pilotbench.asking.journal import lines
from pilotbench.asking.journal.batch_file import (
    BookedRequest,
    Entry,
    OutBatch,
    append_records,
    read_entry,
    read_records,
    sync,
)
from pilotbench.asking.journal.segments import model_folder
from pilotbench.ground.atomic_files import write_bytes
from pilotbench.ground.errors import RecordError
from pilotbench.providers.settings import Model

Json = dict[str, Any]
FOLDER = "batches"
_IDENTITY = re.compile(rb'^\{"request": .*?"identity": "([0-9a-f]{64})"', re.MULTILINE)
_WITHDRAWN = re.compile(rb'^\{"event": "withdrawn"', re.MULTILINE)


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
        sync(self.folder)
        return Entry(path, **batch)

    def entries(self) -> list[Entry]:
        """Return the batches that are not closed, oldest first.

        Raises RecordError for a file that is damaged: what it has submitted is unknown.
        """
        found = (read_entry(path) for path in _files(self.folder))
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
                    entry = read_entry(path)
                except RecordError:
                    return int(path.name[:17]) / 1e6
                if entry is not None and not entry.closed:
                    return entry.out.since
        return None

    def given_up(self) -> dict[str, str]:
        """Return why requests are not asked in batches any more, by identity."""
        found, whys = dict[str, set[str]](), dict[str, str]()
        for record in read_records(self.folder / "unanswered.jsonl", strict=False):
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
            append_records(self.folder / "unanswered.jsonl", records)

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
                found.append(read_entry(path))
    out = [entry.out for entry in found if entry and not entry.closed and entry.sent is not None]
    return sorted(out, key=lambda one: one.since)


def _read_identities(path: Path) -> frozenset[str]:
    content = path.read_bytes()
    if not _WITHDRAWN.search(content):
        return frozenset(name.decode() for name in _IDENTITY.findall(content))
    try:
        entry = read_entry(path)
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

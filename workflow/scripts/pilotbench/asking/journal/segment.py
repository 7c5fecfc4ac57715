"""The part of the journal that one process writes.

Durability: a line is written and flushed to disk (fdatasync, shared among threads that write at the
same moment) before its response is used. A killed process loses nothing that was written, a machine
that stops loses at most the requests in flight.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pilotbench.asking.journal.answers import Answers, Failure
from pilotbench.asking.journal.disk_space import ReservedSpace
from pilotbench.asking.journal.identity import RequestIdentity
from pilotbench.asking.journal.lines import encode
from pilotbench.asking.journal.records import Place, answer_to_json, bounded_json
from pilotbench.ground.errors import ProviderError, Stopping, UnusableAnswer
from pilotbench.providers.answer import Answer, charged_tier

Json = dict[str, Any]
_LONGEST_MESSAGE = 500
MAY_BE_CHARGED = "may_be_charged"
LONGEST_PLAIN = 20_000
"""Characters of a body that are kept as text; a longer one is compressed."""


class Segment:
    """The part of the journal that this process writes; safe among threads.

    `answers` holds the answers from before this segment was opened and those written to it.
    """

    def __init__(self, path: Path, descriptor: int, answers: Answers, folders: list[Path]) -> None:
        self.path = path
        self.answers = answers
        self._descriptor = descriptor
        self._folders = [path.parent, *folders]  # hold names that are not on disk yet
        self._writing = threading.Lock()
        self._syncing = threading.Lock()
        self._size = self._whole = self._lines = self._synced = 0
        self._broken: str | None = None
        self._reserve: ReservedSpace | None = None
        self._lost = 0
        self._waits = False
        self._host = socket.gethostname()

    @property
    def kept(self) -> str:
        """What became of the answers that were paid for."""
        if self._lost:
            return f"{self._lost} paid answers could not be written, all others are kept"
        return "Every answer received is kept"

    @property
    def broken(self) -> str | None:
        """Why nothing more may be sent, None if all is well."""
        return self._broken

    def reserve(self, size: int) -> None:
        """Reserve `size` bytes in all for the answers in flight and about to be requested.

        Raises Stopping if the disk has less space. Once it is used up, none is reserved again.
        """
        self.check()
        try:
            if self._reserve is None:
                self._reserve = ReservedSpace(self.path.parent, size)
            else:
                self._reserve.resize(size)
        except OSError as error:
            words = f"no room of {size / 2**20:.0f} MiB for answers ({error.strerror})"
            self._broken = f"{self.path.parent}: {words}; nothing is asked"
            raise Stopping(self._broken) from None

    def check(self) -> None:
        """Raise Stopping if a write has failed: call this before each request."""
        if self._broken is not None:
            raise Stopping(self._broken)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Flush what is written in the block at its end; for one thread that can write it again.

        Raises Stopping if it cannot be flushed.
        """
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
            try:
                self._sync(self._size)
            except OSError as error:
                self._broken = f"{self.path}: the journal cannot be written ({error.strerror})"
                raise Stopping(self._broken) from None

    def write(self, request: RequestIdentity, asked: Answer, **extra: Any) -> None:
        """Write one response and return when it is on disk.

        `extra` has more fields of the line (commit, …). Raises Stopping if it cannot be
        written; other answers in flight may still be written.
        """
        head = {"identity": request.identity, "components": request.components}
        record = {**head, "asked": answer_to_json(asked), "host": self._host}
        try:
            place = self._keep({**record, "index": request.index, **extra}, flush=True)
        except Stopping:
            self._lost += 1
            raise
        self.answers.add(request.identity, place)

    def write_failure(
        self, request: RequestIdentity, error: Exception, *, charged: bool = False
    ) -> None:
        """Write why there is no response; `error`'s message must be free of secrets.

        A paid answer that cannot be used is kept as it came, and flushed like any answer. With
        `charged` any other error is marked as one that the provider may charge for.
        Raises Stopping if it cannot be written.
        """
        failure = Failure(
            identity=request.identity,
            kind=type(error).__name__,
            message=" ".join(str(error).split())[:_LONGEST_MESSAGE],
            index=request.index,
            repeat=request.repeat,
            turn=request.turn,
            at=time.time(),
            tokens=getattr(error, "tokens", None),
            tier=charged_tier(getattr(error, "tier", None), getattr(error, "batch", None)),
        )
        words = asdict(failure)
        del words["identity"], words["tokens"], words["tier"]
        head = {"identity": request.identity, "components": request.components}
        flush = failure.is_verdict or failure.is_paid or charged
        mark = {MAY_BE_CHARGED: True} if charged and not failure.is_paid else {}
        record = {"failure": words, **head, **_paid(error), **_beside(error), **mark}
        self._keep(record, flush=flush)
        self.answers.add_failure(failure)

    def _keep(self, record: Json, flush: bool) -> Place:
        """Write a record, if necessary into the space that was reserved for it."""
        line = encode(record)
        try:
            return self._written(line, flush)
        except OSError as error:
            self._broken = f"{self.path}: the journal cannot be written ({error.strerror})"
            if self._reserve is None or not self._reserve.helps(error):
                raise Stopping(self._broken) from None
        try:
            return self._written(line, flush)
        except OSError:
            raise Stopping(self._broken) from None

    def _written(self, line: bytes, flush: bool) -> Place:
        place = self._append(line)
        if flush and not self._waits:
            self._sync(place.offset + place.length)
        return place

    def _append(self, line: bytes) -> Place:
        with self._writing:
            lead = int(self._size != self._whole)  # a failed write left a part of a line: end it
            start = self._size + lead
            try:
                self._write_all(b"\n" * lead + line)
            except OSError:
                self._take_back()
                raise
            self._whole = self._size
            self._lines += 1 + lead
            return Place(self.path, self._lines, start, len(line))

    def _take_back(self) -> None:
        """Remove the part of a line that was written; it remains if even that fails."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, self._whole)
            self._size = self._whole

    def _write_all(self, line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            count = os.write(self._descriptor, rest)
            self._size += count
            rest = rest[count:]

    def _sync(self, end: int) -> None:
        """Return when the first `end` bytes are on disk; one flush serves all who wait for it."""
        with self._syncing:
            if self._synced >= end:
                return
            upto = self._size
            os.fdatasync(self._descriptor)
            while self._folders:
                _sync_folder(self._folders[-1])
                self._folders.pop()  # only now: a failed flush is tried again
            self._synced = upto

    def _close(self) -> None:
        if self._size == 0:
            with suppress(OSError):
                self.path.unlink()
        if self._reserve is not None:
            self._reserve.close()
        os.close(self._descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(error: Exception) -> Json:
    """Return what an error was asked by and what came beside a message, as far as known."""
    if not isinstance(error, ProviderError):
        return {}
    found: Json = {name: getattr(error, name) for name in ("key", "batch", "tier")}
    found["received"] = bounded_json(dict(error.received))
    return {name: value for name, value in found.items() if value}


def _paid(error: Exception) -> Json:
    """Return the body and tokens of a paid answer, nothing for another error.

    The body is text under `raw`; if it is long, zlib-compressed UTF-8 in base64 under `raw_zlib`.
    """
    if not isinstance(error, UnusableAnswer):
        return {}
    tokens = error.tokens and error.tokens.as_json()
    if len(error.raw) <= LONGEST_PLAIN:
        return {"raw": error.raw, "tokens": tokens}
    packed = zlib.compress(error.raw.encode("utf-8", "replace"))
    return {"raw_zlib": b64encode(packed).decode("ascii"), "tokens": tokens}

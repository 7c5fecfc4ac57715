"""Space on the journal's disk that is reserved before a request is sent, for its answer.

A request is paid for as soon as it is sent, so its answer must find space whatever else fills the
disk meanwhile. A file without a name holds that space: it ends with its process, however that ends.
When a write finds no space the file is released, what is in flight is written, and nothing more is
sent.

A job reserves what its requests in flight need. All jobs of a run share the slots of a key, so the
total is bounded by the slots and not by the slots times the jobs.
"""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from pilotbench.ground.errors import Stopping

EACH, STEP, MOST = 2**17, 2**20, 2**25
"""Bytes for each request in flight, the steps in which they are held, and the most of a job."""
_FULL = (errno.ENOSPC, errno.EDQUOT)


class AnswerSpace:
    """The space for the answers in flight: it grows before a request is sent, and shrinks later.

    `reserve` reserves a number of bytes in all. Raises Stopping if the disk has less.
    """

    def __init__(self, reserve: Callable[[int], None]) -> None:
        self._reserve = reserve
        self._lock = Lock()
        self._in_flight = self._held = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold space for one more answer until it is written.

        Raises Stopping if there is none, before anything is sent.
        """
        with self._lock:
            if self._needed(self._in_flight + 1) > self._held:
                self._hold(self._needed(self._in_flight + 1))
            self._in_flight += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1
                needed = self._needed(self._in_flight)
                if 2 * needed <= self._held - STEP:
                    with suppress(Stopping):  # the next request raises it
                        self._hold(needed)

    def _hold(self, size: int) -> None:
        self._reserve(size)
        self._held = size

    @staticmethod
    def _needed(in_flight: int) -> int:
        steps = max(1, -(-in_flight * EACH // STEP))
        return min(steps * STEP, MOST)


class ReservedSpace:
    """`size` bytes on the disk of `folder`. Raises OSError if there are fewer."""

    def __init__(self, folder: Path, size: int) -> None:
        self._file = _nameless(folder)
        self._held, self._size = True, 0
        self._closing = threading.Lock()  # another file may get the number of one that is closed
        try:
            self.resize(size)
        except OSError:
            self.close()
            raise

    def resize(self, size: int) -> None:
        """Hold `size` bytes from now on. Raises OSError if there are fewer."""
        with self._closing:
            if self._held and size > self._size:
                os.posix_fallocate(self._file, self._size, size - self._size)
            elif self._held and size < self._size:
                os.ftruncate(self._file, size)
            self._size = size

    def helps(self, error: OSError) -> bool:
        """Release the space if `error` lacks it; return whether to write again."""
        if error.errno not in _FULL:
            return False
        self.close()
        return True

    def close(self) -> None:
        """Release the space."""
        with self._closing:
            if self._held:
                self._held = False
                os.close(self._file)


def _nameless(folder: Path) -> int:
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
            raise
    descriptor, name = tempfile.mkstemp(prefix=".room-", dir=folder)
    Path(name).unlink()
    return descriptor

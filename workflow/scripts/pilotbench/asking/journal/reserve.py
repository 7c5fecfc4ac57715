"""Room on the journal's disk that is held before a request is sent, for the answers in flight.

A request is paid for as soon as it is sent, so its answer must find room whatever else fills the
disk meanwhile. A file without a name holds that room: it ends with its process, however that ends.
When a write finds no room the file is let go, what is in flight is written, and nothing more is
asked.
"""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Reserve:
    """Room of `size` bytes below `folder`. Raises OSError where there is not so much."""

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
        """Hold `size` bytes from now on. Raises OSError where there is not so much."""
        with self._closing:
            if self._held and size > self._size:
                os.posix_fallocate(self._file, self._size, size - self._size)
            elif self._held and size < self._size:
                os.ftruncate(self._file, size)
            self._size = size

    def helps(self, error: OSError) -> bool:
        """Let the room go where it is what `error` lacks; say whether to write again."""
        if error.errno not in _FULL:
            return False
        self.close()
        return True

    def close(self) -> None:
        """Let the room go."""
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

"""The slots of a key: one file each, held while it is flocked; a killed process frees its own.

A file is open only while its slot is held or checked, so the number of slots costs no descriptors.
"""

from __future__ import annotations

import fcntl
import os
import resource
import threading
from pathlib import Path

from pilotbench.ground.file_locks import is_locked

EXCLUSIVE = fcntl.LOCK_EX | fcntl.LOCK_NB
SPARE_FILES = 100
"""Reserved for everything that is neither a slot nor its connection."""


def most_slots(keys: int) -> int:
    """Return how many slots of each of `keys` keys this process can use at once.

    A request in flight needs two open files: its slot and its connection. The soft limit of the
    process is raised as far as the machine allows.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        soft = 1 << 20 if hard == resource.RLIM_INFINITY else hard
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        except (OSError, ValueError):
            soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return max(1, (soft - SPARE_FILES) // (2 * max(1, keys)))


class SlotFiles:
    """The slot files of one key, as this process sees them; used by several threads at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[int, int] = {}
        self._sweep = threading.Lock()  # flock does not distinguish the threads of a process
        self._closed = False

    def take(self, slots: int) -> int | None:
        """Lock the first free one of `slots` and return its index, None if none is free."""
        with self._sweep:
            return next((index for index in range(slots) if self._lock(index)), None)

    def count(self, width: int, most: int = 0) -> tuple[int, int | None, int]:
        """Return how many of `width` slots are busy, the slot now held, and the number in use.

        If fewer than `most` are busy, the first free one is locked and its index returned. A slot
        that is only checked counts as busy for nobody: a 429 counts the requests in flight.
        """
        with self._sweep:
            busy = [index for index in range(width) if self._is_busy(index)]
            free = sorted(set(range(width)) - set(busy)) if len(busy) < most else []
            kept = next((index for index in free if self._lock(index)), None)
        return len(busy), kept, 1 + max([*busy, -1 if kept is None else kept], default=-1)

    @property
    def held(self) -> int:
        """How many slots this process holds."""
        return len(self._held)

    def release(self, index: int) -> bool:
        """Release a slot; return whether these files are still in use."""
        with self._sweep:
            if not self._closed:
                self._drop(index)
            return not self._closed

    def close(self) -> None:
        """Release all slots that are still held."""
        with self._sweep:
            self._closed = True
            for index in tuple(self._held):
                self._drop(index)

    def _is_busy(self, index: int) -> bool:
        return index in self._held or is_locked(self._folder / f"slot-{index}")

    def _lock(self, index: int) -> bool:
        if index in self._held:
            return False
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        file = os.open(self._folder / f"slot-{index}", flags, 0o600)
        try:
            fcntl.flock(file, EXCLUSIVE)
        except BlockingIOError:
            os.close(file)
            return False
        self._held[index] = file
        return True

    def _drop(self, index: int) -> None:
        os.close(self._held.pop(index))

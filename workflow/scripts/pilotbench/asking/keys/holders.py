"""The processes that use a budget: each locks a file of its own as long as it lives.

Files are made and removed only under the lock of the budget's ledger, so one that is there and not
locked is that of a process that was killed.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterable
from pathlib import Path

from pilotbench.ground.file_locks import is_locked


class Holders:
    """The files of a folder, and this process's own once it has joined."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: int | None = None
        self.name = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"

    @property
    def joined(self) -> bool:
        """Return whether this process is one of them."""
        return self._lock is not None

    def join(self) -> None:
        """Become one of them. Needs the ledger's lock."""
        if self._lock is not None:
            return
        self._folder.mkdir(exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._lock = os.open(self._folder / self.name, flags, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def leave(self) -> None:
        """Be one of them no more. Needs the ledger's lock."""
        if self._lock is not None:
            self._remove(self.name)
            os.close(self._lock)
            self._lock = None

    def gone(self, names: Iterable[str]) -> list[str]:
        """Return those of `names`, of processes that have joined, that are gone for good."""
        return [n for n in names if n != self.name and not is_locked(self._folder / n)]

    def forget(self, names: Iterable[str]) -> None:
        """Remove the files of processes that are gone. Needs the ledger's lock."""
        for name in names:
            self._remove(name)

    def others(self) -> set[str]:
        """Return all other processes that live; remove what the others left. Needs the lock."""
        files = self._folder.iterdir() if self._folder.is_dir() else ()
        names = {file.name for file in files} - {self.name}
        gone = self.gone(names)
        self.forget(gone)
        return names - set(gone)

    def _remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

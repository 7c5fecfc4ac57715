"""The limiter: at most so many requests in flight on a key, over all processes of the machine.

A key's folder below `limits_dir` is named by the SHA-256 of its base URL and secret, so that two
aliases of one secret are one key. In it:

- `slot-N`: a slot is held while its file is flocked, so the slots of a killed process are free;
- `turn`: only its holder looks for a free slot; `next`: only its holder waits for `turn`. So the
  slots come in line: with free polling, 14 of 20 workers got one request in 8 s;
- `freed`: a pipe that wakes the holder of `turn` when a slot is let go;
- `ledger`: what was learned from 429s, and the requests and tokens of the last minute.

A process that waits on a slow disk or a network file system still sees each change within POLL_S.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pilotbench.config import Key
from pilotbench.errors import ConfigError
from pilotbench.keys.ledger import Account, Ledger
from pilotbench.keys.secrets import Access
from pilotbench.locks import is_locked

POLL_S = 0.05
_EXCLUSIVE = fcntl.LOCK_EX | fcntl.LOCK_NB


def default_folder() -> Path:
    """Return the folder of the user's state where limits are kept when config names none."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state, "pilotbench", "limits")


def key_folder(limits_dir: Path | None, access: Access, alias: str) -> Path:
    """Return the folder of a key. A key without a secret and a URL of its own goes by its alias."""
    words = [access.base_url.rstrip("/"), access.secret or alias]
    name = hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]
    return (limits_dir or default_folder()) / name


def held_slots(limits_dir: Path | None, access: Access, alias: str) -> int:
    """Return how many requests are in flight on a key now, over all processes of the machine."""
    return sum(map(is_locked, key_folder(limits_dir, access, alias).glob("slot-*")))


@dataclass
class Slot:
    """One request in flight; `taken` is Unix time. Let go exactly once."""

    limiter: Limiter
    index: int
    taken: float
    tokens: int
    bucket: int = 0

    def settle(self, tokens: int) -> None:
        """Say that an answer came, and what it cost in tokens."""
        self.limiter.answered(self, tokens)

    def rejected(self, retry_after: float | None = None, exhausted: bool = False) -> None:
        """Say that the provider answered 429."""
        self.limiter.rejected(self, retry_after, exhausted)

    def release(self) -> None:
        """Let the slot go."""
        self.limiter.release(self)


@dataclass
class Limiter:
    """The slots of one key, as this process sees them; used by several threads at once."""

    folder: Path
    slots: int
    rpm: int | None = None
    tpm: int | None = None
    _held: set[int] = field(default_factory=set)
    _files: dict[int, int] = field(default_factory=dict)
    _closed: bool = False

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._ledger = Ledger(self.folder / "ledger")
        self._turn, self._next = self._open("turn"), self._open("next")
        self._freed = self._open_pipe()
        self._wakes = select.poll()
        if self._freed is not None:
            self._wakes.register(self._freed, select.POLLIN)
        self._queue = threading.Lock()  # one thread of a process lines up at a time
        with self._ledger.locked():
            pass  # raises OSError here, at once, on a disk that has no flock
        self._sweep = threading.Lock()  # flock does not tell the threads of a process apart

    @contextlib.contextmanager
    def slot(self, tokens: int = 0) -> Iterator[Slot]:
        """Wait for a slot, hold it inside the block. `tokens` is reserved where tpm is set."""
        slot = self.wait(tokens)
        assert slot is not None
        try:
            yield slot
        finally:
            slot.release()

    def try_now(self, tokens: int = 0) -> Slot | None:
        """Return a slot, or None when none is free or someone already waits for one."""
        if not self._queue.acquire(timeout=0.002):
            return None
        try:
            if not self._line_up(block=False):
                return None
            try:
                return self._take(tokens)[0]
            finally:
                fcntl.flock(self._turn, fcntl.LOCK_UN)
        finally:
            self._queue.release()

    def wait(self, tokens: int = 0, wanted: Callable[[], bool] = lambda: True) -> Slot | None:
        """Return a slot as soon as it is this process's turn; None once it is not `wanted`.

        `wanted` is asked at least every POLL_S seconds, except while another process has the turn.
        """
        with self._queue:
            if not (wanted() and self._line_up(block=True)):
                return None
            try:
                while wanted():
                    self._drain()
                    slot, seconds = self._take(tokens)
                    if slot is not None:
                        return slot
                    self._wakes.poll(1000 * max(0.001, min(seconds, POLL_S)))
                return None
            finally:
                fcntl.flock(self._turn, fcntl.LOCK_UN)

    def pause_left(self) -> float:
        """Return the seconds that the key is paused for."""
        return max(0.0, self._account().pace.paused_until - time.time())

    def refused_since(self) -> float | None:
        """Return since when every request has met a pause; None where the last was answered."""
        return self._account().pace.refused_since

    def close(self) -> None:
        """Close all files; slots still held are let go."""
        with self._sweep:
            self._closed = True
            for file in (*self._files.values(), self._turn, self._next, self._freed):
                if file is not None:
                    os.close(file)
        self._ledger.close()

    def release(self, slot: Slot) -> None:
        """Let a slot go and wake whoever has the turn."""
        with self._sweep:
            if self._closed:
                return
            self._drop(slot.index)
        if self._freed is not None:
            with contextlib.suppress(BlockingIOError):  # full of news already
                os.write(self._freed, b".")

    def answered(self, slot: Slot, tokens: int) -> None:
        """Record an answer; without rpm, tpm or a pause there is nothing to write."""
        if not (self.tpm or self._account().pace.pauses):
            return
        with self._changing() as account:
            account.pace = account.pace.answered()
            account.correct(slot.bucket, tokens - slot.tokens)

    def rejected(self, slot: Slot, retry_after: float | None, exhausted: bool) -> None:
        """Record a 429."""
        with self._changing() as account:
            others = self._count(max(account.width, self.slots))[0] - 1
            account.pace = account.pace.rejected(
                time.time(), slot.taken, max(0, others), self.slots, retry_after, exhausted
            )

    def _line_up(self, block: bool) -> bool:
        how = fcntl.LOCK_EX if block else _EXCLUSIVE
        try:
            fcntl.flock(self._next, how)
        except BlockingIOError:
            return False
        try:
            fcntl.flock(self._turn, how)
        except BlockingIOError:
            return False
        finally:
            fcntl.flock(self._next, fcntl.LOCK_UN)
        return True

    def _take(self, tokens: int) -> tuple[Slot | None, float]:
        """Return a slot, or None and the seconds after which to look again. Needs the turn."""
        now, account = time.time(), self._account()
        if account.pace.paused_until > now:
            return None, account.pace.paused_until - now
        if account.width < self.slots:
            with self._changing() as account:
                account.width = max(account.width, self.slots)
        if (self.rpm or self.tpm) and (wait := account.wait_for(now, self.rpm, self.tpm, tokens)):
            return None, wait
        index = self._free(account, now)
        if index is None:
            return None, POLL_S
        return self._booked(Slot(self, index, now, tokens)), 0.0

    def _free(self, account: Account, now: float) -> int | None:
        """Lock a free slot and return its index, or None. Needs the turn."""
        allowed = account.pace.allowed(self.slots)
        if allowed >= account.width:
            with self._sweep:
                return next((i for i in range(self.slots) if self._lock(i)), None)
        busy, free = self._count(account.width, keep=True)
        if free is None or busy < allowed:
            return free
        if account.pace.may_grow(now, self.slots):
            with self._changing() as account:
                account.pace = account.pace.grown(now, self.slots)
            return free
        self._unlock(free)
        return None

    def _count(self, width: int, keep: bool = False) -> tuple[int, int | None]:
        """Return how many slots are busy; with `keep`, lock and return the first free one too."""
        busy, kept = 0, None
        with self._sweep:
            for index in range(width):
                if not self._lock(index):
                    busy += 1
                elif keep and kept is None:
                    kept = index
                else:
                    self._drop(index)
        return busy, kept

    def _lock(self, index: int) -> bool:
        if index in self._held:
            return False
        try:
            fcntl.flock(self._file(index), _EXCLUSIVE)
        except BlockingIOError:
            return False
        self._held.add(index)
        return True

    def _unlock(self, index: int) -> None:
        with self._sweep:
            self._drop(index)

    def _drop(self, index: int) -> None:
        self._held.discard(index)
        fcntl.flock(self._file(index), fcntl.LOCK_UN)

    def _booked(self, slot: Slot) -> Slot:
        if self.rpm or self.tpm:
            with self._changing() as account:
                slot.bucket = account.book(slot.taken, slot.tokens)
        return slot

    def _account(self) -> Account:
        return _account(self._ledger.read())

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Account]:
        with self._ledger.locked() as value:
            account = _account(value)
            yield account
            value.clear()
            value.update(account.as_json())

    def _drain(self) -> None:
        if self._freed is not None:
            with contextlib.suppress(BlockingIOError):
                os.read(self._freed, 4096)

    def _file(self, index: int) -> int:
        if index not in self._files:
            self._files[index] = self._open(f"slot-{index}")
        return self._files[index]

    def _open(self, name: str) -> int:
        return os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _open_pipe(self) -> int | None:
        """Open the pipe; None on a file system that has no pipes."""
        path = self.folder / "freed"
        try:
            with contextlib.suppress(FileExistsError):
                os.mkfifo(path, 0o600)
            return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None


def _account(value: dict[str, Any]) -> Account:
    try:
        return Account.from_json(value)
    except (KeyError, TypeError, ValueError):
        return Account()


def limiter_of(limits_dir: Path | None, key: Key, access: Access) -> Limiter:
    """Return the limiter of a key. Raises ConfigError where its folder does not do."""
    folder = key_folder(limits_dir, access, key.alias)
    try:
        return Limiter(folder, key.slots, key.rpm, key.tpm)
    except OSError as error:
        raise ConfigError(
            f"limits_dir: {folder.parent} cannot be used ({error.strerror}): "
            "name a folder on a disk of this machine"
        ) from None


def with_slots(key: Key, slots: int | None) -> Key:
    """Return `key` with the slots in force, where the command line named others."""
    return key if slots is None else replace(key, slots=slots)

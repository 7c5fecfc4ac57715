"""The limiter: how many requests may be in flight on a key, over all processes of the machine.

In the folder of a key:

- `slot-N`: a slot is held while its file is flocked, so the slots of a killed process are free;
- `turn`: only its holder looks for a free slot; `next`: only its holder waits for `turn`. This
  makes it fair: with free polling, 14 of 20 workers got one request in 8 s;
- `freed`: a pipe that wakes the holder of `turn` when a slot is released;
- `ledger`: what was learned from 429s and headers, and the requests and tokens of the last minute.

A process that waits on a slow disk or a network file system still sees each change within POLL_S.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pilotbench.asking.keys.adaptive_limit import AdaptiveLimit
from pilotbench.asking.keys.learned_limits import LearnedLimit
from pilotbench.asking.keys.rate_limits import RateLimits
from pilotbench.asking.keys.slot_files import EXCLUSIVE, SlotFiles
from pilotbench.asking.keys.usage_file import KeyUsage, SharedFile
from pilotbench.ground.clock import CLOCK, Clock
from pilotbench.providers.answer import Tokens
from pilotbench.providers.rate_headers import StatedLimit

POLL_S = 0.05
LEDGER = "ledger"


@dataclass
class Slot:
    """One request in flight; `taken` is the limiter's time. Release it exactly once.

    `marks` are those of the learned limits that count it, `among` is how many of this process were
    in flight with it.
    """

    limiter: Limiter
    index: int
    taken: float
    tokens: int
    bucket: int = 0
    among: int = 1
    marks: Mapping[str, float] = field(default_factory=dict)

    def settle(self, tokens: int | Tokens, stated: Sequence[StatedLimit] = ()) -> bool:
        """Record an answer, its tokens and the limits that it states; return if these are news."""
        counted = tokens if isinstance(tokens, Tokens) else Tokens(input=tokens)
        return self.limiter.answered(self, counted, stated)

    def rejected(
        self,
        retry_after: float | None = None,
        exhausted: bool = False,
        stated: Sequence[StatedLimit] = (),
    ) -> None:
        """Record that the provider answered 429."""
        self.limiter.rejected(self, retry_after, exhausted, stated)

    def unused(self) -> None:
        """Record that nothing was sent."""
        self.limiter.unused(self)

    def release(self) -> None:
        """Release the slot."""
        self.limiter.release(self)


@dataclass
class Limiter:
    """The slots of one key, as this process sees them; used by several threads at once.

    `model` is the deployment whose rate limits are learned.
    """

    folder: Path
    slots: int
    rpm: int | None = None
    tpm: int | None = None
    clock: Clock = CLOCK
    model: str = ""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._files = SlotFiles(self.folder)
        self._ledger = SharedFile(self.folder / LEDGER)
        self._turn, self._next = self._open("turn"), self._open("next")
        self._freed = self._open_pipe()
        self._wakes = select.poll()
        if self._freed is not None:
            self._wakes.register(self._freed, select.POLLIN)
        self._last: tuple[object, KeyUsage] | None = None
        self._rates = RateLimits(self.model, self.slots, free=self.rpm is None)
        self._queue = threading.Lock()  # one thread of a process queues at a time
        with self._ledger.locked():
            pass  # raises OSError at once on a disk without flock

    @contextlib.contextmanager
    def slot(self, tokens: int = 0) -> Iterator[Slot]:
        """Wait for a slot and hold it inside the block. `tokens` are reserved if tpm is set."""
        slot = self.wait(tokens)
        assert slot is not None
        try:
            yield slot
        finally:
            slot.release()

    def try_now(self, tokens: int = 0) -> Slot | None:
        """Return a slot, or None if none is free or another one already waits."""
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

        `wanted` is called at least every POLL_S seconds, except while another process has the turn.
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
        return max(0.0, self._usage().adaptive.paused_until - self.clock.now())

    def closed_for(self) -> tuple[float, float]:
        """Return the seconds of the pause, and those until a learned limit lets a request through.

        The limits are those of the model.
        """
        usage, now = self._usage(), self.clock.now()
        return max(0.0, usage.adaptive.paused_until - now), self._rates.wait(usage, now)

    def learned(self) -> dict[str, LearnedLimit]:
        """Return what is known about the limits of the model."""
        return self._rates.known(self._usage())

    def refused_since(self) -> float | None:
        """Return since when every request has met a pause; None if the last was answered."""
        return self._usage().adaptive.refused_since

    def probe(self, began: float) -> bool:
        """Let one request test whether a pause from before `began` still holds.

        Return whether there was one; a pause that this request causes is a new one. A long wait for
        a learned limit is tested too.
        """

        def old(limit: AdaptiveLimit) -> bool:
            return limit.paused_until > self.clock.now() and limit.paused_at < began

        def waits(usage: KeyUsage) -> bool:
            return old(usage.adaptive) or self._rates.waits_long(usage, began, self.clock.now())

        if not waits(self._usage()):
            return False
        with self._changing() as usage:
            found = waits(usage)
            if old(usage.adaptive):
                usage.adaptive = usage.adaptive.probed(self.clock.now(), self.slots)
            if found:
                self._rates.test(usage, self.clock.now())
        return found

    def lift(self) -> float:
        """End a pause; return the seconds that it would have lasted."""
        with self._changing() as usage:
            left = max(0.0, usage.adaptive.paused_until - self.clock.now())
            usage.adaptive = usage.adaptive.lifted()
            for one in (one for limits in usage.learned.values() for one in limits.values()):
                left = max(left, one.wait(self.clock.now(), 1))
                one.counted_until = 0.0
        return left

    def close(self) -> None:
        """Close all files and release the slots still held."""
        self._files.close()
        for file in (self._turn, self._next, self._freed):
            if file is not None:
                os.close(file)
        self._ledger.close()

    def release(self, slot: Slot) -> None:
        """Release a slot and wake the process that has the turn."""
        if self._files.release(slot.index) and self._freed is not None:
            with contextlib.suppress(BlockingIOError):  # the pipe is full already
                os.write(self._freed, b".")

    def answered(self, slot: Slot, tokens: Tokens, stated: Sequence[StatedLimit] = ()) -> bool:
        """Record an answer; without tpm, a pause or news of limits there is nothing to write."""
        now = self.clock.now()
        self._rates.answered(now, slot.taken, slot.among, tokens)
        found = self._usage()
        news = self._rates.is_news(found, now, stated)
        if self.tpm or found.adaptive.pauses or news:
            with self._changing() as usage:
                usage.adaptive = usage.adaptive.answered()
                usage.correct(slot.bucket, tokens.input + tokens.output - slot.tokens)
                self._observe(usage, slot, stated)
        return news

    def unused(self, slot: Slot) -> None:
        """Return what was booked for a request that was not sent."""
        if self.rpm or self.tpm or slot.marks:
            with self._changing() as usage:
                usage.correct(slot.bucket, -slot.tokens, requests=-1)
                self._rates.unused(usage, slot.marks)

    def rejected(
        self,
        slot: Slot,
        retry_after: float | None,
        exhausted: bool,
        stated: Sequence[StatedLimit] = (),
    ) -> None:
        """Record a 429."""
        with self._changing() as usage:
            now = self.clock.now()
            others = max(0, self._files.count(max(usage.width, self.slots))[0] - 1)
            slot.marks = self._rates.unused(usage, slot.marks)
            self._observe(usage, slot, stated)
            if self._rates.is_about_rate(usage, now, others, retry_after):
                exhausted = True
                self._rates.guess(usage, now, others, retry_after)
            usage.adaptive = usage.adaptive.rejected(
                now, slot.taken, others, self.slots, retry_after, exhausted
            )

    def _observe(self, usage: KeyUsage, slot: Slot, stated: Sequence[StatedLimit]) -> None:
        """Take over what a response states."""
        others, now = max(0, self._files.held - 1), self.clock.now()
        self._rates.observe(usage, now, slot.taken, slot.marks, stated, others)

    def _line_up(self, block: bool) -> bool:
        how = fcntl.LOCK_EX if block else EXCLUSIVE
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
        now, usage = self.clock.now(), self._usage()
        if usage.adaptive.paused_until > now:
            return None, usage.adaptive.paused_until - now
        if usage.width < self.slots:
            with self._changing() as usage:
                usage.width = max(usage.width, self.slots)
        if (self.rpm or self.tpm) and (wait := usage.wait_for(now, self.rpm, self.tpm, tokens)):
            return None, wait
        if self._rates.must_change(usage, now):
            with self._changing() as usage:
                self._rates.change(usage, now)
        if wait := self._rates.wait(usage, now):
            return None, wait
        index = self._free(usage, now)
        if index is None:
            return None, POLL_S
        counts = self._rates.is_counted(usage, now)
        return self._booked(Slot(self, index, now, tokens, among=self._files.held), counts), 0.0

    def _free(self, usage: KeyUsage, now: float) -> int | None:
        """Lock a free slot and return its index, or None. Needs the turn."""
        allowed = usage.adaptive.allowed(self.slots)
        if allowed >= usage.width:
            return self._files.take(self.slots)
        grows = usage.adaptive.may_grow(now, self.slots)
        busy, free, last = self._files.count(usage.width, allowed + grows)
        if max(last, self.slots) < usage.width:
            with self._changing() as usage:  # the processes with more slots have ended
                usage.width = max(last, self.slots)
        if free is None or busy < allowed:
            return free
        with self._changing() as usage:
            usage.adaptive = usage.adaptive.grown(now, self.slots)
        return free

    def _booked(self, slot: Slot, counts: bool) -> Slot:
        if self.rpm or self.tpm or counts:
            with self._changing() as usage:
                if self.rpm or self.tpm:
                    slot.bucket = usage.book(slot.taken, slot.tokens)
                slot.marks = self._rates.book(usage, slot.taken)
        return slot

    def _usage(self) -> KeyUsage:
        """Return what the ledger says; it is read once, so do not modify it."""
        value, last = self._ledger.read(), self._last
        if last is None or last[0] is not value:
            self._last = last = (value, KeyUsage.kept(value, self.clock))
        return last[1]

    @contextlib.contextmanager
    def _changing(self) -> Iterator[KeyUsage]:
        with self._ledger.locked() as value:
            usage = KeyUsage.kept(value, self.clock)
            yield usage
            value.clear()
            value.update(usage.keep(self.clock))

    def _drain(self) -> None:
        if self._freed is not None:
            with contextlib.suppress(BlockingIOError):
                os.read(self._freed, 4096)

    def _open(self, name: str) -> int:
        return os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _open_pipe(self) -> int | None:
        """Open the pipe; None on a file system without pipes."""
        path = self.folder / "freed"
        try:
            with contextlib.suppress(FileExistsError):
                os.mkfifo(path, 0o600)
            return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None

"""What a request needs before it is sent: a slot of a key, and a token if the job has few."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from pilotbench.asking.keys.available_keys import AvailableKeys
from pilotbench.asking.keys.limiter import Slot
from pilotbench.asking.keys.slot_queue import SlotQueue

LOOK_S = 0.1


@dataclass
class Attempts:
    """The attempts of one request: `sent` is their number, `unusable` that of the paid ones.

    `tried_s` is the time spent in them and in the pauses between, `queued_s` that in the queue.
    `alias` is the key of the last attempt, `refusals` counts how often each key has refused the
    request, `barred` are the keys that are not used for it again, `missed` counts the answers that
    there is no such model, `unfunded_since` is when it began to wait for room in the budget.
    """

    sent: int = 0
    unusable: int = 0
    tried_s: float = 0.0
    queued_s: float = 0.0
    alias: str = ""
    missed: int = 0
    unfunded_since: float | None = None
    not_before: dict[str, float] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    barred: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class SlotSource:
    """Where the requests of one job get their slots.

    `tokens` limits the requests in flight, None for no limit; `check` raises if nothing may be
    sent any more.
    """

    keys: AvailableKeys
    queue: SlotQueue
    tokens: threading.Semaphore | None
    check: Callable[[], None]


class RequestSlot:
    """A slot of a key that may be used, and a token of the job, held inside a `with` block."""

    def __init__(self, source: SlotSource, attempts: Attempts, tokens: int) -> None:
        self._source, self.attempts, self._wanted = source, attempts, tokens
        self.alias = ""
        self.slot: Slot

    def __enter__(self) -> RequestSlot:
        began = time.monotonic()
        self._take_token()
        try:
            self._take_slot()
        except BaseException:  # Ctrl-C too: a token that stays taken blocks the job
            self._return_token()
            raise
        finally:
            self.attempts.queued_s += time.monotonic() - began
        self.attempts.alias = self.alias
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.slot.release()
        finally:
            self._return_token()

    def _take_slot(self) -> None:
        available = self._source.keys
        while True:
            keys = available.ready(self.attempts.barred)
            if not keys:  # one request finds out whether a key is dead: wait for it
                self._source.check()
                time.sleep(LOOK_S)
                continue
            now = time.monotonic()
            keys = [a for a in keys if self.attempts.not_before.get(a, 0.0) <= now] or keys
            self.alias, self.slot = self._source.queue.take(keys, self._wanted)
            try:
                self._source.check()  # the wait may have been long
                if available.breakers[self.alias].admit():
                    return
            except BaseException:  # Ctrl-C too
                self.slot.release()
                raise
            self.slot.release()

    def _take_token(self) -> None:
        self._source.check()
        tokens = self._source.tokens
        while tokens is not None and not tokens.acquire(timeout=0.25):
            self._source.check()

    def _return_token(self) -> None:
        if self._source.tokens is not None:
            self._source.tokens.release()

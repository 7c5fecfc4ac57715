"""What a request needs before it is sent: a slot of some key, and a token where those are few."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from pilotbench.asking.keys.gate import Gate
from pilotbench.asking.keys.limiter import Slot
from pilotbench.asking.keys.slot_queue import Line

LOOK_S = 0.1


@dataclass
class Trials:
    """The attempts of one request; `tried_s` is the time in them and in the pauses between.

    `alias` is the key of the last attempt, `refusals` how often each key has refused the request,
    `barred` those that will not be asked for it again, `missed` how often there was no such model,
    `unfunded_since` when it began to wait for room in the budget.
    """

    attempts: int = 0
    unusable: int = 0
    tried_s: float = 0.0
    queued_s: float = 0.0
    alias: str = ""
    missed: int = 0
    unfunded_since: float | None = None
    not_before: dict[str, float] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    barred: set[str] = field(default_factory=set)


class Desk(Protocol):
    """What a ticket is taken from: the pool."""

    _gate: Gate
    _line: Line
    _tokens: threading.Semaphore | None

    def check(self) -> None:
        """Raise where nothing more may be asked."""
        ...


class Ticket:
    """A slot of some key, and where tokens bound the requests in flight, one of those."""

    def __init__(self, desk: Desk, trials: Trials, tokens: int) -> None:
        self._desk, self.trials, self._wanted = desk, trials, tokens
        self.alias = ""
        self.slot: Slot

    def __enter__(self) -> Ticket:
        began = time.monotonic()
        self._take_token()
        try:
            self._take_slot()
        except BaseException:
            self._return_token()
            raise
        finally:
            self.trials.queued_s += time.monotonic() - began
        self.trials.alias = self.alias
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.slot.release()
        finally:
            self._return_token()

    def _take_slot(self) -> None:
        gate, line = self._desk._gate, self._desk._line
        while True:
            keys = gate.ready(self.trials.barred)
            if not keys:  # one request finds out whether a key is dead: wait for it
                self._desk.check()
                time.sleep(LOOK_S)
                continue
            now = time.monotonic()
            keys = [a for a in keys if self.trials.not_before.get(a, 0.0) <= now] or keys
            self.alias, self.slot = line.take(keys, self._wanted)
            try:
                self._desk.check()  # the wait may have been long
                if gate.breakers[self.alias].admit():
                    return
            except BaseException:
                self.slot.release()
                raise
            self.slot.release()

    def _take_token(self) -> None:
        self._desk.check()
        tokens = self._desk._tokens
        while tokens is not None and not tokens.acquire(timeout=0.25):
            self._desk.check()

    def _return_token(self) -> None:
        if self._desk._tokens is not None:
            self._desk._tokens.release()

"""The queue inside a process: threads that wait for a slot of any of several keys.

A thread can block on one key only, so each key has an usher thread that waits for the slots of the
key on behalf of the process and hands each to the thread that has waited longest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pilotbench.asking.keys.limiter import Limiter, Slot

CHECK_S = 0.25
CLOSE_S = 0.1


@dataclass
class _Waiter:
    keys: Sequence[str]
    tokens: int
    served: threading.Event = field(default_factory=threading.Event)
    got: tuple[str, Slot] | None = None
    error: Exception | None = None


class SlotQueue:
    """Hands out slots of several keys, first come first served.

    `check` is called every CHECK_S seconds while threads wait, once for all of them; an error that
    it raises ends every wait.
    """

    def __init__(self, limiters: Mapping[str, Limiter], check: Callable[[], None]) -> None:
        self._limiters, self._check = limiters, check
        self._changed = threading.Condition()
        self._waiting: list[_Waiter] = []
        self._helpers: dict[str, threading.Thread] = {}
        self._closed = threading.Event()

    def take(self, keys: Sequence[str], tokens: int) -> tuple[str, Slot]:
        """Return (alias, slot) of the first of `keys` that is free; wait if none is."""
        if not self._waiting:
            for alias in keys:
                slot = self._limiters[alias].try_now(tokens)
                if slot is not None:
                    return alias, slot
        return self._wait(_Waiter(keys, tokens))

    def close(self) -> bool:
        """End the helper threads; return whether all have ended.

        One that is blocked in the queue of a key cannot be ended: its files must stay open.
        """
        with self._changed:
            self._closed.set()
            self._changed.notify_all()
        end = time.monotonic() + CLOSE_S
        for helper in self._helpers.values():
            helper.join(timeout=max(0.0, end - time.monotonic()))
        return not any(helper.is_alive() for helper in self._helpers.values())

    def _wait(self, waiter: _Waiter) -> tuple[str, Slot]:
        with self._changed:
            self._waiting.append(waiter)
            self._call("watch", self._watch)
            for alias in waiter.keys:
                self._call(f"usher {alias}", self._usher, alias)
            self._changed.notify_all()
        waiter.served.wait()
        if waiter.got is None:
            error = waiter.error
            assert error is not None
            raise type(error)(*error.args)  # each thread its own: a raised error is not shared
        return waiter.got

    def _call(self, name: str, target: Callable[..., None], *words: str) -> None:
        if name not in self._helpers or not self._helpers[name].is_alive():
            helper = threading.Thread(target=target, args=words, name=name, daemon=True)
            self._helpers[name] = helper
            helper.start()

    def _watch(self) -> None:
        while not self._closed.is_set():
            try:
                self._check()
            except Exception as error:  # whatever it is, the waiting threads must see it
                self._send_away(error)
            with self._changed:
                if not self._waiting and not self._closed.is_set():
                    self._changed.wait()
            self._closed.wait(CHECK_S)

    def _send_away(self, error: Exception) -> None:
        with self._changed:
            for waiter in self._waiting:
                waiter.error = error
                waiter.served.set()
            self._waiting.clear()

    def _usher(self, alias: str) -> None:
        limiter = self._limiters[alias]
        try:
            while (waiter := self._next_waiter(alias)) is not None:
                slot = limiter.wait(waiter.tokens, lambda: self._first(alias) is not None)
                if slot is not None and not self._serve(alias, slot):
                    slot.release()
        except (
            Exception
        ) as error:  # such as a full disk: no thread may wait for an usher that has ended
            self._send_away(error)

    def _next_waiter(self, alias: str) -> _Waiter | None:
        """Return the first thread that waits for a key once there is one; None at the end."""
        with self._changed:
            while not self._closed.is_set() and self._first(alias) is None:
                self._changed.wait()
            return None if self._closed.is_set() else self._first(alias)

    def _first(self, alias: str) -> _Waiter | None:
        if self._closed.is_set():
            return None
        return next((w for w in tuple(self._waiting) if alias in w.keys), None)

    def _serve(self, alias: str, slot: Slot) -> bool:
        with self._changed:
            waiter = self._first(alias)
            if waiter is None:
                return False
            self._waiting.remove(waiter)
            waiter.got = (alias, slot)
            waiter.served.set()
            return True

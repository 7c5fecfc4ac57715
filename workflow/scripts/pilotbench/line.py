"""The line inside a process: threads that wait for a slot on any of several keys.

A thread can block on one key only, so each key has an usher thread that stands in the key's line on
behalf of the process and hands each slot to the thread that has waited longest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pilotbench.limiter import Limiter, Slot

CHECK_S = 0.25


@dataclass
class _Waiter:
    keys: Sequence[str]
    tokens: int
    served: threading.Event = field(default_factory=threading.Event)
    got: tuple[str, Slot] | None = None


class Line:
    """Hands out slots of several keys, first come first served."""

    def __init__(self, limiters: Mapping[str, Limiter]) -> None:
        self._limiters = limiters
        self._changed = threading.Condition()
        self._waiting: list[_Waiter] = []
        self._ushers: dict[str, threading.Thread] = {}
        self._closed = False

    def take(self, keys: Sequence[str], tokens: int, check: Callable[[], None]) -> tuple[str, Slot]:
        """Return (alias, slot) of the first of `keys` that is free, waiting where none is.

        `check` is called every CHECK_S seconds and ends the wait by raising.
        """
        if not self._waiting:
            for alias in keys:
                slot = self._limiters[alias].try_now(tokens)
                if slot is not None:
                    return alias, slot
        return self._wait(_Waiter(keys, tokens), check)

    def close(self) -> bool:
        """Send the ushers home; return whether all have gone.

        One that is blocked in the line of a key cannot be called back: its files must stay open.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for usher in self._ushers.values():
            usher.join(timeout=0.5)
        return not any(usher.is_alive() for usher in self._ushers.values())

    def _wait(self, waiter: _Waiter, check: Callable[[], None]) -> tuple[str, Slot]:
        with self._changed:
            self._waiting.append(waiter)
            for alias in waiter.keys:
                self._call_usher(alias)
            self._changed.notify_all()
        try:
            while not waiter.served.wait(CHECK_S):
                check()
        except BaseException:
            self._leave(waiter)
            raise
        assert waiter.got is not None
        return waiter.got

    def _leave(self, waiter: _Waiter) -> None:
        with self._changed:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            if waiter.got is not None:
                waiter.got[1].release()

    def _call_usher(self, alias: str) -> None:
        if alias not in self._ushers:
            name = f"usher {alias}"
            self._ushers[alias] = threading.Thread(
                target=self._usher, args=(alias,), name=name, daemon=True
            )
            self._ushers[alias].start()

    def _usher(self, alias: str) -> None:
        limiter = self._limiters[alias]
        while (waiter := self._next_waiter(alias)) is not None:
            slot = limiter.wait(waiter.tokens, lambda: self._first(alias) is not None)
            if slot is not None and not self._serve(alias, slot):
                slot.release()

    def _next_waiter(self, alias: str) -> _Waiter | None:
        """Return the first thread that waits for a key, once there is one; None at the end."""
        with self._changed:
            while not self._closed and self._first(alias) is None:
                self._changed.wait()
            return None if self._closed else self._first(alias)

    def _first(self, alias: str) -> _Waiter | None:
        if self._closed:
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

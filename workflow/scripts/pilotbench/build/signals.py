"""The signals that end a run in good order: what is in flight is still answered and journaled.

A terminal that is closed sends SIGHUP to every process of the run. It means the same as SIGTERM,
but where it was ignored when the process started (`nohup`) it stays ignored.
"""

from __future__ import annotations

import _thread
import os
import signal
import stat
from collections.abc import Callable
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Handler = Callable[[int, Any], Any]


def on_ending(handler: Handler) -> None:
    """Call `handler` for every signal that ends a run."""
    for number in ENDING:
        if not _kept_from_us(number):
            signal.signal(number, handler)


def ignore() -> list[signal.Signals]:
    """Ignore the signals that end a run; return those for `default` in a child."""
    heard = [number for number in ENDING if not _kept_from_us(number)]
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    return heard


def default(numbers: list[signal.Signals]) -> None:
    """Let each of `numbers` do again what it does by default."""
    for number in numbers:
        signal.signal(number, signal.SIG_DFL)


def end_build_in_good_order(first: Callable[[], None]) -> None:
    """Let SIGHUP and SIGTERM end the build as its own handler of SIGTERM does.

    `first` is called before: the signal may have reached the build only, which passes none to its
    jobs. That handler takes locks that the main thread may hold at this very moment, and would then
    wait without end: it is called in a thread.
    """
    end = signal.getsignal(signal.SIGTERM)
    if not callable(end):
        return

    def on_signal(number: int, _: Any) -> None:
        first()
        if number == signal.SIGHUP:
            _leave_terminal()
        _thread.start_new_thread(end, (signal.SIGTERM, None))

    signal.signal(signal.SIGTERM, on_signal)
    if not _kept_from_us(signal.SIGHUP):
        signal.signal(signal.SIGHUP, on_signal)


def _leave_terminal() -> None:
    """Write to nowhere instead of a terminal that is gone, where each line would be an error."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        if stat.S_ISCHR(os.fstat(number).st_mode):  # a terminal that is gone is no tty any more
            os.dup2(nowhere, number)


def _kept_from_us(number: signal.Signals) -> bool:
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN

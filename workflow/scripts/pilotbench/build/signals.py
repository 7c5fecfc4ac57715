"""The signals that end a run cleanly: requests in flight are still answered and journaled.

A terminal that is closed sends SIGHUP to every process of the run. It has the same effect as
SIGTERM, but stays ignored where it was ignored when the process started (`nohup`).
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
        if not _is_ignored(number):
            signal.signal(number, handler)


def ignore() -> list[signal.Signals]:
    """Ignore the signals that end a run; return those for `default` in a child."""
    heard = [number for number in ENDING if not _is_ignored(number)]
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    return heard


def default(numbers: list[signal.Signals]) -> None:
    """Restore the default action of each of `numbers`."""
    for number in numbers:
        signal.signal(number, signal.SIG_DFL)


def end_build_cleanly(first: Callable[[], None]) -> None:
    """Handle SIGHUP and SIGTERM like the build's own handler of SIGTERM, after calling `first`.

    The signal may have reached only the build, which does not forward it to its jobs. The build's
    handler takes locks that the main thread may hold at this moment: it is called in a thread, so
    that it cannot wait forever.
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
    if not _is_ignored(signal.SIGHUP):
        signal.signal(signal.SIGHUP, on_signal)


def _leave_terminal() -> None:
    """Write to /dev/null instead of a closed terminal, where each line would be an error."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        if stat.S_ISCHR(os.fstat(number).st_mode):  # a closed terminal is no longer a tty
            os.dup2(null, number)


def _is_ignored(number: signal.Signals) -> bool:
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN

"""The log of a run, `logs/batch_test_*.log`: how far it is, its notices and its end.

`tail -f` shows a run without a terminal of its own. A log that cannot be written stops nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pilotbench.ground import links
from pilotbench.ground.errors import UserError

FOLDER = "logs"
"""Below the results folder."""
FIRST_S, PAUSE_S = 2.0, 10.0
"""When the first line about the progress is due, and how long after it the next."""
COST = 30
"""A pause is at least so many times as long as the look before it."""
QUICK_S = 1.0
"""The end of a run is not delayed by a look that takes longer."""


class RunLog:
    """Writes a line whenever what `look` returns has changed, from a thread of its own."""

    def __init__(self, results: Path, look: Callable[[], str], title: str) -> None:
        start = time.strftime("%Y%m%d_%H%M%S")
        self.path = results / FOLDER / f"batch_test_{start}_{os.getpid()}.log"
        self._look, self._last, self._took_s = look, "", 0.0
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.write(title)
        self._thread = threading.Thread(target=self._follow, name="run log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Write a line with the time of day."""
        with suppress(OSError, UserError), self._lock:
            links.inside(self.path.parents[1], self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8", errors="replace") as file:
                file.write(f"{time.strftime('%H:%M:%S')}  {line}\n")

    def end(self, line: str) -> None:
        """Write how far the run has come, and its last line; a second call does nothing."""
        if self._ended.is_set():
            return
        self._ended.set()
        if self._took_s < QUICK_S:
            self._thread.join(timeout=PAUSE_S)
            self._progress()
        self.write(line)

    def _follow(self) -> None:
        pause = FIRST_S
        while not self._ended.wait(pause):
            self._progress()
            pause = max(PAUSE_S, COST * self._took_s)

    def _progress(self) -> None:
        """Write how far the run is, unless that was the last line about it."""
        began = time.monotonic()
        try:
            line = self._look()
        except Exception as error:  # a view must never stop what it shows
            line = f"(no progress to show: {error})"
        self._took_s = time.monotonic() - began
        if line != self._last:
            self._last = line
            self.write(line)

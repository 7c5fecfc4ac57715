"""The process of an external command: a group of its own, watched, ended with its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from pilotbench.ground.errors import CommandFailed
from pilotbench.ground.untrusted_text import visible

GUARD = Path(__file__).with_name("guard.py")
PAUSE_S, GRACE_S = 0.1, 10.0
SHOWN, LONGEST = 5, 300
"""Lines of the output in an error, and the characters of each."""
MOST_BYTES = 65536
MOST_LINES = 10_000
"""Lines of the output that are heard; those in an error are always the last ones."""


@dataclass(frozen=True)
class Started:
    """What to run, where, and for how long at most."""

    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    timeout_s: float | None = None


class Process:
    """A running command; leaving the block ends it.

    `hear` is called with each of the first lines of its output, in a thread. `said` counts all.
    """

    def __init__(self, what: Started, hear: Callable[[str], None]) -> None:
        self._what, self._hear = what, hear
        self._tail: deque[str] = deque(maxlen=SHOWN)
        self.said = 0

    def __enter__(self) -> Process:
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(GUARD), *self._what.command],
            cwd=self._what.folder,
            env=dict(self._what.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._reader = Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_S)
        self._signal(signal.SIGKILL)  # what the command left behind, too
        self._process.wait()
        self._process.stdin.close()
        self._reader.join(GRACE_S)

    def watch(self, check: Callable[[float], None]) -> None:
        """Wait until the command ends; `check` is called all the time with the seconds so far.

        Raises CommandFailed if the command fails or takes too long, and what `check` raises.
        """
        limit = self._what.timeout_s
        while self._process.poll() is None:
            seconds = time.monotonic() - self._began
            check(seconds)
            if limit is not None and seconds > limit:
                raise CommandFailed(f"the command took longer than timeout_s: {limit:g}")
            time.sleep(PAUSE_S)
        self._reader.join(GRACE_S)
        if self._process.returncode:
            raise CommandFailed(
                f"the command ended with exit code {self._process.returncode}{self.tail}"
            )

    @property
    def tail(self) -> str:
        """The last lines of the output."""
        return f": {' | '.join(self._tail)}" if self._tail else ""

    def _read(self, output: IO[bytes]) -> None:
        with output:
            for line in iter(lambda: output.readline(MOST_BYTES), b""):
                words = line.decode("utf-8", "replace").rstrip().rpartition("\r")[2].strip()
                if words:
                    self.said += 1
                    if any(map(str.isalnum, words)):
                        self._tail.append(visible(words, LONGEST))
                    if self.said <= MOST_LINES:
                        self._hear(visible(words, LONGEST))
                    elif self.said == MOST_LINES + 1:
                        self._hear(f"… what follows the first {MOST_LINES:,} lines is left out")

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

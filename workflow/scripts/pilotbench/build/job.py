"""What surrounds every job: its log file, its signals, one line for an expected error."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Timer
from typing import NoReturn

from pilotbench.build import signals
from pilotbench.ground import links, notices
from pilotbench.ground.errors import PilotbenchError, UserError, of_system

INTERRUPTED = Event()
"""Set by Ctrl-C: the run reports it once for all of its jobs."""


@contextmanager
def logged(path: Path, results: Path | None = None) -> Iterator[None]:
    """Log to `path`; end the process with one line and exit code 1 on a PilotbenchError.

    The same holds for a system error, such as a full disk or a folder that cannot be written.
    `results` is the folder that must contain the log: by default the parent of the log's folder.
    """
    logging.raiseExceptions = False  # a log that cannot be written does not justify a traceback
    try:
        links.inside(results or path.parents[1], path)
    except UserError as error:
        sys.exit(f"error: {error}")
    _log_to(path)
    for noisy in ("httpx2", "httpcore2", "openai"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        yield
    except PilotbenchError as error:
        logging.getLogger(__name__).error("%s", error)
        _end(1 if INTERRUPTED.is_set() else f"error: {error}")
    except OSError as error:
        logging.getLogger(__name__).exception("%s", error)
        _end(f"error: {of_system(error)}")


def _end(code: int | str) -> NoReturn:
    """End the process. A run that draws a live table on our terminal prints the line above it."""
    if isinstance(code, str) and sys.stderr.isatty() and notices.passed_on(code):
        code = 1
    sys.exit(code)


def _log_to(path: Path) -> None:
    form = "%(asctime)s %(levelname)s %(message)s"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            path.unlink()
        logging.basicConfig(filename=path, level=logging.INFO, format=form)
    except OSError:  # the next write fails too, and reports it
        logging.basicConfig(level=logging.CRITICAL, format=form)


def stop_on_signal(patience_s: float = 60.0) -> Event:
    """Return an event that SIGINT, SIGTERM and SIGHUP set.

    Requests in flight may still be answered and journaled; after `patience_s` the process ends.
    """
    stop = Event()

    def on_signal(number: int, _: object) -> None:
        if number == signal.SIGINT:
            INTERRUPTED.set()
        if not stop.is_set():
            stop.set()
            timer = Timer(patience_s, os._exit, [1])
            timer.daemon = True
            timer.start()

    signals.on_ending(on_signal)
    return stop


class Halt:
    """Whether this job has to stop: because of a signal, or because a job of the run stops all.

    `asking` is a file that exists as long as the run may ask: it can be removed on a full disk too.
    """

    def __init__(self, stop: Event, asking: Path | None) -> None:
        self._stop, self._asking = stop, asking

    def is_set(self) -> bool:
        """Return whether nothing more may be asked."""
        return self._stop.is_set() or (self._asking is not None and not self._asking.exists())

    def halt(self) -> None:
        """Stop all jobs of the run."""
        self._stop.set()
        if self._asking is not None:
            with suppress(OSError):
                self._asking.unlink()

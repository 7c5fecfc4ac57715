"""Snakemake's own log lines, and on a terminal a live view of the run below them.

The default profile chooses it (`logger: pilotbench`). Where the output is not a terminal, the lines
are exactly those of Snakemake's own handler. On a terminal one line stands for its header, which
lists every resource; `--verbose` shows it.
"""

from __future__ import annotations

import argparse
import copy
import os
import sys
import threading
import time
from collections.abc import Callable
from itertools import chain
from logging import INFO, LogRecord
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from pilotbench.build import snakemake_internals as internals
from pilotbench.ground.errors import UserError
from pilotbench.matrix.config_files import load_file

PAUSE_S = 2.0
COST = 4
"""A pause is at least so many times as long as the look before it."""
TEMPORARY = os.EX_TEMPFAIL
LEFT_LOCKED = "the run that locked this folder is dead; the next run clears its lock"
STILL_SHOWN = (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR, LogEvent.ERROR)


class LogHandler(LogHandlerBase):
    """Writes to stderr (stdout where Snakemake says so); `watch` starts the live table."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Set up the handler that Snakemake itself would use."""
        stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.addFilter(internals.default_log_filter(self.common_settings))
        self._plain = internals.default_log_handler(self.common_settings, stream)
        self._console = Console(file=stream)
        settings = self.common_settings
        self._is_brief = self._console.is_terminal and not (settings.dryrun or settings.verbose)
        self._cost: Callable[[], str] | None = None
        self._live: Live | None = None
        self._ended = threading.Event()
        self._silent = False
        self._waiting = Waiting()

    def watch(self, look: Callable[[], str]) -> None:
        """Show what `look` returns below the log lines on a terminal, and keep it up to date."""
        if not self._console.is_terminal or self._live is not None:
            return
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
        threading.Thread(target=self._keep_looking, args=(look,), daemon=True).start()

    def unwatch(self) -> None:
        """End the live table."""
        self._ended.set()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, line: str) -> None:
        """Write a line that is in no log record, above the live table where there is one."""
        live = self._live
        if live is not None:
            live.console.print(Text(line))
        else:
            self._console.file.write(f"{line}\n")
            self._console.file.flush()

    def silence(self) -> None:
        """End the live table, and write no further record: the log file has them."""
        self._silent = True
        self.unwatch()

    def after_dry_run(self, cost: Callable[[], str]) -> None:
        """Write what `cost` returns after the last message of a dry run."""
        self._cost = cost

    def emit(self, record: LogRecord) -> None:
        """Write one record; with the live table, only errors and warnings."""
        live = self._live
        if self._silent or expected(record) or self._waiting.covers(record):
            return
        if self._is_brief and internals.is_header(record):
            return
        if live is None:
            self._plain.emit(reworded(self._brief(record)))
            if self._cost is not None and internals.ends_dry_run(str(record.msg)):
                self._write(self._cost)
        elif record.levelno > INFO or internals.event_of(record) in STILL_SHOWN:
            text = self._plain.format(record)
            if text and text != "None":
                live.console.print(Text.from_ansi(text))

    def _brief(self, record: LogRecord) -> LogRecord:
        """Return the record that lists the jobs as one line, any other unchanged."""
        counts = internals.planned_counts(record) if self._is_brief else None
        if counts is None:
            return record
        record = copy.copy(record)
        record.msg = f"jobs: {', '.join(f'{n:,} {rule}' for rule, n in counts.items())}"
        return record

    def close(self) -> None:
        """End the live table with the run."""
        self.unwatch()
        super().close()

    def _write(self, look: Callable[[], str]) -> None:
        try:
            text = look()
        except Exception as error:  # a dry run must never fail for its estimate
            text = f"(no estimate: {error})"
        if text:
            print(text, file=self._console.file)

    def _keep_looking(self, look: Callable[[], str]) -> None:
        while not self._ended.is_set():
            began = time.monotonic()
            try:
                text = look()
            except Exception as error:  # a view must never stop what it shows
                text = f"(no progress to show: {error})"
            live = self._live
            if live is None:
                return
            live.update(Text(text), refresh=True)
            self._ended.wait(max(PAUSE_S, COST * (time.monotonic() - began)))


class Waiting:
    """The errors of jobs that only wait for batches: the run itself says what is out."""

    def __init__(self) -> None:
        self._jobs = self._others = 0

    def covers(self, record: LogRecord) -> bool:
        """Return whether a record only reports that batches are out."""
        text, event = str(record.msg), internals.event_of(record)
        if event == LogEvent.ERROR and internals.is_exit_of(text, "batches.py", TEMPORARY):
            self._jobs += 1
            return True
        if event == LogEvent.JOB_ERROR and internals.rule_of(record) == "batches" and self._jobs:
            self._jobs -= 1
            return True
        self._others += event in STILL_SHOWN
        return internals.is_last_error(text) and not self._others


def reworded(record: LogRecord) -> LogRecord:
    """Return an error about a file of `--configfile`, or about the lock, as one line.

    Snakemake reads these files before the workflow, and ends with a traceback or with a message
    that names no file. Any other record is returned unchanged.
    """
    text, is_error = str(record.msg), internals.event_of(record) == LogEvent.ERROR
    line = None
    if internals.is_lock_error(text):
        line = in_progress() or (None if is_error else LEFT_LOCKED)
    elif is_error and internals.is_config_file_error(text):
        line = config_error(sys.argv[1:])
    if line is None:
        return record
    record = copy.copy(record)
    record.msg = f"error: {line}" if is_error else f"note: {line}"
    return record


def config_error(words: list[str]) -> str | None:
    """Return what is wrong with the config files that a command line names."""
    for file in config_files(words):
        try:
            load_file(file)
        except UserError as error:
            return str(error)
    return None


def expected(record: LogRecord) -> bool:
    """Return whether a record only reports that a run in progress has yet to write a file."""
    return internals.is_missing_metadata(str(record.msg)) and in_progress() is not None


def in_progress() -> str | None:
    """Return a line about another run in this folder, None where there is none."""
    from pilotbench.build import run_lock  # most commands meet no lock

    return run_lock.in_progress()


def config_files(words: list[str]) -> list[Path]:
    """Return the files that a command line names after `--configfile`."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", action="append", default=[])
    return [Path(file) for file in chain(*parser.parse_known_args(words)[0].configfile)]

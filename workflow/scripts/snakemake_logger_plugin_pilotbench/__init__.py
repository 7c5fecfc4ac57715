"""Snakemake's own log lines, and on a terminal a live table of models and keys below them.

Chosen by the default profile (`logger: pilotbench`). Where the output is no terminal the lines are
those of Snakemake's own handler, word for word.
"""

from __future__ import annotations

import argparse
import copy
import sys
import threading
from collections.abc import Callable
from itertools import chain
from logging import INFO, LogRecord
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text
from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter, get_event
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from pilotbench.ground.errors import UserError
from pilotbench.matrix.config_files import load_file

PAUSE_S = 2.0
CONFIG_ERRORS = ("load_configfile", "Config file")
LOCKED = ("Directory cannot be locked", "marked for report but does not exist")
NO_METADATA = "Missing metadata for file"
DRY_RUN_ENDED = "This was a dry-run"
STILL_SHOWN = (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR, LogEvent.ERROR)


class LogHandler(LogHandlerBase):
    """Writes to stderr (stdout where Snakemake says so); `watch` starts the live table."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Set up what Snakemake's own handler would be."""
        told = self.common_settings
        self.addFilter(
            DefaultFilter(
                told.quiet, told.debug_dag, told.verbose, told.dryrun, told.printshellcmds
            )
        )
        stream = sys.stdout if told.stdout else sys.stderr
        formatter = DefaultFormatter(told.quiet, told.show_failed_logs)
        self._plain = ColorizingTextHandler(told.nocolor, stream, formatter)
        self._console = Console(file=stream)
        self._cost: Callable[[], str] | None = None
        self._live: Live | None = None
        self._ended = threading.Event()
        self._silent = False

    def watch(self, look: Callable[[], str]) -> None:
        """Show what `look` returns below the log lines, again and again, on a terminal."""
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
        """Write a line that no log record holds, above the live table where there is one."""
        live = self._live
        if live is not None:
            live.console.print(Text(line))
        else:
            self._console.file.write(f"{line}\n")
            self._console.file.flush()

    def silence(self) -> None:
        """End the live table, and write no record any more: the log file has them."""
        self._silent = True
        self.unwatch()

    def after_dry_run(self, cost: Callable[[], str]) -> None:
        """Write what `cost` returns after the last words of a dry run."""
        self._cost = cost

    def emit(self, record: LogRecord) -> None:
        """Write one record; with the table on, only what it does not show: errors, warnings."""
        live = self._live
        if self._silent or expected(record):
            return
        if live is None:
            self._plain.emit(reworded(record))
            if self._cost is not None and str(record.msg).startswith(DRY_RUN_ENDED):
                self._write(self._cost)
        elif record.levelno > INFO or get_event(record) in STILL_SHOWN:
            text = self._plain.format(record)
            if text and text != "None":
                live.console.print(Text.from_ansi(text))

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
            try:
                text = look()
            except Exception as error:  # a view must never stop what it shows
                text = f"(no progress to show: {error})"
            live = self._live
            if live is None:
                return
            live.update(Text(text), refresh=True)
            self._ended.wait(PAUSE_S)


def reworded(record: LogRecord) -> LogRecord:
    """Return an error about a file of `--configfile`, or about the lock, as one line.

    Snakemake reads these files before it looks at the workflow, and ends with a traceback or with a
    message that names none. Any other record is returned as it is.
    """
    text = str(record.msg)
    if any(word in text for word in LOCKED) and (line := in_progress()):
        record = copy.copy(record)
        record.msg = f"error: {line}" if get_event(record) == LogEvent.ERROR else f"note: {line}"
        return record
    if get_event(record) != LogEvent.ERROR or not any(word in text for word in CONFIG_ERRORS):
        return record
    for file in config_files(sys.argv[1:]):
        try:
            load_file(file)
        except UserError as error:
            record = copy.copy(record)
            record.msg = f"error: {error}"
            break
    return record


def expected(record: LogRecord) -> bool:
    """Say whether a record only tells that a run in progress has not made a file yet."""
    return str(record.msg).startswith(NO_METADATA) and in_progress() is not None


def in_progress() -> str | None:
    """Return a line about another run in this folder, None where there is none."""
    from pilotbench.build import run_lock  # most commands meet no lock

    return run_lock.in_progress()


def config_files(words: list[str]) -> list[Path]:
    """Return the files that a command line names after `--configfile`."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", action="append", default=[])
    return [Path(file) for file in chain(*parser.parse_known_args(words)[0].configfile)]

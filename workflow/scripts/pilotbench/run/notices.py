"""Notices: what a person at the terminal has to know while a run goes on, each said once.

A job of a run appends its notices to one file of the run, which `status` shows. The run itself
follows the file and prints each new line, above the live table where there is one: the jobs do not
write into a table that another process draws. Outside a run a notice is printed once per process.

Nothing here raises: a notice is never worth an answer.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pilotbench.hostile import visible
from pilotbench.keys.scrubber import Scrubber
from pilotbench.run import orders

FOLDER = "logs"
"""Below the results folder: it holds the notices of the last run."""
_NAME = "notices-*.jsonl"
PAUSE_S = 0.25
_LONGEST = 300
log = logging.getLogger(__name__)
_said: set[str] = set()
_lock = threading.Lock()


@dataclass(frozen=True)
class Notice:
    """One notice; `at` is Unix time in s."""

    at: float
    key: str
    text: str

    def __str__(self) -> str:
        """Return the line that `status` shows."""
        return f"{time.strftime('%H:%M:%S', time.localtime(self.at))}  {self.text}"


def say(key: str, text: str) -> None:
    """Tell the person at the terminal `text`, once per run and `key`."""
    with suppress(Exception):
        line = visible(Scrubber().line(text, _LONGEST))
        with _lock:
            if key in _said:
                return
            _said.add(key)
        file = orders.told().notices
        fresh = None if file is None else _append(Path(file), Notice(time.time(), key, line))
        if fresh is not False and log.hasHandlers():  # without a log file Python would print it
            log.warning("%s", line)
        if fresh is None:
            print(line, file=sys.stderr, flush=True)


def of_run(results_dir: Path) -> Path:
    """Return the file of the notices of a run that starts now, which the jobs are told by orders.

    Names sort by time, and each run has its own: one that finds the folder locked touches no other.
    """
    start = f"{time.time_ns():020d}-{os.getpid()}"
    return (results_dir / FOLDER / _NAME.replace("*", start)).absolute()


def begin(path: Path) -> None:
    """Begin the notices of a run, which holds the folder's lock, and remove those of earlier ones.

    The run does so, or its first job where another workflow has imported this one.
    """
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o666))
        for old in (*path.parent.glob(_NAME), path.with_name("notices.jsonl")):
            if old.name < path.name or old.name == "notices.jsonl":
                old.unlink(missing_ok=True)


def read(results_dir: Path) -> list[Notice]:
    """Return the notices of the last run; none where there are none or they cannot be read."""
    try:
        return _parsed(max((results_dir / FOLDER).glob(_NAME)).read_bytes())
    except (OSError, ValueError):
        return []


class Follower:
    """Hands each new line of the run's notices to `write`, from a thread of its own."""

    def __init__(self, path: Path, write: Callable[[str], None]) -> None:
        self._path, self._write = path, write
        self._seen = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="notices", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Write what has not been written yet, and stop."""
        self._ended.set()
        self._thread.join(timeout=2.0)

    def _follow(self) -> None:
        while not self._ended.is_set():
            self._ended.wait(PAUSE_S)
            with suppress(Exception):
                self._look()

    def _look(self) -> None:
        with self._path.open("rb") as file:
            file.seek(self._seen)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._seen += len(whole)
        for notice in _parsed(whole):
            self._write(notice.text)


def _append(path: Path, notice: Notice) -> bool | None:
    """Append a notice; return False where its key was said before, None where it cannot be kept."""
    try:
        with path.open("ab+") as file:
            with suppress(OSError):  # a file system without locks: said twice at worst
                fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            if any(one.key == notice.key for one in _parsed(file.read())):
                return False
            file.write(json.dumps(asdict(notice), ensure_ascii=False).encode() + b"\n")
    except OSError:
        return None
    return True


def _parsed(data: bytes) -> list[Notice]:
    notices = []
    for line in data.splitlines():
        with suppress(ValueError, TypeError, KeyError):
            value = json.loads(line)
            notices.append(Notice(float(value["at"]), str(value["key"]), str(value["text"])))
    return notices

"""Notices: what the user must know during a run, each shown once.

A job of a run appends its notices to one file of the run, which `status` shows. The run itself
follows the file and prints each new line, above the live table if there is one: jobs must not
write into a table that another process draws. Outside a run a notice is printed once per process.

A run has at most MOST notices, and MOST_OF_A_KIND of each kind that repeats a service's words.

Nothing here raises: no notice is worth an answer. Nor does it delay one: see `held`.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from pilotbench.ground import job_context, links
from pilotbench.ground.errors import UserError
from pilotbench.ground.scrubber import Scrubber
from pilotbench.ground.untrusted_text import visible

FOLDER = "logs"
"""Below the results folder: it holds the notices of the last run."""
_NAME = "notices-*.jsonl"
MOST, MOST_OF_A_KIND = 200, 3
_FURTHER = "further notices are in the logs"
PAUSE_S = 0.25
_LONGEST, _LONGEST_ERROR = 300, 2000
log = logging.getLogger(__name__)
_lock = threading.Lock()
_thread = threading.local()


@dataclass(frozen=True)
class Notice:
    """One notice; `at` is Unix time in s.

    `kind` groups notices whose keys contain the words of a service.
    """

    at: float
    key: str
    text: str
    kind: str | None = None

    def __str__(self) -> str:
        """Return the line that `status` shows."""
        return f"{time.strftime('%H:%M:%S', time.localtime(self.at))}  {self.text}"


class Known:
    """The notices of the run, as far as this process has read its file."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._kinds: Counter[str] = Counter()
        self._path: Path | None = None
        self._read = 0

    def __len__(self) -> int:
        return len(self._keys)

    def admits(self, notice: Notice) -> bool:
        """Return whether a notice is new and not one too many of its kind."""
        enough = notice.kind is not None and self._kinds[notice.kind] >= MOST_OF_A_KIND
        return not enough and notice.key not in self._keys

    def add(self, notice: Notice) -> None:
        """Count a notice as shown."""
        if notice.key not in self._keys:
            self._keys.add(notice.key)
            self._kinds.update([notice.kind] if notice.kind is not None else [])

    def catch_up(self, path: Path, file: BinaryIO) -> bool:
        """Read what was added to the run's file; return whether its last line is complete."""
        if path != self._path:
            self._path, self._read = path, 0
        file.seek(self._read)
        data = file.read()
        whole = data.rfind(b"\n") + 1
        self._read += whole
        for notice in _parsed(data[:whole]):
            self.add(notice)
        return whole == len(data)


_known = Known()


def say(key: str, text: str, kind: str | None = None) -> None:
    """Show `text` to the user, once per run and `key`.

    Give a `kind` if the key contains the words of a service, which may always differ.
    """
    with suppress(Exception):
        waiting = getattr(_thread, "waiting", None)
        notice = Notice(time.time(), key, visible(Scrubber().line(text, _LONGEST)), kind)
        if waiting is None:
            _say(notice)
        elif len(waiting) < MOST:
            waiting.append(notice)


def passed_on(text: str) -> bool:
    """Append the last line of a job, in full, to the file of its run; return whether it has one."""
    with suppress(Exception), _lock:
        if (file := job_context.read().notices) is not None:
            line = visible(Scrubber().scrub(text), _LONGEST_ERROR)
            return _append(Path(file), Notice(time.time(), line, line)) is not None
    return False


@contextmanager
def held() -> Iterator[None]:
    """Delay the notices of this thread to the end of the block: an answer is written first."""
    waiting: list[Notice] = []
    _thread.waiting = waiting
    try:
        yield
    finally:
        _thread.waiting = None
        for notice in waiting:
            with suppress(Exception):
                _say(notice)


def _say(notice: Notice) -> None:
    with _lock:
        if not _known.admits(notice):
            return
        file = job_context.read().notices
        fresh = None if file is None else _append(Path(file), notice)
        shown = _bounded(notice) if fresh is None else None
        _known.add(notice)
    if fresh is not False and log.hasHandlers():  # without a log file Python would print it
        log.warning("%s", notice.text)
    if shown is not None:
        print(shown.text, file=sys.stderr, flush=True)


def _bounded(notice: Notice) -> Notice | None:
    """Return what to show for a notice: one line for all beyond the limit, then nothing."""
    if len(_known) < MOST:
        return notice
    last = Notice(notice.at, _FURTHER, _FURTHER)
    if not _known.admits(last):
        return None
    _known.add(last)
    return last


def of_run(results_dir: Path) -> Path:
    """Return the file for the notices of a run that starts now.

    Names sort by time, and each run has its own file: one that finds the folder locked touches no
    other.
    """
    start = f"{time.time_ns():020d}-{os.getpid()}"
    return (results_dir / FOLDER / _NAME.replace("*", start)).absolute()


def begin(path: Path) -> None:
    """Begin the notices of a run, which holds the folder's lock, and remove those of earlier ones.

    The run does so, or its first job if another workflow has imported this one.
    """
    with suppress(OSError):
        links.inside(path.parents[1], path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _opened(path).close()
        for old in (*path.parent.glob(_NAME), path.with_name("notices.jsonl")):
            if old.name < path.name or old.name == "notices.jsonl":
                old.unlink(missing_ok=True)


def read(results_dir: Path) -> list[Notice]:
    """Return the notices of the last run; none if they cannot be read."""
    try:
        return _parsed(max((results_dir / FOLDER).glob(_NAME)).read_bytes())
    except (OSError, ValueError):
        return []


def began(results_dir: Path) -> float | None:
    """Return when the last run began, Unix time in s; None if no run has left its notices."""
    try:
        return int(max((results_dir / FOLDER).glob(_NAME)).stem.split("-")[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return None


class Follower:
    """Passes each new line of the run's notices to `write`, from its own thread."""

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
    """Append a notice; return False if its key was shown before, None if it cannot be written."""
    try:
        with _opened(path) as file:
            with suppress(OSError):  # a file system without locks: shown twice at worst
                fcntl.flock(file, fcntl.LOCK_EX)
            lead = b"" if _known.catch_up(path, file) else b"\n"
            if not _known.admits(notice):
                return False
            if (shown := _bounded(notice)) is not None:
                line = json.dumps(asdict(shown), ensure_ascii=False)
                file.write(lead + line.encode() + b"\n")
    except (OSError, UserError):
        return None
    return True


def _opened(path: Path) -> BinaryIO:
    """Open the file of a run below its results; no link is followed out of them."""
    links.inside(path.parents[1], path)
    flags = os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o666), "ab+")


def _parsed(data: bytes) -> list[Notice]:
    notices = []
    for line in data.splitlines():
        with suppress(ValueError, TypeError, KeyError):
            value = json.loads(line)
            at, kind = float(value["at"]), value.get("kind")
            notices.append(Notice(at, str(value["key"]), str(value["text"]), kind))
    return notices

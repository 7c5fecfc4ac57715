"""The journal: every response that was paid for, written once, found again by its identity.

A cell's folder holds segments, one per process that asked, under the indices that it works on:
`{first}-{last}_{time}_{pid}_{host}.jsonl`. A segment is locked (flock) by its process and only ever
grows at its end; answers.py says what a line is.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pilotbench.asking.journal.answers import Answers
from pilotbench.asking.journal.other_folders import OtherFolders
from pilotbench.asking.journal.segment import Segment
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import Stopping, UserError
from pilotbench.ground.file_locks import is_locked
from pilotbench.ground.path_names import LONGEST, from_path, to_path
from pilotbench.matrix.cells import Cell
from pilotbench.providers.settings import Model

Json = dict[str, Any]
log = logging.getLogger(__name__)

_SEGMENT = re.compile(r"(\d+)-(\d+)_(\d+)_(\d+)_(.+)\.jsonl")
_LONGEST_PAUSE_S = 1.0
JUDGES = "judges"
"""The folder of what judges are asked, below `journal_dir`."""
LABELS = "gateway"
"""The folder of what other programs ask, below `journal_dir`."""


def journal_folder(model: Model, cell: Cell) -> Path:
    """Return the folder of a cell below `journal_dir`.

    It names what is asked, not the entry of models.yaml: a renamed entry finds its answers, and two
    entries that send the same requests share them. Weights count, since a request does not name
    them; how reasoning goes back does not: first messages are equal. Prompt and task count by their
    names; elsewhere.py finds the answers of renamed ones. Levels of version 4 that ask the same
    share a folder: one process at a time asks, and the others find its answers.
    """
    return Path(model_folder(model), *(to_path(word) for word in cell.shared.words[1:]))


def label_folder(model: Model, label: str) -> Path:
    """Return the folder of what other programs ask of a model under a label, below `journal_dir`.

    It has another depth than that of a cell, so that a provider may be called as LABELS.
    """
    return Path(LABELS, model_folder(model), to_path(label))


def judge_folder(judge: Model, judged: Sequence[Model], cell: Cell) -> Path:
    """Return the folder of what a judge is asked about a cell, below `journal_dir`.

    `judged` is the model whose replies it sees, or the two of a pair. It has another depth than the
    folder of a cell, so that a provider may be called as JUDGES.
    """
    condition = map(to_path, cell.words[1:])
    return Path(JUDGES, model_folder(judge), *map(model_folder, judged), *condition)


def model_folder(model: Model) -> Path:
    """Return the folder of all cells of a model below `journal_dir`; see `journal_folder`."""
    asked = digest(model.usual.asked)[:12]
    name = f"{to_path(model.deployment, LONGEST - len(asked) - 1)}-{asked}"
    return Path(to_path(model.provider), name)


class Journal:
    """The journal of one cell: the folder `cell_folder` below `root` (see journal_folder).

    `whole` finds answers of any index of the cell, for question packs, whose questions move.
    `names` are the folder names of all prompts and tasks that exist (see other_folders.py). Unless
    `elsewhere`, no other folder is searched.
    Nothing is read or created before `open` or `read` is called; cells share no lock.
    """

    def __init__(
        self,
        root: Path,
        cell_folder: Path,
        whole: bool = False,
        names: frozenset[str] = frozenset(),
        elsewhere: bool = True,
    ) -> None:
        self.root = root
        self.folder = root / cell_folder
        self._whole, self._names, self._elsewhere = whole, names, elsewhere

    @contextmanager
    def open(
        self, first: int, last: int, stopped: Callable[[], bool] = lambda: False
    ) -> Iterator[Segment]:
        """Hold the indices `first` to `last` for this process and yield its segment.

        While another process holds one of these indices, wait and log which; `stopped` is checked
        every second and ends the wait with Stopping. Keep the segment open until the result file is
        in place. A segment in which nothing was written leaves no file.

        Raises UserError if the journal cannot be created.
        """
        made = self._missing()
        path, descriptor = self._claim(first, last, stopped)
        segment = Segment(path, descriptor, Answers(), [folder.parent for folder in made])
        try:
            segment.answers = self.read(first, last)
            yield segment
        finally:
            segment._close()

    def read(self, first: int, last: int) -> Answers:
        """Return the content of the segments that touch `first` to `last`, without any lock.

        `failures` are only those of these indices. A missing folder is empty.
        """

        def touches(path: Path) -> bool:
            return self._whole or _touches(path, first, last)

        answers = Answers(by_request=self._whole)
        for path in filter(touches, self._segments()):
            answers.add_segment(path)
        if self._elsewhere:
            answers.elsewhere = OtherFolders(self.folder, self._whole, self._names, touches)
        answers.failures = [one for one in answers.failures if first <= one.index <= last]
        return answers

    def begun(self, first: int, last: int) -> bool:
        """Return whether a segment touches `first` to `last`; none is read."""
        return any(_touches(path, first, last) for path in self._segments())

    def holders(self, first: int, last: int) -> list[str]:
        """Return the processes that hold one of these indices now, each in words."""
        return [_holder(path) for path in self._held(first, last)]

    def _segments(self) -> list[Path]:
        try:
            paths = [path for path in self.folder.iterdir() if path.suffix == ".jsonl"]
        except FileNotFoundError:
            return []
        return sorted(paths, key=segment_age)

    def _held(self, first: int, last: int) -> list[Path]:
        return [p for p in self._segments() if _touches(p, first, last) and is_locked(p)]

    def _claim(self, first: int, last: int, stopped: Callable[[], bool]) -> tuple[Path, int]:
        announced: set[Path] = set()
        pause = 0.02
        while True:
            try:
                with self._locked():
                    held = self._held(first, last)
                    if not held:
                        self._sweep(first, last)
                        return self._create(first, last)
            except OSError as error:
                raise UserError(
                    f"journal_dir: {self.folder} must be writable and know flock ({error.strerror})"
                ) from None
            if stopped():
                raise Stopping(f"{self.folder}: stopped while waiting for another process")
            for path in set(held) - announced:
                log.warning("waiting for %s", _holder(path))
            announced.update(held)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _create(self, first: int, last: int) -> tuple[Path, int]:
        who = f"{time.time_ns() // 1000}_{os.getpid()}_{to_path(socket.gethostname())}"
        path = self.folder / f"{first:05d}-{last:05d}_{who}.jsonl"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
        fcntl.flock(
            descriptor, fcntl.LOCK_EX
        )  # new: only who looks at it can hold it, for a moment
        return path, descriptor

    def _sweep(self, first: int, last: int) -> None:
        """Remove the empty segments that killed processes left; the cell's lock is held."""
        for path in self._segments():
            with suppress(FileNotFoundError):
                if _touches(path, first, last) and path.stat().st_size == 0:
                    path.unlink()

    def _missing(self) -> list[Path]:
        """Return the missing folders of this cell."""
        chain = (self.folder, *self.folder.parents)
        return [path for path in chain if not os.access(path, os.F_OK)]


def _touches(path: Path, first: int, last: int) -> bool:
    name = _SEGMENT.fullmatch(path.name)
    # A file with any other name was put there by the user and may hold any index.
    return name is None or (int(name[1]) <= last and first <= int(name[2]))


def segment_age(path: Path) -> tuple[int, str]:
    """Return what sorts segments by the time at which they were begun."""
    name = _SEGMENT.fullmatch(path.name)
    return (int(name[3]) if name else 0, path.name)


def _holder(path: Path) -> str:
    name = _SEGMENT.fullmatch(path.name)
    if name is None:
        return str(path)
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(int(name[3]) / 1e6))
    who = f"pid {name[4]} on {from_path(name[5])} since {since}"
    return f"{path.parent}: indices {int(name[1])}-{int(name[2])} are held by {who}"

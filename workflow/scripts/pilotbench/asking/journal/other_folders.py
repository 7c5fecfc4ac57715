"""Answers under another name: a prompt file or the folder of a pack was renamed.

The folder of a cell names its prompt and its task, but an answer belongs to neither: it answers the
same request under any name. So before a request is sent, the other folders of the same model that
could hold its answer are searched. To read them fully for each shard would be too slow in a large
journal: a folder is first searched for the hash of the body that is about to be sent. A folder
whose prompt and task still exist most likely belongs to these: after a few requests that it does
not hold it is skipped for the life of the process.
"""

from __future__ import annotations

import mmap
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Protocol

from pilotbench.asking.journal.identity import RequestIdentity

PATIENCE = 3
"""Requests that a folder is searched for if its prompt and its task still exist."""


class Reader(Protocol):
    """What reads segments; see answers.Answers."""

    def add_segment(self, path: Path) -> None:
        """Read a segment."""
        ...


class Folders:
    """What this process knows about the folders of other cells."""

    def __init__(self, folder: Path, packs: bool, names: frozenset[str]) -> None:
        self._names = names
        self.searched: Counter[Path] = Counter()
        self.found: set[Path] = set()
        self.segments: dict[Path, list[Path]] = {}
        for other in _beside(folder, packs):
            held = [path for path in _listed(other) if path.suffix == ".jsonl"]
            if held:
                self.segments[other] = held

    def may_hold(self, folder: Path) -> bool:
        """Return whether a folder holds our answers, or may hold them as far as is known."""
        prompt, task = folder.parts[-4:-2]
        renamed = prompt not in self._names or task not in self._names
        return renamed or folder in self.found or self.searched[folder] < PATIENCE


class OtherFolders:
    """The segments of other folders that touch the indices of one shard; safe among threads.

    With `packs`, questions move among indices and the task may have another name; otherwise only
    prompts may. `names` are the folder names of all prompts and tasks that exist. `touches` returns
    whether a segment may hold an index of the shard.
    """

    def __init__(
        self, folder: Path, packs: bool, names: frozenset[str], touches: Callable[[Path], bool]
    ) -> None:
        self._place = (folder, packs, names)
        self._touches = touches
        self._read: set[Path] = set()
        self._reading = threading.Lock()
        self.count = 0

    def more(self, request: RequestIdentity, answers: Reader, count: int) -> bool:
        """Add the segments of each folder that may answer `request`.

        Return whether to look again: whether more than `count` folders have been added.
        """
        with self._reading:
            for folder, segments in self._unread():
                if not self._is_ours(folder, segments, request):
                    continue
                for path in segments:
                    answers.add_segment(path)
                self._read.add(folder)
                self.count += 1
            return self.count > count

    @property
    def possible(self) -> bool:
        """Whether an unread folder could hold an answer."""
        return next(self._unread(), None) is not None

    def _unread(self) -> Iterator[tuple[Path, list[Path]]]:
        """Yield each folder that is worth reading, with its segments of these indices."""
        known = _folders(*self._place)
        for folder, segments in known.segments.items():
            if folder not in self._read and known.may_hold(folder):
                touched = [path for path in segments if self._touches(path)]
                if touched:
                    yield folder, touched

    def _is_ours(self, folder: Path, segments: list[Path], request: RequestIdentity) -> bool:
        known = _folders(*self._place)
        if folder not in known.found:
            if not _holds(segments, request):
                known.searched[folder] += 1
                return False
            known.found.add(folder)
        return True


@cache
def _folders(folder: Path, packs: bool, names: frozenset[str]) -> Folders:
    return Folders(folder, packs, names)


def _beside(folder: Path, packs: bool) -> Iterator[Path]:
    """Yield the folders of other cells: {model}/{prompt}/{task}/{difficulty}/{rate}.

    Of a judge, {model} is the folder of the judge and of the models that it judges.
    """
    task, difficulty, rate = folder.parts[-3:]
    for prompt in _listed(folder.parents[3]):
        tasks: Iterable[Path] = _listed(prompt) if packs else [prompt / task]
        for other in (path / difficulty / rate for path in tasks):
            if other != folder:
                yield other


def _listed(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(folder.iterdir())
    return []


def _holds(segments: Iterable[Path], request: RequestIdentity) -> bool:
    needle = request.components["body_sha256"].encode()
    return any(_has(path, needle) for path in segments)


def _has(path: Path, needle: bytes) -> bool:
    with (
        suppress(OSError, ValueError),  # gone, or empty
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return content.find(needle) >= 0
    return False

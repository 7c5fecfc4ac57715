"""The processes that a program has started, seen from the first process of its sandbox."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
FIRST = 1
"""The number of the first process of a namespace: it sees that namespace only, and may end all."""


@dataclass(frozen=True)
class Usage:
    """What some processes use together: threads, and bytes of memory."""

    threads: int
    memory: int


def usage() -> Usage:
    """Return what all processes that this one has started use."""
    found = list(_descendants())
    shared = _shared_memory() if os.getpid() == FIRST else 0
    return Usage(sum(one[1] for one in found), shared + sum(one[2] for one in found))


def _descendants() -> Iterator[tuple[int, int, int]]:
    """Yield the number, threads and bytes of each process below this one."""
    me, known = os.getpid(), {}
    for pid in _numbers():
        with suppress(OSError, ValueError, IndexError):
            words = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            known[pid] = (int(words[1]), int(words[17]), int(words[21]) * PAGE)
    for pid, (parent, threads, memory) in known.items():
        while parent not in (0, me) and parent in known and me != FIRST:
            parent = known[parent][0]
        if pid != me and (parent == me or me == FIRST):
            yield pid, threads, memory


def _numbers() -> list[int]:
    try:
        return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
    except OSError:
        return []


def _shared_memory() -> int:
    """Return the bytes of System V shared memory, which outlives the processes that made it."""
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/sysvipc/shm").read_bytes().splitlines()[1:]
        return sum(int(line.split()[14]) for line in lines)
    return 0


def end_all(groups: tuple[int, ...]) -> dict[int, int]:
    """End all processes that this one has started; return the exit codes of its children.

    In a namespace none can be left. Outside of one, `groups` and their descendants are ended, until
    none is found; one that starts others fast enough may be missed.
    """
    codes: dict[int, int] = {}
    for _ in range(100):
        if os.getpid() == FIRST:
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        else:
            for pid in [one[0] for one in _descendants()]:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            for group in groups:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, signal.SIGKILL)
        codes |= _reaped()
        if not _numbers_left():
            break
    return codes


def _numbers_left() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG) is not None
    except ChildProcessError:
        return False


def _reaped() -> dict[int, int]:
    codes = {}
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, 0)
            codes[pid] = os.waitstatus_to_exitcode(status)
    return codes

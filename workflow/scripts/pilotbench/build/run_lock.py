"""A killed run leaves Snakemake's lock behind; the next run clears it if the owner is dead.

Every run holds a shared flock on one file as long as its process lives, and the run that holds the
lock signs that file. A process that gets the file exclusively knows that no process of this machine
is left which could own a lock, so that the lock is stale. This proves nothing about other machines:
where the signature is that of another machine, nothing is cleared.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pilotbench.build import snakemake_internals
from pilotbench.ground import shipped
from pilotbench.ground.job_context import MAY_ASK_PREFIX, alive

FOLDER = snakemake_internals.FOLDER
_TEMPORARY = ("pilotbench-", snakemake_internals.TEMPORARY_PREFIX)
"""How the names of a run's temporary folders begin."""
_ASKED_S = 30 * 86_400.0
"""A cluster job that a killed run has left may ask this long: it still checks for its file."""
_kept: list[int] = []
"""The descriptor of this process's share of the lock: it ends with the process."""


@dataclass(frozen=True)
class Owner:
    """The process that last held the lock; `since` is its start in Unix time.

    `folders` are its temporary folders, which a killed process leaves behind.
    """

    machine: str
    pid: int
    since: float
    folders: Sequence[str] = ()

    def __str__(self) -> str:
        """Return process id and start."""
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"pid {self.pid}, started {since}"


@dataclass(frozen=True)
class Finding:
    """The state of the lock: `none`, `alive`, `stale` or `unknown`, and a line about it."""

    state: str
    says: str


def enter(folder: Path = FOLDER) -> str | None:
    """Take this process's share of the lock file; clear a stale lock and return a line about it.

    Each run calls it once, before Snakemake locks the folder.
    """
    with _exclusive(folder) as (file, alone):
        found = _judge(folder, file, alone)
        if found.state == "stale":
            _clear(folder)
        if alone:
            _tidy(folder, _owner(file))
        fcntl.flock(file, fcntl.LOCK_SH)
        _kept.append(os.dup(file))
    return found.says if found.state in ("stale", "unknown") else None


def sign(folders: Iterable[Path] = ()) -> None:
    """Record in the lock file that this process holds the lock, and its temporary folders."""
    owner = Owner(machine(), os.getpid(), time.time(), [str(path) for path in folders])
    for file in _kept:
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(asdict(owner)).encode(), 0)


def in_progress(folder: Path = FOLDER) -> str | None:
    """Return a line about the run that holds the lock now; None where there is none."""
    file = folder / "pilotbench.runs"
    if not file.is_file() or not _locks(folder):
        return None
    with file.open("rb") as signed:
        owner = _owner(signed.fileno())
    if owner is None or owner.machine != machine():
        return _unknown(owner)
    if owner.pid == os.getpid() or not alive(owner.pid):
        return None
    return (
        f"a run is in progress in this folder ({owner}); to look at it meanwhile: "
        f"{shipped.COMMAND} status"
    )


def unlock(folder: Path = FOLDER, force: bool = False) -> Finding:
    """Clear a stale lock, with `force` one of an unknown owner too; never one that is alive."""
    with _exclusive(folder) as (file, alone):
        found = _judge(folder, file, alone)
        if found.state == "stale" or (force and found.state == "unknown"):
            _clear(folder)
            return Finding("stale", found.says if found.state == "stale" else "cleared")
        return found


def machine() -> str:
    """Return what identifies this machine: its name and its id (that of the boot if none)."""
    for path in (Path("/etc/machine-id"), Path("/proc/sys/kernel/random/boot_id")):
        if path.is_file() and (text := path.read_text().strip()):
            return f"{platform.node()} {text}"
    return platform.node()


@contextmanager
def _exclusive(folder: Path) -> Iterator[tuple[int, bool]]:
    """Yield the lock file, and whether no other process has a share of it."""
    folder.mkdir(exist_ok=True)
    file = os.open(folder / "pilotbench.runs", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield file, True
        except BlockingIOError:
            yield file, False
    finally:
        os.close(file)


def _judge(folder: Path, file: int, alone: bool) -> Finding:
    owner = _owner(file)
    if not _locks(folder):
        return Finding("none", "there is no lock: nothing to clear")
    if not alone:
        who = f" (the last to lock: {owner})" if owner else ""
        return Finding("alive", f"a command of this folder is still alive{who}: nothing is cleared")
    if owner is not None and owner.machine == machine():
        return Finding(
            "stale",
            f"the run that locked this folder ({owner}) is dead: its lock is cleared; its answers "
            "are in the journal and are not paid for again",
        )
    return Finding("unknown", _unknown(owner))


def _unknown(owner: Owner | None) -> str:
    where = owner.machine.split()[0] if owner else "an unknown machine"
    return (
        f"this folder is locked by a run on {where}; if it is over: "
        f"{shipped.COMMAND} unlock --force"
    )


def _owner(file: int) -> Owner | None:
    try:
        return Owner(**json.loads(os.pread(file, 4096, 0)))
    except (ValueError, TypeError):
        return None


def _locks(folder: Path) -> list[Path]:
    return snakemake_internals.lock_files(folder)


def _tidy(folder: Path, owner: Owner | None) -> None:
    """Remove what killed runs have left: copies of scripts, temporary folders."""
    for script in snakemake_internals.script_copies(folder):
        script.unlink(missing_ok=True)
    for mark in folder.glob(f"{MAY_ASK_PREFIX}*"):
        with suppress(OSError):
            if mark.stat().st_mtime < time.time() - _ASKED_S:
                mark.unlink()
    if owner is None or owner.machine != machine():
        return
    for path in map(Path, owner.folders):
        if _temporary(path) and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def _temporary(path: Path) -> bool:
    """Return whether a path is a temporary folder that a run creates, whoever recorded it."""
    if path.parent == Path(tempfile.gettempdir()):
        return path.name.startswith(_TEMPORARY)
    return path.parent.name == snakemake_internals.CACHE_FOLDER and path.name.startswith("tmp")


def _clear(folder: Path) -> None:
    for path in _locks(folder):
        path.unlink(missing_ok=True)

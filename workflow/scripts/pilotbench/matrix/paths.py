"""The folders and files that a config names, and why one cannot be used."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pilotbench.ground.errors import ConfigError

if TYPE_CHECKING:
    from pilotbench.matrix.config import Settings

Place = tuple[str, ...]
LONGEST_NAME = 255
LONGEST_PATH = 4000
"""In bytes; Linux allows 4,095, and the names below a folder need some of them."""
ROOM = 400
"""Bytes reserved for the names below results_dir and journal_dir."""
_WHY = {
    "journal_dir": "deleting the results would delete what was paid for",
    "limits_dir": "deleting the results would delete the record of what is spent and in flight",
}


def written(settings: Settings) -> dict[str, Path]:
    """Return the folders that a run writes into, by key."""
    found = {"results_dir": settings.results_dir, "journal_dir": settings.journal_dir}
    return found | ({"limits_dir": settings.limits_dir} if settings.limits_dir else {})


def problems(
    folders: Mapping[str, Path], others: Collection[tuple[Place, Path]]
) -> Iterator[tuple[Place, str]]:
    """Yield (keys, why) of each path that cannot be used.

    `folders` are written: results_dir, journal_dir and, if set, limits_dir. `others` are only
    read.
    """
    for place, path in (*(((key,), path) for key, path in folders.items()), *others):
        if why := _form(path):
            yield place, why
    for place, path in ((("results_dir",), folders["results_dir"]), *others):
        if {"{", "}"} & set(str(path)):
            yield place, "must not contain { or }, which mark wildcards in the build"
    for key, path in folders.items():
        if why := _place(path):
            yield (key,), why
    results = _real(folders["results_dir"])
    for key in _WHY:
        if key in folders and _real(folders[key]).is_relative_to(results):
            yield (key,), f"must not be inside results_dir ({folders['results_dir']}): {_WHY[key]}"


def check_writable(folders: Mapping[str, Path]) -> None:
    """Create the folders and write into each. Raises ConfigError that names the key."""
    for key, folder in folders.items():
        try:
            folder.mkdir(mode=0o700 if key == "limits_dir" else 0o777, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"room\n")
        except OSError as error:
            raise ConfigError(f"{key}: {folder} cannot be written: {error.strerror}") from None


def _form(path: Path) -> str | None:
    text = str(path)
    if not text.isprintable():
        return "contains an unprintable character"
    if any(len(part.encode()) > LONGEST_NAME for part in path.parts):
        return f"has a name of more than {LONGEST_NAME} bytes"
    if len(str(path.absolute()).encode()) > LONGEST_PATH - ROOM:
        return f"has more than {LONGEST_PATH - ROOM} bytes"
    return None


def _place(path: Path) -> str | None:
    """Return why `path` cannot be a folder: it, or a parent, is a file."""
    try:
        found = next(p for p in (path, *path.absolute().parents) if p.exists() or p.is_symlink())
    except OSError as error:
        return f"cannot be used: {error.strerror}"
    if found.is_dir():
        return None
    return (
        "is a link to a missing file"
        if not found.exists()
        else f"cannot be a folder: {found} is a file"
    )


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a cycle of links
        return path.absolute()

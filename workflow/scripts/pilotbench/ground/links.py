"""Results never follow a symbolic link out of their folder: nothing outside is written or removed.

The results folder itself may be a link; what counts is its target.
"""

from __future__ import annotations

import os
from pathlib import Path

from pilotbench.ground.errors import UserError


def inside(root: Path, path: Path) -> Path:
    """Return `path`, which is below `root`.

    Raises UserError, one line, if a link between the two leads out of `root`.
    """
    if not _within(root, path.parent):
        raise UserError(_words(root, path.parent))
    return path


def check(root: Path, *folders: str) -> None:
    """Raise UserError if one of the folders, by path below `root`, leads out of it."""
    for folder in folders:
        if not _within(root, root / folder):
            raise UserError(_words(root, root / folder))


def cut(root: Path, folder: Path) -> None:
    """Remove every link at and below `folder`, a folder of `root` that a program owns.

    Only the links are removed, never their targets.
    """
    inside(root, folder)
    if folder.is_symlink():
        folder.unlink()
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            found = Path(place, name)
            if found.is_symlink():
                found.unlink()


def _within(root: Path, folder: Path) -> bool:
    return folder.resolve().is_relative_to(root.resolve())


def _words(root: Path, folder: Path) -> str:
    chain = (one for one in (*reversed(folder.parents), folder) if one.is_symlink())
    link = next((one for one in chain if not _within(root, one) and root in one.parents), folder)
    return f"{link}: this symbolic link leads out of {root}; remove it"

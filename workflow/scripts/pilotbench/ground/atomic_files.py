"""Files are written completely or not at all: a draft in the same folder is renamed at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OLD_S = 3600.0
"""A draft is written in seconds; its process may be on another machine."""
_LONGEST = 200
"""Bytes of a file's name that the name of its draft begins with."""


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """Yield the path of a draft; it becomes `path` at the end, and is removed if that fails.

    An OSError without a file name, such as that of a full disk, names `path`.
    """
    start = os.fsdecode(os.fsencode(path.name)[:_LONGEST])
    draft = path.with_name(f".{start}.{os.getpid()}.tmp")
    try:
        yield draft
        draft.rename(path)
    except BaseException as error:  # Ctrl-C too: no draft is left behind
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(draft)):
            error.filename = str(path)
        raise


def discard_old(folder: Path) -> None:
    """Remove the drafts below `folder` that killed processes left: those older than an hour."""
    before = time.time() - OLD_S
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.startswith(".") and name.endswith(".tmp"):
                draft = Path(parent, name)
                with suppress(OSError):
                    if draft.lstat().st_mtime < before:
                        draft.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, completely or not at all."""
    with drafted(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes, *, sync: bool = False) -> None:
    """Write a file, completely or not at all; with `sync` it is on disk when this returns."""
    with drafted(path) as draft, draft.open("wb") as file:
        file.write(content)
        file.flush()
        if sync:
            os.fsync(file.fileno())

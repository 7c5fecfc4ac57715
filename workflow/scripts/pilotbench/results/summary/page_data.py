"""Data files of a page: scripts that hand gzip bytes in base64 to it.

A page from disk may load scripts and nothing else. A file whose content would be the same is not
written again.
"""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

from pilotbench.ground import atomic_files

LIVE = "live_data.js"
"""What `status --watch --page` says of a run in progress (see `build.live_page`)."""
LEVEL = 3
"""Of gzip: 6 takes three times as long for files that are a tenth smaller."""


def packed(name: str, content: Any, stamp: str = "") -> str:
    """Return the script of a data file; `stamp` says what it was made from."""
    raw = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    small = gzip.compress(raw.encode("utf-8", "replace"), compresslevel=LEVEL, mtime=0)
    text = base64.b64encode(small).decode("ascii")
    return f'// {stamp}\nwindow.pilotbenchData("{name}","{text}");\n'


def stamp_of(file: Path) -> str:
    """Return the stamp of a data file, "" without one."""
    try:
        with file.open(encoding="ascii") as lines:
            return lines.readline(200).removeprefix("// ").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def write(file: Path, content: str) -> int:
    """Write a file unless it has that content already; return how many files were written."""
    try:
        if file.read_text(encoding="utf-8") == content:
            return 0
    except (OSError, UnicodeDecodeError):
        pass
    file.parent.mkdir(parents=True, exist_ok=True)
    atomic_files.write_text(file, content)
    return 1

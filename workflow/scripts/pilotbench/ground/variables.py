"""Environment variables, and those of a `.env` file, which is read and never written.

The environment takes precedence over the file.
"""

from __future__ import annotations

import codecs
import os
from functools import lru_cache
from io import StringIO
from pathlib import Path

from pilotbench.ground.errors import ConfigError

ENV_FILE = Path(".env")


def environment(file: Path = ENV_FILE) -> dict[str, str]:
    """Return the environment, and the variables of the `.env` file that it does not set.

    An empty variable of the environment does not hide one of the file. Raises ConfigError for an
    unreadable file.
    """
    found: dict[str, str | None] = {}
    if file.is_file():
        from dotenv import dotenv_values

        found = dotenv_values(stream=StringIO(_decoded(file)), interpolate=False)
    read = {name: value for name, value in found.items() if value is not None}
    shown = ((n, value) for n, value in os.environ.items() if value.strip() or n not in read)
    return read | dict(shown)


def variable(name: str) -> str:
    """Return the value of one variable, from the environment or the `.env` file; often asked."""
    if value := os.environ.get(name, "").strip():
        return value
    changed = ENV_FILE.stat().st_mtime_ns if ENV_FILE.is_file() else None
    return _in_file(ENV_FILE.absolute(), changed).get(name, "").strip()


@lru_cache(maxsize=1)
def _in_file(file: Path, changed: int | None) -> dict[str, str]:
    """Return the environment with a file that was `changed` at a time in ns, None if missing."""
    return {} if changed is None else environment(file)


def _decoded(file: Path) -> str:
    """Return the text of a `.env` file; it may be UTF-16 or begin with a byte order mark."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{file}: line {line} is not UTF-8; save the file as UTF-8") from None
    if "\0" in text:
        raise ConfigError(f"{file}: holds zero bytes; save the file as UTF-8")
    return text

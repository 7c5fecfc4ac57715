"""Where a result comes from: commit, host, versions."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("openai", "xllamacpp", "jsonschema", "jinja2")
HERE = Path(__file__).resolve().parent


@cache
def commit() -> tuple[str | None, bool | None]:
    """Return (git commit, has uncommitted changes) of the workflow; (None, None) outside git."""
    head = _git("rev-parse", "HEAD")
    return head, bool(_git("status", "--porcelain", "--untracked-files=no")) if head else None


@cache
def host() -> str:
    """Return the name of this machine."""
    return platform.node()


@cache
def libraries() -> dict[str, str]:
    """Return the versions of Python and of the libraries that can change a result."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def stamp() -> dict[str, Any]:
    """Return commit, dirty and host, the part that a journal line also carries."""
    head, dirty = commit()
    return {"commit": head, "dirty": dirty, "host": host()}


def _git(*words: str) -> str | None:
    done = subprocess.run(
        ["git", "-C", str(HERE), *words], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None

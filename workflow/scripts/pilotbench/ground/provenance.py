"""The origin of a result: commit, host, versions."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pilotbench.ground import shipped

LIBRARIES = ("pilotbench", "openai", "xllamacpp", "jsonschema", "jinja2")
HERE = Path(__file__).resolve().parent
PATIENCE_S = 10.0
"""How long git may take before the run continues without it."""


@cache
def commit() -> tuple[str | None, bool | None]:
    """Return (git commit, has uncommitted changes) of the workflow.

    Each is None if git does not report it: outside a repository, without git, or if it hangs; and
    for an installed package, which a repository around its environment says nothing about.
    """
    if not shipped.IN_CHECKOUT:
        return None, None
    head = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no") if head else None
    return head, None if changes is None else bool(changes)


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
    """Return the output of git, None if it fails for any reason. Never raises."""
    command = ["git", "-C", str(HERE), *words]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()

"""A peer's environment: its registry's ordinary client, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dev.bench.peers.peer import Peer

PATIENT_S = 1800


class NotInstalled(Exception):
    """A peer that this machine cannot have; its message is one line."""


def home() -> Path:
    """Return where the environments lie."""
    chosen = os.environ.get("PILOTBENCH_PEERS")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(chosen) if chosen else Path(cache, "pilot-bench", "peers")


def installed(peer: Peer) -> Path:
    """Return the peer's environment, made when it is not there. Raises NotInstalled."""
    folder = home() / peer.folder
    ready = folder / ".ready"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for words in commands(peer, folder):
            _run(words)
        ready.touch()
    return folder


def commands(peer: Peer, folder: Path) -> list[list[str]]:
    """Return what makes the environment in `folder`."""
    if peer.registry == "npm":
        return [["npm", "install", "--no-fund", "--no-audit", "--prefix", str(folder), *peer.all]]
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return [[sys.executable, "-m", "venv", str(folder)], [*pip, *peer.all]]


def _run(words: Sequence[str]) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENT_S, check=False)
    except FileNotFoundError:
        raise NotInstalled(f"{words[0]} is not there") from None
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{' '.join(words)}: not done after {PATIENT_S} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise NotInstalled(f"{' '.join(words)}: {said[-1]}")

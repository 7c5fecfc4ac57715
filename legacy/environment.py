"""The environment that a script needs: created by the first call."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NO_MAKE = (
    "make is not installed: install it (apt-get install make), or create the environment manually: "
    "python3 -m venv .venv && "
    ".venv/bin/pip install --constraint envs/constraints.txt --editable '.[dev]'"
)


def is_ready() -> bool:
    """Return whether this Python belongs to an environment with everything that a run needs."""
    own = sys.prefix != sys.base_prefix or "CONDA_PREFIX" in os.environ
    return own and all(importlib.util.find_spec(name) for name in ("snakemake", "duckdb", "openai"))


def enter_environment(script: str, words: list[str]) -> None:
    """Create `.venv` and become its Python, unless an environment is active."""
    if is_ready() or Path(sys.prefix) == ROOT / ".venv":
        return
    try:
        made = subprocess.run(["make", "--silent", "setup"], stdout=sys.stderr, check=False)
    except FileNotFoundError:
        print(f"error: {NO_MAKE}", file=sys.stderr)
        sys.exit(2)
    if made.returncode:
        sys.exit(made.returncode)
    python = str(ROOT / ".venv/bin/python")
    os.execv(python, [python, str(Path(__file__).parent), script, *words])

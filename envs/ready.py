"""Check that the environment may be created: the right Python, and no run that uses the old one."""

import fcntl
import os
import sys
from pathlib import Path

RUNS = ".snakemake/pilotbench.runs"


def main() -> str | int:
    """Return 0, or one line that explains the obstacle."""
    if not (3, 11) <= sys.version_info < (3, 14):
        return "pilot-bench needs Python 3.11, 3.12 or 3.13; choose one: make PYTHON=python3.11"
    if not Path(RUNS).exists():
        return 0
    file = os.open(RUNS, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return (
            "a run in this folder uses .venv, which must be recreated: wait until the run ends, or "
            "check it with: .venv/bin/python -m pilotbench status"
        )
    return 0


sys.exit(main())

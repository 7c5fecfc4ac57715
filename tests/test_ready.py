"""`make` does not take the environment away from a run that uses it."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

from support.build import ROOT


def ready(folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(ROOT / "envs/ready.py")]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def test_the_environment_is_not_recreated_during_a_run(tmp_path: Path) -> None:
    assert ready(tmp_path).returncode == 0
    lock = tmp_path / ".snakemake/pilotbench.runs"
    lock.parent.mkdir()
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        refused = ready(tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.startswith("a run in this folder uses .venv")
    assert ready(tmp_path).returncode == 0


def test_the_environment_is_created_after_this_check() -> None:
    recipe = (ROOT / "Makefile").read_text().partition(".venv/.ready: ")[2]
    assert recipe.index("envs/ready.py") < recipe.index("envs/install.py environment")

"""One finished run of the reference players, made once for all processes that run tests."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import pytest

from support.build import PLAYERS, Build

OUTPUT = "output.txt"


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A checkout after a whole run of `PLAYERS`; output.txt has what it printed. Only read it."""
    session = tmp_path_factory.getbasetemp()
    if session.name.startswith("popen-"):  # beside others: their common folder
        session = session.parent
    folder = session / "finished"
    with (session / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / OUTPUT).exists():
            shutil.rmtree(folder, ignore_errors=True)
            run = Build(folder).snakemake()
            assert run.returncode == 0, run.stdout
            (folder / OUTPUT).write_text(run.stdout)
    return Build.at(folder)


@pytest.fixture
def build(finished: Build, tmp_path: Path) -> Build:
    """A copy of the finished run, to change and to run again."""
    shutil.copytree(finished.folder, tmp_path / "copy", ignore=shutil.ignore_patterns("limits"))
    copy = Build.at(tmp_path / "copy")
    copy.configure(PLAYERS)
    return copy

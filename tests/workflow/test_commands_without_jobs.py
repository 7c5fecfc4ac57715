"""Commands that run no job start no process, keep the lock and import nothing heavy."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pilotbench.build import run_lock
from support.build import Build

COMMANDS = (
    ["--lint"],
    ["--list-rules"],
    ["--list-rules", "--snakefile", "workflow/Snakefile"],
    ["--summary"],
    ["-n", "-q"],
    ["--unlock"],
)
HEAVY = {"altair", "duckdb", "openai", "pandas", "scipy", "statsmodels", "xllamacpp"}
WATCHER = """
import atexit, json, os, sys
STARTS = ("subprocess.Popen", "os.fork", "os.posix_spawn", "os.system", "pty.spawn")
started = []
sys.addaudithook(lambda event, args: started.append(repr(args)) if event in STARTS else None)
def write():
    found = {"started": started, "modules": sorted(sys.modules)}
    open(os.environ["WATCHED"], "w").write(json.dumps(found))
atexit.register(write)
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    build = Build(tmp_path_factory.mktemp("build"))
    (build.folder / "watcher").mkdir()
    (build.folder / "watcher/sitecustomize.py").write_text(WATCHER)
    return build


def locked_by_a_dead_run(build: Build) -> list[Path]:
    """Write the lock of a run on this machine whose process has ended; return its files."""
    folder = build.folder / ".snakemake"
    (folder / "locks").mkdir(parents=True, exist_ok=True)
    owner = {"machine": run_lock.machine(), "pid": 2**22 + 1, "since": 0.0, "folders": []}
    (folder / "pilotbench.runs").write_text(json.dumps(owner))
    locks = [folder / "locks" / f"0.{kind}.lock" for kind in ("input", "output")]
    for lock in locks:
        lock.write_text("results/master.duckdb\n")
    return locks


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_that_runs_no_job_changes_and_loads_nothing(
    build: Build, words: list[str]
) -> None:
    locks = locked_by_a_dead_run(build)
    watched = build.folder / "watched.json"
    library = os.pathsep.join(str(build.folder / name) for name in ("watcher", "workflow/scripts"))
    done = build.snakemake(*words, PYTHONPATH=library, WATCHED=str(watched))
    assert "Traceback" not in done.stdout
    assert done.returncode == 0, done.stdout
    found = json.loads(watched.read_text())
    assert [call for call in found["started"] if "'uname'" not in call] == []  # Snakemake's own
    assert not HEAVY & set(found["modules"])
    assert [lock.exists() for lock in locks] == [words != ["--unlock"]] * 2


def test_a_dry_run_in_a_folder_locked_by_a_dead_run_says_who_clears_the_lock(build: Build) -> None:
    locked_by_a_dead_run(build)
    done = build.snakemake("-n")
    assert done.returncode == 0
    [line] = [line for line in done.stdout.splitlines() if "lock" in line]
    assert line == "note: the run that locked this folder is dead; the next run clears its lock"

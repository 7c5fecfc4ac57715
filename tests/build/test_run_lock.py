"""Stale locks are cleared, live and unknown ones are not."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from pilotbench.build import run_lock

RUN = """
import sys
import tempfile
from pathlib import Path
from pilotbench.build import run_lock
run_lock.enter(Path(sys.argv[1]))
run_lock.sign()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "locks").mkdir()
    return tmp_path


@pytest.fixture
def owner(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a lock as a run does."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for kind in ("input", "output"):
            (folder / "locks" / f"0.{kind}.lock").write_text("results/x\n")
        yield process
        process.kill()


def locks(folder: Path) -> int:
    return len(list((folder / "locks").iterdir()))


def test_without_a_lock_there_is_nothing_to_clear(folder: Path) -> None:
    assert run_lock.unlock(folder).state == "none"


@pytest.mark.parametrize("force", [False, True])
def test_a_lock_whose_owner_is_alive_is_never_cleared(
    folder: Path, owner: subprocess.Popen[str], force: bool
) -> None:
    found = run_lock.unlock(folder, force)
    assert (found.state, locks(folder)) == ("alive", 2)
    assert str(owner.pid) in found.says


def test_the_lock_of_a_killed_run_is_explained_and_cleared(
    folder: Path, owner: subprocess.Popen[str]
) -> None:
    owner.kill()
    owner.wait()
    found = run_lock.unlock(folder)
    assert (found.state, locks(folder)) == ("stale", 0)
    assert f"pid {owner.pid}" in found.says


def test_the_next_run_clears_it_automatically(folder: Path, owner: subprocess.Popen[str]) -> None:
    owner.kill()
    owner.wait()
    said = subprocess.run(
        [sys.executable, "-c", f"from pathlib import Path\nfrom pilotbench.build import run_lock\n"
         f"print(run_lock.enter(Path({str(folder)!r})))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"pid {owner.pid}" in said.stdout
    assert locks(folder) == 0


OTHERS = json.dumps({"machine": "other 1", "pid": 1, "since": 0})


@pytest.mark.parametrize("signature", ["", "{", OTHERS])
def test_a_lock_of_an_unknown_owner_is_cleared_only_by_force(folder: Path, signature: str) -> None:
    (folder / "pilotbench.runs").write_text(signature)
    (folder / "locks" / "0.output.lock").write_text("results/x\n")
    found = run_lock.unlock(folder)
    assert (found.state, locks(folder)) == ("unknown", 1)
    assert "--force" in found.says
    assert (run_lock.unlock(folder, force=True).state, locks(folder)) == ("stale", 0)


def test_a_command_that_runs_no_job_does_not_sign(folder: Path) -> None:
    run_lock.unlock(folder)
    assert (folder / "pilotbench.runs").read_text() == ""


def test_a_run_in_progress_is_reported_only_to_others(
    folder: Path, owner: subprocess.Popen[str]
) -> None:
    told = run_lock.in_progress(folder)
    assert told is not None
    assert f"pid {owner.pid}" in told
    assert "python -m pilotbench status" in told
    owner.kill()
    owner.wait()
    assert run_lock.in_progress(folder) is None


def test_a_run_on_another_machine_may_be_in_progress(folder: Path) -> None:
    assert run_lock.in_progress(folder) is None
    (folder / "locks" / "0.output.lock").write_text("results/x\n")
    (folder / "pilotbench.runs").write_text(OTHERS)
    assert "locked by a run on other" in str(run_lock.in_progress(folder))


def test_only_temporary_folders_of_the_last_run_are_removed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, cache = tmp_path / "temporary", tmp_path / "cache/snakemake-runtime-cache"
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    left = [temporary / "pilotbench-1", temporary / "snakemake2", cache / "tmp3"]
    kept = [temporary / "mine", tmp_path / "pilotbench-4", cache / "other", temporary]
    for path in (*left, *kept):
        path.mkdir(parents=True, exist_ok=True)
    link = temporary / "pilotbench-link"
    link.symlink_to(tmp_path / "pilotbench-4")
    signed = run_lock.Owner(
        run_lock.machine(), 1, 0.0, [str(path) for path in (*left, *kept, link)]
    )
    (folder / "pilotbench.runs").write_text(json.dumps(asdict(signed)))
    run_lock.enter(folder)
    assert [path for path in left if path.exists()] == []
    assert all(path.is_dir() for path in (*kept, link))

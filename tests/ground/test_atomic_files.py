"""Files are there whole or not at all, and a full disk is one line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pilotbench.build.job import logged
from pilotbench.episodes.shard_file import write_whole
from pilotbench.ground import atomic_files
from pilotbench.ground.errors import of_system

FULL = """
import resource, sys
from pathlib import Path
from pilotbench.ground import atomic_files as drafts
from pilotbench.episodes.shard_file import write_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
path = Path(sys.argv[1])
for write in (
    lambda: drafts.write_text(path, "x" * 2000),
    lambda: drafts.write_bytes(path, bytes(200_000)),
    lambda: write_whole(path, bytes(2000)),
):
    try:
        write()
    except OSError as error:
        print(error.filename, error.strerror)
"""


def test_a_full_disk_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("old")
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(file)], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == [f"{file} File too large"] * 3
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_what_is_raised_inside_a_draft_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with atomic_files.drafted(tmp_path / "a") as draft:
            draft.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["n" * 255, "密" * 85, "a.b"])
def test_every_name_that_a_file_may_have_has_a_draft(tmp_path: Path, name: str) -> None:
    atomic_files.write_text(tmp_path / name, "whole")
    write_whole(tmp_path / name, b"whole again")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["whole again"]


def test_the_drafts_of_a_killed_process_are_removed_after_an_hour(tmp_path: Path) -> None:
    for name, age in ((".a.csv.17.tmp", 7200), (".b.csv.17.tmp", 60), ("c.csv", 7200)):
        file = tmp_path / "deep" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("half")
        os.utime(file, (time.time() - age,) * 2)
    atomic_files.discard_old(tmp_path)
    assert sorted(file.name for file in (tmp_path / "deep").iterdir()) == [".b.csv.17.tmp", "c.csv"]


def test_a_link_is_replaced_and_what_it_points_to_stays(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.write_text("kept")
    inside.symlink_to(outside)
    atomic_files.write_text(inside, "new")
    assert (outside.read_text(), inside.read_text()) == ("kept", "new")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(28, "No space left on device", "results/x"), "results/x: No space left on device"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("odd"), "odd"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_job_ends_with_one_line_on_an_error_of_the_system(
    tmp_path: Path, error: OSError, line: str
) -> None:
    assert of_system(error) == line
    with pytest.raises(SystemExit) as ended, logged(tmp_path / "job.log"):
        raise error
    assert ended.value.code == f"error: {line}"


def test_a_log_that_cannot_be_written_is_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with logged(Path("/proc/none/job.log")):
        pass
    assert "Traceback" not in capsys.readouterr().err

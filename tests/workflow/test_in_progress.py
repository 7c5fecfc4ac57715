"""Commands report a run in progress; the next run removes what a killed run leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Simulator
from support.runs import KEYS, Run, wait_until

MEANWHILE = "to look at it meanwhile: python -m pilotbench status"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(keys={key: {} for key in KEYS}) as simulator:
        simulator.hold()
        yield simulator


def wait_for_requests(simulator: Simulator) -> None:
    wait_until(lambda: simulator.stats()["total"]["in_flight"] >= 10)


def test_a_command_says_that_a_run_is_in_progress_and_how_to_look(
    tmp_path: Path, simulator: Simulator
) -> None:
    run = Run(tmp_path, simulator, questions=10)
    with run.running() as going:
        wait_for_requests(simulator)
        build = [
            ["--report", "report.zip"],
            ["summary", "--config", "partial=true"],
            ["all"],
            ["-n"],
        ]
        told = {" ".join(words): run.snakemake(*words) for words in build}
        told |= {
            " ".join(words): run.python("-m", "pilotbench", *words)
            for words in (["prune"], ["prune", "--remove", "all"])
        }
        looked = run.pilotbench("status")
    for words, done in told.items():
        assert done.returncode == {"-n": 0}.get(words, 1 if "prune" not in words else 2), words
        assert "in progress" in done.stdout, (words, done.stdout)
        [line] = [line for line in done.stdout.splitlines() if "in progress" in line]
        kind = "note" if words == "-n" else "error"
        assert f"{kind}: a run is in progress in this folder (pid {going.process.pid}, " in line
        assert MEANWHILE in line
        for word in ("cannot be locked", "Missing metadata", "LockException", "--unlock"):
            assert word not in done.stdout, words
    assert looked.returncode == 0, looked.stdout
    assert "0/10" in looked.stdout


def test_the_next_run_removes_what_a_killed_one_has_left(
    tmp_path: Path, simulator: Simulator
) -> None:
    run = Run(tmp_path, simulator, questions=10)
    temporary = tmp_path / "t"  # short: it contains the socket of the job server
    temporary.mkdir()
    with run.running(*run.targets(), TMPDIR=str(temporary)) as going:
        wait_for_requests(simulator)
        going.kill_all()
    (temporary / "pilotbench-another").mkdir()  # of a run in another folder
    assert len(list(temporary.iterdir())) == 3
    assert list((tmp_path / ".snakemake/scripts").iterdir())
    simulator.release()
    done = run.snakemake(*run.targets(), TMPDIR=str(temporary))
    assert done.returncode == 0, done.stdout
    assert [path.name for path in temporary.iterdir()] == ["pilotbench-another"]
    assert not list((tmp_path / ".snakemake/scripts").iterdir())

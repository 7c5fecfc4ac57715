import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest

from pilotbench.build.job import Halt
from pilotbench.ground import job_context, notices
from pilotbench.ground.clock import CLOCK
from pilotbench.ground.errors import Stopping
from pilotbench.ground.job_context import Orders


@pytest.mark.parametrize(
    "value", [Orders(), Orders({"k1": 5}, may_ask=False), Orders({"k1": 5, "k2": 1})]
)
def test_what_is_told_comes_back(value: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(job_context.VARIABLE, "{}")
    job_context.tell(value)
    assert job_context.told() == value


def test_a_job_that_was_told_nothing_knows_no_slots_and_may_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(job_context.VARIABLE, raising=False)
    assert job_context.told() == Orders()


def test_a_job_whose_run_ended_while_it_was_starting_stops() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    while Path(f"/proc/{gone.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    with pytest.raises(Stopping):  # it has ended and nobody has waited for it
        Orders(run=gone.pid).parent()
    gone.wait()
    with pytest.raises(Stopping, match="the run that started this shard is gone"):
        Orders(run=gone.pid).parent()
    assert Orders(run=os.getpid()).parent() == os.getppid()
    assert Orders().parent() == os.getppid()


def test_two_runs_of_a_folder_have_marks_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = []
    for slots in (3, 4):  # the second finds the folder locked only after it has told its jobs
        monkeypatch.setenv(job_context.VARIABLE, "{}")
        job_context.begin({"k": slots}, notices.of_run(tmp_path), shared=True)
        told.append(job_context.told())
    first, second = (Path(one.asking or "") for one in told)
    assert first.is_file()
    assert second.is_file()
    assert told[0].notices != told[1].notices
    Halt(Event(), second).halt()
    assert not Halt(Event(), first).is_set()
    assert [one.since() <= CLOCK.now() for one in told] == [True, True]


def test_jobs_that_share_no_folder_with_their_run_look_for_no_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(job_context.VARIABLE, "{}")
    job_context.begin({}, notices.of_run(tmp_path), shared=False)
    assert job_context.told().asking is None
    assert not Halt(Event(), None).is_set()

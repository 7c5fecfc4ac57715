import os
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from threading import Event

import pytest

from pilotbench.build.job import Halt
from pilotbench.ground import job_context, notices, shipped
from pilotbench.ground.clock import CLOCK
from pilotbench.ground.errors import Stopping
from pilotbench.ground.job_context import JobContext, RunCommand


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(job_context.VARIABLE, "{}")
    return tmp_path


@pytest.mark.parametrize(
    "context",
    [
        JobContext(),
        JobContext({"k1": 5}, may_ask=False),
        JobContext({"k1": 5, "k2": 1}, command=RunCommand("r.log", [["a.yaml", "0"]], ["a=b"])),
    ],
)
def test_a_job_reads_the_context_that_the_run_has_published(context: JobContext) -> None:
    job_context.publish(context)
    assert job_context.read() == context


def test_an_update_changes_only_the_fields_that_it_names() -> None:
    job_context.publish(JobContext({"k1": 5}))
    job_context.update(proven=True)
    assert job_context.read() == JobContext({"k1": 5}, proven=True)


def test_outside_a_run_no_slots_are_in_force_and_a_job_may_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(job_context.VARIABLE)
    assert job_context.read() == JobContext()


def test_the_command_holds_log_overlays_and_words(folder: Path) -> None:
    overlay = folder / "mine.yaml"
    overlay.write_text("instances: 3\n")
    command = RunCommand.of(["/logs/r.log"], [overlay], ["models=a", "instances=2"])
    digest = sha256(b"instances: 3\n").hexdigest()
    assert command == RunCommand("r.log", [["mine.yaml", digest]], ["models=a", "instances=2"])


def test_where_only_the_package_is_the_command_is_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shipped, "BUILD", "pilotbench run")
    command = RunCommand("r.log", [["my.yaml", ""]], ["a=1"])
    assert command.to_finish() == "pilotbench run --configfile my.yaml --config a=1"


def test_owed_episodes_are_requested_by_the_same_selection_without_partial_and_rescore(
    folder: Path,
) -> None:
    assert RunCommand().to_finish() == "snakemake"
    estimate = RunCommand("r.log", [["my.yaml", ""]], ["a=1"]).line("pilotbench", "estimate")
    assert estimate == "pilotbench estimate --configfile my.yaml --config a=1"
    words = ["instances=2", "partial=true", "models=a, b", "rescore=true"]
    assert (
        RunCommand.of([], [folder / "mine.yaml"], words).to_finish()
        == "snakemake --configfile mine.yaml --config instances=2 'models=a, b'"
    )


def test_a_secret_on_the_command_line_is_masked() -> None:
    words = ["proxy=http://me:pass-4711@host", "note=sk-canary-12345678"]
    assert RunCommand.of([], [], words).config == ["proxy=http://***@host", "note=***"]


def test_a_job_whose_run_ended_while_it_was_starting_stops() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    while Path(f"/proc/{gone.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    with pytest.raises(Stopping):  # it has ended and nobody has waited for it
        JobContext(run=gone.pid).parent()
    gone.wait()
    with pytest.raises(Stopping, match="the run that started this shard is gone"):
        JobContext(run=gone.pid).parent()
    assert JobContext(run=os.getpid()).parent() == os.getppid()
    assert JobContext().parent() == os.getppid()


def test_two_runs_of_a_folder_have_marks_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    for slots in (3, 4):  # the second finds the folder locked only after it has told its jobs
        monkeypatch.setenv(job_context.VARIABLE, "{}")
        job_context.begin({"k": slots}, notices.of_run(tmp_path), shared=True)
        told.append(job_context.read())
    first, second = (Path(one.asking or "") for one in told)
    assert first.is_file()
    assert second.is_file()
    assert told[0].notices != told[1].notices
    Halt(Event(), second).halt()
    assert not Halt(Event(), first).is_set()
    assert [one.since() <= CLOCK.now() for one in told] == [True, True]


def test_jobs_that_share_no_folder_with_their_run_look_for_no_mark(tmp_path: Path) -> None:
    job_context.begin({}, notices.of_run(tmp_path), shared=False)
    assert job_context.read().asking is None
    assert not Halt(Event(), None).is_set()

"""The job of a shard: from what its script receives to a file, or to one line."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pilotbench.build import shard, signals
from pilotbench.episodes.shard_file import read_shard
from pilotbench.ground import job_context
from pilotbench.matrix import config_files
from pilotbench.matrix.cells import shard_of
from pilotbench.matrix.experiment import load_experiment
from support.build import PLAYERS

CELL = "oracle/baseline/simple_task/easy/0.8"
TOKENS = {"players_local": 1}


@contextmanager
def own_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restore the handlers of signals and log afterwards: a job has a process of its own."""
    monkeypatch.setattr(logging, "raiseExceptions", True)
    root, ending = logging.getLogger(), {n: signal.getsignal(n) for n in signals.ENDING}
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    try:
        yield
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)
        for number, handle in ending.items():
            signal.signal(number, handle)


class Job:
    """A job of two questions, in a folder of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.results = folder / "results"
        self.file = self.results / f"shards/{CELL}/00000-00001.jsonl.gz"
        self.log = self.results / f"logs/{CELL}/00000-00001.log"
        own = {"journal_dir": str(folder / "journal"), "limits_dir": str(folder / "limits")}
        self.config: dict[str, Any] = config_files.read() | PLAYERS | own

    def versions(self) -> dict[str, Any]:
        """Return the versions of the cell."""
        return load_experiment(self.config).versions(shard_of(self.file).cell)

    def run(self, **changes: Any) -> None:
        """Run it in this process."""
        given: dict[str, Any] = {
            "local": False,
            "versions": self.versions(),
            "log": str(self.log),
        } | changes
        with own_process(self._monkeypatch):
            shard.main(self.config, str(self.file), tokens=TOKENS, **given)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(tmp_path, monkeypatch)


def context(monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    """Put what a run passes to its jobs into the environment."""
    monkeypatch.setenv(job_context.VARIABLE, json.dumps(values))


@pytest.mark.parametrize("local", [False, True])
def test_a_shard_becomes_a_file_and_a_log(job: Job, local: bool) -> None:
    job.run(local=local)
    header, episodes = read_shard(job.file)
    assert header["asked"] > 0
    assert [episode["success"] for episode in episodes] == [True, True]
    assert job.log.read_text().count("completed index=") == 2


def test_a_run_that_may_not_ask_takes_answers_from_the_journal(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    context(monkeypatch, may_ask=False)
    with pytest.raises(SystemExit, match="2 of 2 episodes owed"):
        job.run()
    assert not job.file.exists()
    context(monkeypatch)
    job.run()
    job.file.unlink()
    context(monkeypatch, may_ask=False)
    job.run()
    assert read_shard(job.file)[0]["asked"] == 0


def test_a_run_that_has_ended_asks_nothing(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    context(monkeypatch, run=2**22 + 1)
    with pytest.raises(SystemExit, match="the run that started this shard is gone"):
        job.run(local=True)
    assert not job.file.exists()


def test_a_run_that_was_stopped_asks_nothing(
    job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context(monkeypatch, asking=str(tmp_path / "removed"))
    with pytest.raises(SystemExit):
        job.run()
    assert not job.file.exists()
    assert not list((tmp_path / "journal").rglob("*.jsonl"))


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("prompt", "baseline.md"),
        ("request", "model_catalog.oracle"),
        ("task", "task simple_task"),
    ],
)
def test_a_text_that_differs_from_the_run_s_stops_the_job(job: Job, kind: str, named: str) -> None:
    with pytest.raises(SystemExit, match=f"{named}: changed since this run began"):
        job.run(versions=job.versions() | {kind: "another"})
    assert not job.file.exists()


def test_a_log_outside_of_the_results_is_not_written(job: Job, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    job.results.mkdir()
    (job.results / "logs").symlink_to(outside)
    with pytest.raises(SystemExit, match="error: "):
        job.run()
    assert not list(outside.iterdir())

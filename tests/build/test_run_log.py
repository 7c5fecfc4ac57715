"""The log of a run: its progress when it changes, its notices and its end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pilotbench.build import run_log
from pilotbench.build.run_log import RunLog
from support.runs import wait_until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_S", "PAUSE_S"):
        monkeypatch.setattr(run_log, name, 0.01)


def lines(log: RunLog) -> list[str]:
    """Return the lines without their times."""
    found = log.path.read_text().splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d  ", line) for line in found)
    return [line[10:] for line in found]


def test_progress_is_written_when_it_changes(tmp_path: Path) -> None:
    said = ["0 %"]
    log = RunLog(tmp_path, lambda: said[0], "3 files to ask for")
    wait_until(lambda: lines(log)[-1] == "0 %")
    said[0] = "50 %"
    wait_until(lambda: lines(log)[-1] == "50 %")
    log.write("k1: paused")
    said[0] = "100 %"
    wait_until(lambda: lines(log)[-1] == "100 %")
    log.end("finished")
    log.end("twice")
    assert lines(log) == [
        "3 files to ask for", "0 %", "50 %", "k1: paused", "100 %", "finished",
    ]  # fmt: skip
    assert re.fullmatch(r"batch_test_\d{8}_\d{6}_\d+\.log", log.path.name)
    assert log.path.parent == tmp_path / "logs"


def test_a_short_run_has_its_last_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_log, "FIRST_S", 60)
    log = RunLog(tmp_path, lambda: "100 %", "1 file to ask for")
    log.end("finished")
    assert lines(log) == ["1 file to ask for", "100 %", "finished"]


def test_a_slow_look_does_not_delay_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log, "QUICK_S", 0.0)
    log = RunLog(tmp_path, lambda: "50 %", "many files to ask for")
    log.end("finished")
    assert lines(log)[-1] == "finished"
    assert lines(log).count("50 %") <= 1


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    log = RunLog(tmp_path, lambda: "0 %", "1 file to ask for")
    log.end("finished")
    assert not log.path.exists()


def test_a_log_is_not_written_through_a_link_out_of_the_results(tmp_path: Path) -> None:
    results, outside = tmp_path / "results", tmp_path / "outside"
    results.mkdir()
    outside.mkdir()
    (results / "logs").symlink_to(outside)
    RunLog(results, lambda: "0 %", "1 file to ask for").end("finished")
    assert list(outside.iterdir()) == []


def test_a_look_that_fails_is_a_line(tmp_path: Path) -> None:
    def fail() -> str:
        raise ValueError("no such file")

    log = RunLog(tmp_path, fail, "1 file to ask for")
    log.end("finished")
    assert lines(log)[1] == "(no progress to show: no such file)"

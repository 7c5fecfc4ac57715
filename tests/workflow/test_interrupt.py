"""Ctrl-C on a terminal: few lines, nothing lost; a second one stops at once."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import Simulator
from support.runs import KEYS, Run, wait_until

CTRL_C = b"\x03"
ON_TERMINAL = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Terminal:
    """A run on a terminal of its own; `text` is all that it has shown."""

    def __init__(self, run: Run) -> None:
        self._ours, theirs = pty.openpty()
        words = ["-c", ON_TERMINAL, "-m", "snakemake", "--configfile", "overlay.yaml"]
        self.process = subprocess.Popen(
            [sys.executable, *words],
            cwd=run.folder,
            env={**run.environment(), "TERM": "xterm", "COLUMNS": "120"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self._chunks: list[bytes] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                self._chunks.append(os.read(self._ours, 65536))
            except OSError:  # the other side is closed: the run has ended
                return

    @property
    def text(self) -> str:
        return b"".join(self._chunks).decode()

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def end(self) -> int:
        """Wait for the end of the run and return its exit code."""
        code = self.process.wait(600)
        self._reader.join(600)
        os.close(self._ours)
        return code


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(keys={key: {} for key in KEYS}) as simulator:
        yield simulator


@contextmanager
def interrupted(run: Run, simulator: Simulator) -> Iterator[tuple[Terminal, int]]:
    """Yield a run with 15 requests in flight after one Ctrl-C, and where its words begin."""
    simulator.hold()
    terminal = Terminal(run)
    try:
        wait_until(lambda: simulator.stats()["total"]["in_flight"] == 15)
        begin = len(terminal.text)
        terminal.press(CTRL_C)
        wait_until(lambda: "interrupted" in terminal.text)
        yield terminal, begin
    finally:
        terminal.process.kill()


def lines(text: str) -> list[str]:
    return [line for line in ESCAPES.sub("", text).splitlines() if line.strip()]


def test_one_ctrl_c_reports_what_it_waits_for_and_loses_nothing(
    tmp_path: Path, simulator: Simulator
) -> None:
    run = Run(tmp_path, simulator, questions=60)
    with interrupted(run, simulator) as (terminal, begin):
        simulator.release()
        assert terminal.end() == 1
    shown = terminal.text[begin:]
    told = lines(shown[shown.index("interrupted") :])
    assert told == [
        "interrupted: waiting for 15 answers in flight; Ctrl-C again stops at once",
        "stopped: every answer received is kept; to continue, run the same command again",
    ]
    asked = simulator.stats()["total"]
    assert (asked["answered"], asked["abandoned"]) == (len(run.journal()), 0)
    assert (tmp_path / "results/summary/index.html").is_file()  # with all that is finished
    run.again(*run.targets())
    assert simulator.stats()["total"]["answered"] == 60


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path, simulator: Simulator) -> None:
    run = Run(tmp_path, simulator, questions=60)
    with interrupted(run, simulator) as (terminal, begin):
        terminal.press(CTRL_C)
        assert terminal.end() == 1  # although no answer ever comes
        assert simulator.stats()["total"]["answered"] == 0
    shown = terminal.text[begin:]
    assert len(lines(shown[shown.index("interrupted") :])) <= 5
    simulator.release()
    done = run.snakemake(*run.targets())
    assert done.returncode == 0, done.stdout
    assert [record["success"] for record in run.records()] == [True] * 60

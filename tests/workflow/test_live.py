"""The live table appears only on a terminal and disappears when the run ends."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from support import Simulator
from support.build import Build
from support.runs import KEYS, Run

TINY = {"models": ["oracle"], "prompts": ["baseline"], "tasks": ["simple_task"], "instances": 2}


def test_a_terminal_shows_models_and_keys(tmp_path: Path) -> None:
    build = Build(tmp_path)
    build.configure(TINY)
    output = on_terminal(build)
    assert " of 2 episodes, " in output
    assert "rule evaluate:" not in output
    assert "jobs: 1 evaluate, " in output
    for header in ("Provided resources", "Snakemake version", "Building DAG", "Job stats"):
        assert header not in output
    assert "summary: results/summary/index.html" in output


def test_a_pipe_shows_plain_lines(finished: Build) -> None:
    output = (finished.folder / "output.txt").read_text()
    assert " of 16 episodes, " not in output
    assert "Provided resources: " in output
    assert "rule evaluate:" in output
    assert "summary: results/summary/index.html" in output


def test_a_notice_of_a_job_stays_above_the_live_table(tmp_path: Path) -> None:
    with Simulator() as simulator:
        nowhere = {"base_url": "http://127.0.0.1:9/v1", "retry_for_s": 2}
        run = Run(tmp_path, simulator, keys=KEYS[:1], provider=nowhere)
    output = on_terminal(run, succeeds=False)
    assert " episodes, 0 answers" in output
    lines = [line for line in output.splitlines() if "connection refused, retrying for" in line]
    assert len(lines) == 1
    assert lines[0].split("\x1b[2K")[-1].startswith("sim_key1: connection refused")
    [log] = (tmp_path / "results/logs").glob("batch_test_*.log")
    told = [line[10:] for line in log.read_text().splitlines()]
    assert told[0].startswith("3 files to ask for: snakemake --configfile overlay.yaml")
    assert lines[0].split("\x1b[2K")[-1].strip() in told
    assert "; retrying: sim_key1 (connection refused for " in told[-2]
    assert told[-1] == "ended with unfinished jobs"


def on_terminal(build: Build, succeeds: bool = True) -> str:
    """Return all that a run writes to a terminal of its own."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "snakemake", "--configfile", "overlay.yaml"]
    env = {**build.environment(), "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(
        words, cwd=build.folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as run:
        os.close(theirs)
        chunks = []
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the terminal's other side is closed: the run has ended
                break
            chunks.append(chunk)
    os.close(ours)
    output = b"".join(chunks).decode()
    assert (run.returncode == 0) is succeeds, output
    return output

"""A command ends with its children, whatever ends it or the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pilotbench.episodes.external.process import MOST_LINES, Process, Started
from pilotbench.ground.errors import CommandFailed, Stopping
from support.runs import wait_until

LEAVES = (
    "import subprocess, sys, time; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    "print('up', flush=True)"
)
CHILD = f"{LEAVES}; time.sleep(60)"


def started(folder: Path, *words: str, timeout_s: float | None = None) -> Started:
    return Started(words, folder, dict(os.environ), timeout_s)


def python(folder: Path, code: str, timeout_s: float | None = None) -> Started:
    return started(folder, sys.executable, "-c", code, timeout_s=timeout_s)


def below(folder: Path) -> list[int]:
    """Return the processes whose working directory is a folder."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            if (one / "cwd").readlink() == folder and (one / "cmdline").read_bytes():
                found.append(int(one.name))
        except OSError:
            continue
    return found


def ran(what: Started) -> tuple[list[str], Process]:
    lines: list[str] = []
    with Process(what, lines.append) as process:
        process.watch(lambda seconds: None)
    return lines, process


def test_of_endless_output_the_first_lines_are_heard_and_the_last_are_in_the_error(
    tmp_path: Path,
) -> None:
    lines: list[str] = []
    what = python(tmp_path, "for n in range(30_000): print('line', n)\nraise SystemExit(3)")
    with (
        pytest.raises(CommandFailed, match=r"exit code 3: .*line 29999"),
        Process(what, lines.append) as process,
    ):
        process.watch(lambda seconds: None)
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "… what follows the first 10,000 lines is left out"
    assert process.said == 30_000


def test_the_output_is_heard_line_by_line(tmp_path: Path) -> None:
    code = r"print('one\r10 %\r20 %'); import sys; print('tw\x1b[1mo', file=sys.stderr)"
    lines, process = ran(python(tmp_path, code))
    assert sorted(lines) == ["20 %", "tw␛[1mo"]
    assert process.said == 2


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys; print('---'); print('no data'); sys.exit(3)", "exit code 3: no data$"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "exit code 137$"),
    ],
)
def test_a_command_that_fails_says_its_last_words(tmp_path: Path, code: str, words: str) -> None:
    with pytest.raises(CommandFailed, match=words):
        ran(python(tmp_path, code))


def test_a_program_that_cannot_be_started_fails(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"exit code 127: /none/x: No such file"):
        ran(started(tmp_path, "/none/x"))


def test_a_command_that_takes_too_long_ends_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"longer than timeout_s: 0\.5"):
        ran(python(tmp_path, CHILD, timeout_s=0.5))
    assert below(tmp_path) == []


def test_what_the_check_raises_ends_the_command(tmp_path: Path) -> None:
    def check(seconds: float) -> None:
        if len(below(tmp_path)) == 3:  # the guard, the command and its child
            raise Stopping("enough")

    with (
        pytest.raises(Stopping, match="enough"),
        Process(python(tmp_path, CHILD), lambda line: None) as process,
    ):
        process.watch(check)
    assert below(tmp_path) == []


def test_a_child_that_is_left_behind_ends(tmp_path: Path) -> None:
    ran(python(tmp_path, LEAVES))
    wait_until(lambda: below(tmp_path) == [])


def test_a_command_ends_if_its_job_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; "
        "from pilotbench.episodes.external.process import MOST_LINES, Process, Started; "
        f"what = Started([sys.executable, '-c', {CHILD!r}], Path({str(tmp_path)!r}), os.environ); "
        "process = Process(what, print).__enter__(); process.watch(lambda seconds: None)"
    )
    job = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    wait_until(lambda: len(below(tmp_path)) == 3)
    job.send_signal(signal.SIGKILL)
    job.wait()
    since = time.monotonic()
    wait_until(lambda: below(tmp_path) == [])
    assert time.monotonic() - since < 30
    assert job.stdout is not None
    job.stdout.close()

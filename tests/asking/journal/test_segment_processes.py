"""The journal among real processes: killed, waiting for each other, out of disk."""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.journal import Journal
from pilotbench.ground.errors import Stopping
from support.journals import CELL, name, segments

LIBRARY = Path(__file__).parents[3] / "workflow" / "scripts"
PREAMBLE = """
import os, resource, signal, sys, time
from pathlib import Path
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import Stopping
from pilotbench.asking.journal import Journal
from pilotbench.asking.journal.identity import RequestIdentity, identity
from pilotbench.providers.answer import Answer, Completion, Tokens
root, first, last, who = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
journal = Journal(root, Path(sys.argv[5]))
def asked(text):
    return Answer(Completion({"content": text}, "stop", "m", Tokens()), "k", 0.0, 0.0, 0.0, 1)
def write(segment, number, text="hello"):
    number = str(number)
    body = {"body_sha256": digest(number), "question": number}
    parts = {"provider": "idealab", **body, "repeat": 0, "turn": 0}
    segment.write(RequestIdentity(parts, identity(parts), "", 0), asked(text))
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
"""
WRITER = """
with journal.open(first, last) as segment:
    for number in range(100000):
        write(segment, f"{who}-{number}", "x" * (number * 37 % 5000))
        say(number)
"""
HOLDER = """
with journal.open(first, last) as segment:
    say("open")
    sys.stdin.readline()
say("closed")
"""
TURNS = """
for _ in range(10):
    with journal.open(first, last):
        log = os.open(root / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, f"{who} in\\n".encode())
        time.sleep(0.01)
        os.write(log, f"{who} out\\n".encode())
        os.close(log)
"""
FULL = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
with journal.open(first, last) as segment:
    write(segment, 1)
    segment.check()
    resource.setrlimit(resource.RLIMIT_FSIZE, (segment.path.stat().st_size + 100, hard))
    for call in (lambda: write(segment, 2), segment.check, lambda: write(segment, 2)):
        try:
            call()
            say("no error")
        except Stopping as error:
            say(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    write(segment, 3)
"""

Process = subprocess.Popen[str]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", CELL)


def launch(journal: Journal, script: str, first: int, last: int, who: str = "a") -> Process:
    code = PREAMBLE + textwrap.dedent(script)
    arguments = [str(journal.root), str(first), str(last), who, str(CELL)]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(LIBRARY)},
    )


@pytest.fixture
def start(journal: Journal) -> Iterator[Any]:
    started: list[Process] = []

    def start_one(script: str, first: int, last: int, who: str = "a") -> Process:
        started.append(launch(journal, script, first, last, who))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.communicate()


def line(process: Process) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("round_", range(6))
def test_a_process_killed_at_any_moment_loses_nothing_it_has_written(
    journal: Journal, start: Any, round_: int
) -> None:
    writer = start(WRITER, 0, 19, str(round_))
    for _ in range(random.Random(round_).randrange(1, 150)):
        last = int(line(writer))
    writer.send_signal(signal.SIGKILL)
    told = writer.stdout.read()  # what `communicate` returns lacks the lines that are buffered
    last = max([last, *map(int, told.split())])
    with journal.open(0, 19) as segment:
        for number in range(last + 1):
            found = segment.answers.find(name(f"{round_}-{number}"))
            assert found is not None
            assert found.completion.message["content"] == "x" * (number * 37 % 5000)
        assert not segment.answers.damaged
        assert len(segment.answers) - (last + 1) in (0, 1)


def test_a_killed_process_holds_no_range(journal: Journal, start: Any) -> None:
    holder = start(HOLDER, 0, 19)
    assert line(holder) == "open"
    (held,) = journal.holders(5, 5)
    assert f"pid {holder.pid} on " in held
    holder.kill()
    holder.wait()
    assert not journal.holders(0, 19)
    with journal.open(0, 19):
        assert len(segments(journal)) == 1, "the empty segment of the killed one is swept away"
    assert not segments(journal)


def test_overlapping_ranges_wait_and_name_the_process_they_wait_for(
    journal: Journal, start: Any, caplog: pytest.LogCaptureFixture
) -> None:
    holder = start(HOLDER, 0, 19)
    assert line(holder) == "open"
    looks = iter(range(100))

    def let_go() -> bool:
        if next(looks) == 2:
            holder.stdin.write("\n")
            holder.stdin.flush()
        return False

    caplog.set_level(logging.WARNING)
    with journal.open(19, 38, stopped=let_go):
        assert line(holder) == "closed"
    (record,) = caplog.records
    assert f"indices 0-19 are held by pid {holder.pid} on " in record.getMessage()


def test_a_wait_can_be_stopped(journal: Journal, start: Any) -> None:
    assert line(start(HOLDER, 0, 19)) == "open"
    with (
        pytest.raises(Stopping, match="stopped while waiting"),
        journal.open(0, 19, stopped=lambda: True),
    ):
        pass


def test_disjoint_ranges_are_held_at_once(journal: Journal, start: Any) -> None:
    one, two = start(HOLDER, 0, 19), start(HOLDER, 20, 39)
    assert (line(one), line(two)) == ("open", "open")
    with journal.open(40, 59):
        assert len(journal.holders(0, 99)) == 3


def test_overlapping_ranges_are_never_held_at_once(journal: Journal, start: Any) -> None:
    ranges = {"a": (0, 19), "b": (10, 29), "c": (0, 399)}
    processes = [start(TURNS, *ranges[who], who) for who in ranges]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    told = (journal.root / "log").read_text().split("\n")[:-1]
    assert len(told) == 60
    for entered, left in zip(told[::2], told[1::2], strict=True):
        assert entered.removesuffix(" in") == left.removesuffix(" out")


def test_a_full_disk_stops_asking_and_loses_nothing_written(journal: Journal, start: Any) -> None:
    process = start(FULL, 0, 19)
    told, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert told.count("the journal cannot be written (File too large)") == 3
    answers = journal.read(0, 19)
    assert answers.find(name(1))
    assert answers.find(name(2)) is None
    assert answers.find(name(3)), "what was still in flight is kept once there is room"

"""A full disk: space is reserved before a request is sent, and answers in flight are kept."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from pilotbench.asking.journal import Journal
from pilotbench.asking.journal.disk_space import EACH, MOST, STEP, AnswerSpace
from pilotbench.build.job import Halt
from pilotbench.ground.errors import Stopping
from support.journals import CELL, asked, is_segment, wanted, write

REAL_WRITE = os.write
REAL_CLOSE = os.close
REAL_TRUNCATE = os.ftruncate


class Disk:
    """A disk of `room` bytes, in place of the calls that take or free some."""

    def __init__(self, room: int, monkeypatch: pytest.MonkeyPatch, sync: bool = False) -> None:
        self.room, self.sync = room, sync
        self.held: dict[int, int] = {}
        self.written = self.synced = 0
        monkeypatch.setattr(os, "write", self.write)
        monkeypatch.setattr(os, "fdatasync", self.fdatasync)
        monkeypatch.setattr(os, "posix_fallocate", self.allocate)
        monkeypatch.setattr(os, "ftruncate", self.truncate)
        monkeypatch.setattr(os, "close", self.close)

    @property
    def free(self) -> int:
        return self.room - self.written - sum(self.held.values())

    def allocate(self, file: int, start: int, size: int) -> None:
        if size > self.free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.held[file] = start + size

    def truncate(self, file: int, size: int) -> None:
        if file in self.held:
            self.held[file] = size
        REAL_TRUNCATE(file, size)

    def close(self, file: int) -> None:
        self.held.pop(file, None)
        REAL_CLOSE(file)

    def write(self, file: int, data: bytes) -> int:
        if not is_segment(file):
            return REAL_WRITE(file, data)
        if self.sync:  # a file system that finds out when it flushes
            self.written += len(data)
            return REAL_WRITE(file, data)
        some = bytes(data)[: max(0, self.free)]
        if not some:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.written += len(some)
        return REAL_WRITE(file, some)

    def fdatasync(self, _: int) -> None:
        if self.free < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", CELL)


@pytest.mark.parametrize("sync", [False, True], ids=["at the write", "at the flush"])
def test_answers_in_flight_are_kept_on_a_full_disk_and_no_request_follows(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, sync: bool
) -> None:
    disk = Disk(30_000, monkeypatch, sync)
    with journal.open(0, 19) as segment:
        segment.reserve(20_000)
        write(segment, 0)
        segment.check()
        disk.room = disk.written + 20_000 + 100  # somebody else has filled it up to here
        for number in range(1, 9):  # sent before anyone knew
            write(segment, number, "x" * 1000)
        with pytest.raises(Stopping, match=r"cannot be written \(No space left on device\)"):
            segment.check()
        assert segment.kept == "Every answer received is kept"
    answers = journal.read(0, 19)
    assert [n for n in range(9) if answers.answer(wanted(n))] == list(range(9))
    assert not answers.damaged


def test_an_answer_without_space_is_counted_as_lost(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(10_000, monkeypatch)
    with journal.open(0, 19) as segment:
        segment.reserve(5_000)
        write(segment, 0)
        disk.room = disk.written + 5_000
        for _ in range(2):
            with pytest.raises(Stopping):
                segment.write(wanted(1), asked("x" * 9000))
        assert segment.broken
        assert segment.kept == "2 paid answers could not be written, all others are kept"
    assert journal.read(0, 19).answer(wanted(0))


def test_nothing_is_asked_without_reserved_space(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    Disk(10_000, monkeypatch)
    with journal.open(0, 19) as segment:
        with pytest.raises(Stopping, match=r"no room of 1 MiB for answers .*; nothing is asked"):
            segment.reserve(2**20)
        with pytest.raises(Stopping, match="nothing is asked"):
            segment.check()


def test_reserved_space_has_no_file_name_and_is_freed_with_its_segment(journal: Journal) -> None:
    def held() -> list[str]:
        links = (path for path in Path("/proc/self/fd").iterdir() if path.is_symlink())
        return [str(path.readlink()) for path in links if path.is_symlink()]

    with journal.open(0, 19) as segment:
        segment.reserve(2**20)
        assert sorted(path.suffix for path in journal.folder.iterdir() if path.name[0] != ".") == [
            ".jsonl"
        ]
        assert not list(journal.folder.glob(".room*"))
        assert any(str(journal.folder) in name and "deleted" in name for name in held())
    assert not any(str(journal.folder) in name for name in held())


def test_a_job_that_stops_on_a_full_disk_stops_all_jobs_of_its_run(tmp_path: Path) -> None:
    asking = tmp_path / "asking"
    asking.touch()
    jobs = [Halt(Event(), asking) for _ in range(3)]
    another_run = Halt(Event(), None)
    assert not any(job.is_set() for job in jobs)
    jobs[1].halt()
    jobs[1].halt()
    assert all(job.is_set() for job in jobs)
    assert not another_run.is_set()
    another_run.halt()
    assert another_run.is_set()


def test_many_jobs_reserve_space_for_their_share_of_the_slots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(2**30, monkeypatch)
    with ExitStack() as stack:
        rooms = []
        for number in range(40):
            journal = Journal(tmp_path / f"journal{number}", CELL)
            rooms.append(AnswerSpace(stack.enter_context(journal.open(0, 399)).reserve))
        for number in range(500):  # the slots of the key, wherever they are used
            stack.enter_context(rooms[number % 40].one())
        assert 500 * EACH <= sum(disk.held.values()) <= 500 * EACH + 40 * STEP


def test_reserved_space_grows_before_a_request_and_shrinks_after_its_answer(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(2**30, monkeypatch)
    with journal.open(0, 399) as segment:
        held = AnswerSpace(segment.reserve)
        with ExitStack() as flying:
            for _ in range(100):
                flying.enter_context(held.one())
            assert sum(disk.held.values()) >= 100 * EACH
            disk.room = disk.written + sum(disk.held.values())
            for _ in range(STEP // EACH - 100 * EACH % STEP // EACH):
                flying.enter_context(held.one())
            with pytest.raises(Stopping, match="nothing is asked"):
                flying.enter_context(held.one())
            for number in range(100):  # what is in flight is written, whatever fills the disk
                write(segment, number, "x" * 1000)
    assert not disk.held


def test_space_that_is_no_longer_needed_is_freed(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(2**30, monkeypatch)
    with journal.open(0, 399) as segment:
        held = AnswerSpace(segment.reserve)
        with ExitStack() as flying:
            for _ in range(400):
                flying.enter_context(held.one())
            assert sum(disk.held.values()) == MOST
        with held.one():
            assert sum(disk.held.values()) == STEP

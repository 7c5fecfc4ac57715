"""The limiter, with real processes that are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.keys.adaptive_limit import BELIEVED_S
from pilotbench.asking.keys.limiter import Limiter
from support.clocks import HandClock

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def worker(folder: Path, *flags: object) -> Iterator[subprocess.Popen[str]]:
    """Run support.limiter_worker in a process of its own; kill it at the end if it still runs."""
    path = f"{ROOT / 'tests'}{os.pathsep}{ROOT / 'workflow' / 'scripts'}"
    command = [sys.executable, "-m", "support.limiter_worker", str(folder), *map(str, flags)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def spans(process: subprocess.Popen[str]) -> list[tuple[float, float]]:
    """Return when a worker held its slots, in order."""
    lines = [line.split() for line in process.communicate()[0].splitlines()]
    return sorted((float(taken), float(released)) for _, taken, released in lines)


def most_at_once(held: list[tuple[float, float]]) -> int:
    """Return how many spans overlap at most."""
    changes = sorted([(a, 1) for a, _ in held] + [(b, -1) for _, b in held])
    now = most = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


@pytest.fixture
def limiter(tmp_path: Path) -> Iterator[Limiter]:
    made = Limiter(tmp_path / "key", 5)
    yield made
    made.close()


@pytest.mark.slow
def test_slots_are_shared_fairly_by_20_processes_also_with_one_that_joins_late(
    tmp_path: Path,
) -> None:
    flags = ("--slots", 5, "--hold", 0.05, "--seconds", 600)
    with contextmanager(_many)(tmp_path, 19, *flags, "--until", tmp_path / "over") as early:
        _until(lambda: len(list(tmp_path.glob("took-*"))) == 19)
        with worker(tmp_path, *flags, "--takes", 10) as late:
            joined = spans(late)
        (tmp_path / "over").touch()
        held = [*(spans(process) for process in early), joined]
    assert most_at_once([span for one in held for span in one]) == 5
    first, last = joined[0][0], joined[-1][1]
    shares = [sum(first <= taken <= last for taken, _ in one) for one in held]
    assert len(joined) == 10
    assert max(shares) <= 40, shares  # nobody takes many while another waits for its next


def _many(folder: Path, count: int, *flags: object) -> Iterator[list[subprocess.Popen[str]]]:
    if count == 0:
        yield []
        return
    with worker(folder, *flags) as one, contextmanager(_many)(folder, count - 1, *flags) as rest:
        yield [one, *rest]


def test_processes_with_many_threads_never_hold_more_than_the_slots(tmp_path: Path) -> None:
    flags = ("--slots", 3, "--threads", 8, "--hold", 0.01, "--seconds", 1.5)
    with worker(tmp_path, *flags) as one, worker(tmp_path, *flags) as two:
        held = spans(one), spans(two)
    assert most_at_once(held[0] + held[1]) == 3
    assert all(held)


def test_a_killed_process_frees_its_slots_at_once(tmp_path: Path) -> None:
    flags = ("--slots", 2, "--threads", 2, "--hold", 60, "--announce")
    limiter = Limiter(tmp_path, 2)
    with worker(tmp_path, *flags) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["holding\n"] * 2
        assert limiter.try_now() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert [limiter.try_now() is not None for _ in range(2)] == [True, True]
    limiter.close()


def test_a_process_killed_in_the_queue_does_not_block_the_others(tmp_path: Path) -> None:
    limiter = Limiter(tmp_path, 1)
    slot = limiter.wait()
    assert slot is not None
    with worker(tmp_path, "--slots", 1, "--seconds", 60) as first:
        _until(lambda: not _free(tmp_path / "turn"))
        with worker(tmp_path, "--slots", 1, "--seconds", 60):
            _until(lambda: not _free(tmp_path / "next"))
            first.kill()
            first.wait()
            _until(lambda: _free(tmp_path / "next") and not _free(tmp_path / "turn"))
        slot.release()
        with limiter.slot():
            pass
    limiter.close()


def _until(true: Callable[[], bool], seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def _free(path: Path) -> bool:
    import fcntl

    if not path.exists():
        return True
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_a_process_in_the_queue_is_not_overtaken(limiter: Limiter) -> None:
    slots = [limiter.wait() for _ in range(5)]
    other = Limiter(limiter.folder, 5)
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.append(other.wait()))
    thread.start()
    _until(lambda: not _free(limiter.folder / "turn"))
    first = slots.pop()
    assert first is not None
    first.release()
    assert limiter.try_now() is None, "the slot belongs to the one who waits"
    thread.join(300)
    assert got[0] is not None
    other.close()


def test_waiting_ends_when_the_slot_is_no_longer_wanted(limiter: Limiter) -> None:
    for _ in range(5):
        assert limiter.try_now() is not None
    wanted = iter([True, True, False])
    assert limiter.wait(wanted=lambda: next(wanted)) is None
    assert limiter.try_now() is None


@pytest.mark.parametrize(("small", "large"), [(2, 5), (1, 20)])
def test_a_run_with_fewer_slots_counts_those_of_the_other(
    tmp_path: Path, small: int, large: int
) -> None:
    few, many = Limiter(tmp_path, small), Limiter(tmp_path, large)
    taken = [many.try_now() for _ in range(small)]
    assert few.try_now() is None
    first = taken[0]
    assert first is not None
    first.release()
    assert few.try_now() is not None
    assert few.try_now() is None
    assert [many.try_now() is not None for _ in range(large - small + 1)].count(True) == (
        large - small
    )
    few.close()
    many.close()


@pytest.mark.parametrize(
    ("flags", "tokens", "most"),
    [(("--rpm", 12), 1, 12), (("--tpm", 1200), 100, 12)],
    ids=["rpm", "tpm"],
)
def test_rates_hold_over_processes(
    tmp_path: Path, flags: tuple[Any, ...], tokens: int, most: int
) -> None:
    half = ("--slots", 50, "--hold", 0.01, "--takes", most // 2, "--tokens", tokens, *flags)
    with worker(tmp_path, *half) as one, worker(tmp_path, *half) as two:
        held = spans(one), spans(two)
    assert [len(one) for one in held] == [most // 2] * 2
    limit = {flag.removeprefix("--"): value for flag, value in [flags]}
    limiter = Limiter(tmp_path, 50, **limit)
    assert limiter.try_now(tokens) is None
    limiter.close()


def test_a_cut_holds_for_every_process(limiter: Limiter) -> None:
    slots = [limiter.wait() for _ in range(3)]
    last = slots.pop()
    assert last is not None
    last.rejected()
    last.release()
    other = Limiter(limiter.folder, 5)
    assert other.try_now() is None
    for slot in slots:
        assert slot is not None
        slot.settle(0)
        slot.release()
    assert other.try_now() is not None
    assert other.try_now() is not None
    assert other.try_now() is None
    other.close()


def test_a_pause_holds_for_every_process_and_ends(limiter: Limiter) -> None:
    slot = limiter.wait()
    assert slot is not None
    slot.rejected(retry_after=0.6)
    slot.release()
    other = Limiter(limiter.folder, 5)
    assert other.try_now() is None
    assert 0 < other.pause_left() <= 0.6
    with other.slot() as first:
        assert first.taken >= slot.taken + 0.6
        assert other.try_now() is None, "one request looks whether the pause is over"
        first.settle(0)
        assert other.try_now() is not None
    other.close()


def test_a_new_run_probes_a_pause_once_and_a_user_can_end_it(tmp_path: Path) -> None:
    clock = HandClock()
    limiter = Limiter(tmp_path, 5, clock=clock)
    with limiter.slot() as slot:
        slot.rejected(retry_after=1e9)
    assert limiter.pause_left() == BELIEVED_S
    assert not limiter.probe(began=clock.now() - 1), "this run has met the pause itself"
    clock.forward(10)
    assert limiter.probe(began=clock.now())
    assert not limiter.probe(began=clock.now())
    first = limiter.try_now()
    assert first is not None
    assert limiter.try_now() is None, "one request goes first"
    first.rejected(retry_after=1e9)
    first.release()
    assert not limiter.probe(began=clock.now())
    assert limiter.lift() == BELIEVED_S
    assert [limiter.try_now() is not None for _ in range(6)] == [True] * 5 + [False]
    limiter.close()


def test_slots_of_an_ended_run_are_no_longer_searched(tmp_path: Path) -> None:
    many = Limiter(tmp_path, 50)
    with many.slot():
        pass
    many.close()
    few = Limiter(tmp_path, 5)
    with few.slot():
        assert json.loads((tmp_path / "ledger").read_text())["width"] == 5
    few.close()


def test_without_pipes_the_queue_advances_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "mkfifo", refuse)
    one, two = Limiter(tmp_path, 1), Limiter(tmp_path, 1)
    slot = one.wait()
    assert slot is not None
    threading.Timer(0.1, slot.release).start()
    with two.slot() as second:
        assert second.taken >= slot.taken + 0.09
    one.close()
    two.close()


def test_a_slot_that_is_only_inspected_does_not_count_as_in_flight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 429 while another thread looks for a slot pauses the key: nothing is in flight."""
    limiter = Limiter(tmp_path / "key", 5)
    with limiter.slot() as first, limiter.slot():
        first.rejected()  # one is accepted: so many may be in flight from now on
    others: list[int] = []
    release = limiter._files.release
    monkeypatch.setattr(
        limiter._files,
        "release",
        lambda index: others.append(limiter._files.count(5)[0] - 1) or release(index),
    )
    with limiter.slot():
        assert limiter.try_now() is None
        assert others == []
    limiter.close()

"""The queue inside a process: any of several keys, first come, first served, bounded waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotbench.asking.keys.limiter import Limiter, Slot
from pilotbench.asking.keys.slot_queue import SlotQueue
from pilotbench.ground.errors import Stopping


@pytest.fixture
def limiters(tmp_path: Path) -> Iterator[dict[str, Limiter]]:
    made = {alias: Limiter(tmp_path / alias, 1) for alias in ("k1", "k2")}
    yield made
    for limiter in made.values():
        limiter.close()


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def line(limiters: dict[str, Limiter], stop: threading.Event) -> Iterator[SlotQueue]:
    def check() -> None:
        if stop.is_set():
            raise Stopping("stop")

    made = SlotQueue(limiters, check)
    yield made
    assert made.close()


def test_the_first_free_key_is_used(line: SlotQueue) -> None:
    assert [line.take(("k2", "k1"), 0)[0] for _ in range(2)] == ["k2", "k1"]


def test_a_wait_ends_with_whichever_key_is_free_first(line: SlotQueue) -> None:
    taken = dict(line.take(("k1", "k2"), 0) for _ in range(2))
    threading.Timer(0.1, taken["k2"].release).start()
    assert line.take(("k1", "k2"), 0)[0] == "k2"


def test_requests_are_served_in_order_of_arrival(line: SlotQueue) -> None:
    _, slot = line.take(("k1",), 0)
    served: list[int] = []

    def wait(number: int) -> None:
        _, mine = line.take(("k1",), 0)
        served.append(number)
        mine.release()

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(5)]
    for count, thread in enumerate(threads, start=1):
        thread.start()
        while len(line._waiting) < count:
            time.sleep(0.001)
    slot.release()
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2, 3, 4]


def test_a_stop_ends_every_wait_and_keeps_no_slot(
    line: SlotQueue, limiters: dict[str, Limiter], stop: threading.Event
) -> None:
    slots: list[Slot] = [line.take(("k1", "k2"), 0)[1] for _ in range(2)]
    stopped: list[str] = []

    def wait() -> None:
        with pytest.raises(Stopping) as caught:
            line.take(("k1", "k2"), 0)
        stopped.append(str(caught.value))

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    stop.set()
    for thread in threads:
        thread.join(300)
    assert stopped == ["stop"] * 4
    for slot in slots:
        slot.release()
    with limiters["k1"].slot(), limiters["k2"].slot():
        pass


def test_a_key_whose_files_fail_ends_the_wait(tmp_path: Path) -> None:
    limiter = Limiter(tmp_path, 1)
    line = SlotQueue({"k": limiter}, lambda: None)
    line.take(("k",), 0)
    threading.Timer(0.1, limiter.close).start()
    with pytest.raises(OSError, match="descriptor"):
        line.take(("k",), 0)
    line.close()

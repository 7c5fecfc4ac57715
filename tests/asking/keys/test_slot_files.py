"""Slot files: one for each request in flight, locked by whoever holds it."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotbench.asking.keys.slot_files import SlotFiles, most_slots


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[SlotFiles]:
    made = SlotFiles(tmp_path)
    yield made
    made.close()


@pytest.fixture
def others(tmp_path: Path) -> Iterator[SlotFiles]:
    """The same slots, as another process sees them."""
    made = SlotFiles(tmp_path)
    yield made
    made.close()


def test_the_first_free_slot_is_taken_whoever_holds_the_others(
    mine: SlotFiles, others: SlotFiles
) -> None:
    assert [mine.take(3), others.take(3), mine.take(3), others.take(3)] == [0, 1, 2, None]
    assert others.release(1)
    assert mine.take(3) == 1


def test_a_released_slot_keeps_its_file(tmp_path: Path, mine: SlotFiles) -> None:
    mine.take(1)
    mine.release(0)
    assert [file.name for file in tmp_path.iterdir()] == ["slot-0"]


@pytest.mark.parametrize(
    ("held", "width", "most", "counted"),
    [
        ((), 0, 1, (0, None, 0)),
        ((), 3, 0, (0, None, 0)),  # nobody wants one
        ((), 3, 1, (0, 0, 1)),
        ((0, 1), 3, 2, (2, None, 2)),  # as many as are allowed
        ((0, 1), 3, 3, (2, 2, 3)),
        ((0, 2), 3, 3, (2, 1, 3)),  # the gap
        ((0, 1, 2), 3, 9, (3, None, 3)),
        ((2,), 4, 0, (1, None, 3)),  # the number in use includes what lies below
        ((0, 3), 2, 0, (1, None, 1)),  # a slot beyond the width does not count
    ],
)
def test_busy_slots_are_counted_and_a_free_one_is_held_if_it_is_allowed(
    mine: SlotFiles,
    others: SlotFiles,
    held: tuple[int, ...],
    width: int,
    most: int,
    counted: tuple[int, int | None, int],
) -> None:
    for index in range(max(held, default=-1) + 1):
        others.take(index + 1)
    for index in set(range(max(held, default=-1) + 1)) - set(held):
        others.release(index)
    assert mine.count(width, most) == counted
    after = others.count(width)[0]
    assert after == counted[0] + (counted[1] is not None)


def test_own_slots_count_as_busy(mine: SlotFiles) -> None:
    mine.take(2)
    assert mine.count(2) == (1, None, 1)


def test_closing_releases_every_slot_and_a_late_release_changes_nothing(
    mine: SlotFiles, others: SlotFiles
) -> None:
    assert [mine.take(2), mine.take(2)] == [0, 1]
    mine.close()
    assert others.take(2) == 0
    assert not mine.release(0)
    assert mine.count(2)[0] == 1  # still held by the other


def test_open_files_limit_the_slots_of_all_keys_together() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (150, before[1]))
        one = most_slots(1)
        raised = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert raised > 150
    assert one == (raised - 100) // 2
    assert most_slots(0) == most_slots(1)
    assert most_slots(2) == most_slots(1) // 2
    assert most_slots(10**9) == 1

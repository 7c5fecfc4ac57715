"""How requests are divided into batches, and how those that fail are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from pilotbench.asking.batches.parts import Parts
from pilotbench.providers.batch_api import Excess


@dataclass(frozen=True)
class Item:
    name: str
    size: int = 10


class Api:
    most_requests, most_bytes = 100, 1000


API: Any = Api()


def sizes(parts: Parts, items: list[Item]) -> list[int]:
    return [len(part) for part in parts.divided(items, API)]


@pytest.mark.parametrize(
    ("excess", "size", "found"),
    [
        (Excess(True, False), 400, [20, 20]),
        (Excess(False, True), 400, [20, 20]),
        (Excess(False, True), 300, [15, 15, 10]),
        (Excess(False, True), None, [20, 20]),  # recorded by an earlier release
    ],
)
def test_further_batches_have_half_the_size(
    excess: Excess, size: int | None, found: list[int]
) -> None:
    parts, items = Parts(), [Item(f"{n}") for n in range(40)]
    assert sizes(parts, items) == [40]
    parts.too_large(excess, 40, size)
    assert sizes(parts, items) == found


def test_a_request_that_is_larger_than_all_limits_has_a_part_of_its_own() -> None:
    items = [Item("a"), Item("b", 5000), Item("c")]
    assert sizes(Parts(), items) == [1, 1, 1]


@pytest.mark.parametrize("guilty", [{0}, {613}, {999}, {3, 800}, set(range(1000))])
@pytest.mark.parametrize("is_named", [True, False])
def test_requests_that_fail_are_found_with_few_batches(guilty: set[int], is_named: bool) -> None:
    parts, left = Parts(), {f"{n}" for n in range(1000)}
    online: set[str] = set()
    failures = 0
    while left:
        wave = [Item(name, 1) for name in sorted(left, key=int)]
        for part in parts.divided(wave, API):
            names = [item.name for item in part]
            bad = [n for n, name in enumerate(names) if int(name) in guilty]
            if not bad:
                left -= set(names)
                continue
            failures += 1
            found = parts.failed(names, bad[:1] if is_named else [])
            online |= found
            left -= found
    assert {f"{n}" for n in guilty} <= online
    if len(guilty) < 3:
        assert len(online) == len(guilty)
        assert failures <= 10 * len(guilty)
    else:
        assert failures <= 350  # of ten batches of 100: about 2 log2(100) each, in halves

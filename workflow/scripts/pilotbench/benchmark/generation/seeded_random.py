"""Seeded draws that are the same on every machine and Python version."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")

SEED_EPOCH = "1"  # changes on purpose only: every instance changes with it


class SeededRandom:
    """A stream of draws seeded with the SHA-256 of words.

    Only `random()` of Python's generator is used, the one method whose sequence Python promises
    to keep.
    """

    def __init__(self, *words: object) -> None:
        text = "\x1f".join([SEED_EPOCH, *map(str, words)])
        seed = int.from_bytes(sha256(text.encode()).digest()[:8], "big")
        self._next = random.Random(seed).random

    def whole(self, low: int, high: int) -> int:
        """Return an integer from low to high, both included."""
        return low + int(self._next() * (high - low + 1))

    def different(self, count: int, low: int, high: int) -> list[int]:
        """Return `count` different integers from low to high, both included, in drawn order."""
        draw, span = self._next, high - low + 1
        drawn = [low + int(draw() * span) for _ in range(count)]
        while len(found := dict.fromkeys(drawn)) < count:
            drawn.append(low + int(draw() * span))
        return list(found)

    def picks(self, items: Sequence[T], count: int) -> list[T]:
        """Return `count` times one of `items`."""
        draw, size = self._next, len(items)
        return [items[int(draw() * size)] for _ in range(count)]

    def pick(self, items: Sequence[T]) -> T:
        """Return one of `items`."""
        return items[int(self._next() * len(items))]

    def some(self, items: Iterable[T], count: int) -> list[T]:
        """Return `count` different places of `items`, in drawn order."""
        left = list(items)
        return [left.pop(int(self._next() * len(left))) for _ in range(count)]

    def mixed(self, items: Iterable[T]) -> list[T]:
        """Return `items` in drawn order."""
        left = list(items)
        return self.some(left, len(left))

    def chance(self, share: float) -> bool:
        """Return True in this share of draws."""
        return self._next() < share

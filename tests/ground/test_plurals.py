"""A number with its word."""

from __future__ import annotations

import pytest

from pilotbench.ground.plurals import counted


@pytest.mark.parametrize(
    ("number", "word", "text"),
    [
        (0, "batch", "0 batches"),
        (1, "batch", "1 batch"),
        (2, "batch", "2 batches"),
        (1, "request", "1 request"),
        (1000, "request", "1,000 requests"),
    ],
)
def test_a_number_has_its_word(number: int, word: str, text: str) -> None:
    assert counted(number, word) == text

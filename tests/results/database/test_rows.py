"""Rows of requests say how fast a streamed answer came, where it was streamed."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.results.database.rows import request_rows

COUNTS = {"input": 100, "output": 30, "reasoning": 0, "cached": 0}
REQUEST = {
    "identity": "0" * 64,
    "turn": 0,
    "key": "k",
    "started": 1.0,
    "latency_s": 2.0,
    "queued_s": 0.0,
    "attempts": 1,
    "model": "m",
    "finish_reason": "stop",
    "tokens": COUNTS,
}


@pytest.mark.parametrize(
    ("more", "first", "rate", "writes"),
    [
        ({}, None, None, 0),
        ({"first_token_s": 0.5}, 0.5, 20.0, 0),
        ({"first_token_s": 2.0}, 2.0, None, 0),
        ({"first_token_s": 0.5, "tokens": None}, 0.5, None, None),
        ({"tokens": {**COUNTS, "cache_writes": 7}}, None, None, 7),
    ],
)
def test_the_speed_of_a_streamed_answer(
    more: dict[str, Any], first: float | None, rate: float | None, writes: int | None
) -> None:
    episode = {"episode": "e", "requests": [{**REQUEST, **more}]}
    (row,) = request_rows("s", episode)
    assert (row["first_token_s"], row["tokens_per_s"]) == (first, rate)
    assert row["tokens_cache_writes"] == writes

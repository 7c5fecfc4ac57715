"""Answers are stored as plain JSON, and read again from journals of every release."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotbench.providers.answer import Completion, Tokens

MESSAGE = {"role": "assistant", "content": "42"}
OLD = {"message": MESSAGE, "finish_reason": "stop", "model": "m"}
COUNTS = {"input": 100, "output": 10, "reasoning": 3, "cached": 40}


@pytest.mark.parametrize(
    ("completion", "stored"),
    [
        (Completion(MESSAGE, "stop", "m"), {**OLD, "tokens": None}),
        (Completion(MESSAGE, "stop", "m", Tokens(100, 10, 3, 40)), {**OLD, "tokens": COUNTS}),
        (
            Completion(MESSAGE, "stop", "m", Tokens(100, 10, 3, 40, 20), 0.5),
            {**OLD, "tokens": {**COUNTS, "cache_writes": 20}, "first_token_s": 0.5},
        ),
        (
            Completion(MESSAGE, "stop", "m", Tokens(100, 10, 3, 40, 20, 5)),
            {**OLD, "tokens": {**COUNTS, "cache_writes": 20, "cache_writes_1h": 5}},
        ),
    ],
)
def test_a_completion_is_stored_and_read_again(
    completion: Completion, stored: dict[str, Any]
) -> None:
    assert json.loads(json.dumps(completion.as_json())) == stored
    assert Completion.from_json(stored) == completion


@pytest.mark.parametrize(
    ("stored", "tokens"),
    [
        (COUNTS, Tokens(100, 10, 3, 40)),
        ({"input": 0, "output": 0}, None),
        ({"input": "many", "output": 0}, None),
        (None, None),
    ],
)
def test_counts_that_cannot_be_read_are_unknown(stored: Any, tokens: Tokens | None) -> None:
    assert Tokens.from_json(stored) == tokens


def test_counts_are_added_each() -> None:
    assert Tokens(1, 2, 3, 4, 5) + Tokens(10, 20, 30, 40, 50) == Tokens(11, 22, 33, 44, 55)

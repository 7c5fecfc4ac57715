"""Usage as services report it: read right or unknown, never 0."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.providers.answer import Completion, Tokens
from pilotbench.providers.usage import tokens

DEEPSEEK = {
    "prompt_tokens": 100,
    "completion_tokens": 10,
    "prompt_cache_hit_tokens": 40,
    "prompt_cache_miss_tokens": 60,
}
RESPONSES = {
    "input_tokens": 100,
    "output_tokens": 10,
    "input_tokens_details": {"cached_tokens": 40},
    "output_tokens_details": {"reasoning_tokens": 3},
}
CHAT = {
    "prompt_tokens": 100,
    "completion_tokens": 10,
    "prompt_tokens_details": {"cached_tokens": 40},
    "completion_tokens_details": {"reasoning_tokens": 3},
}


def plain(given: Any, made: Any, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": given, "completion_tokens": made, **more}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (CHAT, Tokens(100, 10, 3, 40)),
        (RESPONSES, Tokens(100, 10, 3, 40)),
        (DEEPSEEK, Tokens(100, 10, 0, 40)),
        (plain(100, 10, cached_tokens=40), Tokens(100, 10, 0, 40)),
        (plain(100, 10, reasoning_tokens=3), Tokens(100, 10, 3)),
        (
            plain(100, 10, prompt_tokens_details={"cached_tokens": 90, "cache_write_tokens": 20}),
            Tokens(100, 10, 0, 90, 10),
        ),
        (plain(100, 10, cache_creation_input_tokens=20), Tokens(100, 10, 0, 0, 20)),
        (
            plain(
                100,
                10,
                cache_creation_input_tokens=20,
                cache_creation={"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 15},
            ),
            Tokens(100, 10, 0, 0, 20, 15),
        ),
        (
            plain(
                100,
                10,
                cache_creation_input_tokens=20,
                cache_creation={"ephemeral_1h_input_tokens": 90},
            ),
            Tokens(100, 10, 0, 0, 20, 20),
        ),
        (
            plain(100, 10, output_tokens_details={"thinking_tokens": 3}),
            Tokens(100, 10, 3),
        ),
        (plain(100.0, 10.0), Tokens(100, 10)),
        (plain("100", "10"), Tokens(100, 10)),
        (plain("100.0", " 10 "), Tokens(100, 10)),
        (plain(100, 0), Tokens(100, 0)),
        ({"prompt_eval_count": 100, "eval_count": 10}, Tokens(100, 10)),
        (plain(None, None) | {"input_tokens": 100, "output_tokens": 10}, Tokens(100, 10)),
        ({"prompt_tokens": 100, "total_tokens": 110}, Tokens(100, 10)),
        ({"completion_tokens": 10, "total_tokens": 110}, Tokens(100, 10)),
        (plain(100, 10, prompt_tokens_details=None), Tokens(100, 10)),
        (plain(100, 10, total_tokens=110), Tokens(100, 10)),
        (plain(100, 10, total_tokens=100), Tokens(100, 10)),
        (plain(100, 10, total_tokens=150), Tokens(100, 50)),
        (plain(100, 10, total_tokens=150, reasoning_tokens=40), Tokens(100, 50, 40)),
        (plain(100, 10, prompt_tokens_details={"cached_tokens": 10**9}), Tokens(100, 10, 0, 100)),
        (plain(100, 10, completion_tokens_details={"reasoning_tokens": -3}), Tokens(100, 10)),
        (plain(100, 10, reasoning_tokens=30), Tokens(100, 10, 10)),
    ],
)
def test_counts_are_read_under_every_name_and_in_every_form(
    usage: dict[str, Any], expected: Tokens
) -> None:
    assert tokens(usage) == expected


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        [],
        "100",
        plain(None, None),
        plain(0, 0),
        plain(100, None),
        plain("many", 10),
        plain("1e2", 10),
        plain(-1, 10),
        plain(100.5, 10),
        plain(True, 10),
        plain(2**63, 10),
        plain(100, 10**400),
        plain("9" * 5000, 10),
        plain(float("nan"), 10),
        plain(float("inf"), 10),
        plain([100], {"n": 10}),
        {"prompt_tokens": 100, "total_tokens": 90},
    ],
)
def test_what_cannot_be_read_is_unknown(usage: Any) -> None:
    assert tokens(usage) is None


def test_the_first_usage_with_counts_is_taken() -> None:
    assert tokens(None, plain(100, 10)) == tokens(plain(100, 10), plain(1, 1)) == Tokens(100, 10)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ({"input": 100, "output": 10, "reasoning": 3, "cached": 40}, Tokens(100, 10, 3, 40)),
        ({"input": 0, "output": 0, "reasoning": 0, "cached": 0}, None),
        ({"input": 2**63, "output": 1, "reasoning": 0, "cached": 0}, None),
        ({"input": -1, "output": 1, "reasoning": 0, "cached": 0}, None),
        (None, None),
    ],
    ids=["told", "zeros of an old journal", "huge", "negative", "unknown"],
)
def test_stored_counts_are_read_and_old_zeros_are_unknown(stored: Any, read: Tokens | None) -> None:
    value = {"message": {}, "finish_reason": None, "model": None, "tokens": stored}
    assert Completion.from_json(value).tokens == read
    assert Completion.from_json(Completion({}, None, None, read).as_json()).tokens == read

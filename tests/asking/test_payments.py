"""The most that a request can cost, and what its payment does to the budget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pilotbench.asking.payments import check_bounded, most_tokens, output_bound
from pilotbench.ground.errors import ConfigError
from pilotbench.providers.price import Price
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_formats import shortest_body
from pilotbench.providers.wire_formats.messages import MOST_OUTPUT

MODEL = Model("m", "p", "d", price=Price(1.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("parameters", "entry", "bound"),
    [
        ({"max_tokens": 7}, {}, 7),
        ({"max_completion_tokens": 9, "max_tokens": 7}, {}, 9),
        ({"extra_body": {"max_tokens": 5}}, {}, 5),
        ({}, {"max_output": 4096}, 4096),
        ({"max_tokens": None}, {}, None),
        ({"max_tokens": True}, {}, None),
        ({}, {}, None),
        ({}, {"api": "messages"}, MOST_OUTPUT),
    ],
)
def test_the_output_limit_comes_from_the_request_or_the_catalogue_or_is_missing(
    parameters: dict[str, Any], entry: dict[str, Any], bound: int | None
) -> None:
    model = replace(MODEL, parameters=parameters, **entry)
    assert output_bound(model, shortest_body(model)) == bound
    if bound is None:
        with pytest.raises(ConfigError, match=r"model_catalog\.m .*max_tokens.*max_output"):
            check_bounded(model)
    else:
        check_bounded(model)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("hello " * 100, 100), ("字" * 500, 1000), ("7 " * 300, 600), ("🙂" * 50, 200)],
    ids=["English", "Chinese", "digits", "emoji"],
)
def test_no_request_counts_more_tokens_than_are_reserved(text: str, tokens: int) -> None:
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": 5}
    assert most_tokens(MODEL, body).input >= tokens
    assert most_tokens(MODEL, body).output == 5
    assert most_tokens(MODEL, {**body, "tools": [{"description": text}]}).input >= 2 * tokens

"""The most that a request can cost, and what its payment does to the budget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pilotbench.asking.payments import check_bounded, most_tokens, most_usd, output_bound
from pilotbench.ground.errors import ConfigError
from pilotbench.providers.answer import Tokens
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.price import Listed, Price, Priced, of_config
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


DEAREST = {
    "input": 1.0,
    "output": 10.0,
    "cached": 0.1,
    "cache_write": 1.25,
    "above": {100: {"input": 3.0, "output": 11.0}},
    "tiers": {"flex": 0.5, "priority": 2.0},
}
LARGEST = Tokens(input=1000, output=100)


@pytest.mark.parametrize(
    ("price", "largest", "parameters", "batch", "usd"),
    [
        ({"input": 1.0, "output": 10.0}, LARGEST, {}, False, 1000 + 1000),
        ({"input": 1.0, "output": 10.0}, LARGEST, {}, True, 500 + 500),
        ({"input": 1.0, "output": 10.0, "cached": 2.0}, LARGEST, {}, False, 2000 + 1000),
        ({"input": 1.0, "output": 10.0, "cache_write": 4.0}, LARGEST, {}, False, 4000 + 1000),
        ({"input": 1.0, "output": 10.0, "cache_write_1h": 5.0}, LARGEST, {}, False, 5000 + 1000),
        ({**DEAREST, "tiers": {}}, Tokens(100, 100), {}, False, 125 + 1000),
        ({**DEAREST, "tiers": {}}, LARGEST, {}, False, 3000 + 1100),
        (DEAREST, LARGEST, {}, False, 6000 + 2200),
        (DEAREST, LARGEST, {"service_tier": "auto"}, False, 6000 + 2200),
        (DEAREST, LARGEST, {"service_tier": "default"}, False, 3000 + 1100),
        (DEAREST, LARGEST, {"service_tier": "flex"}, False, 3000 + 1100),
        (DEAREST, LARGEST, {"extra_body": {"service_tier": "priority"}}, False, 6000 + 2200),
        (DEAREST, LARGEST, {}, True, 1500 + 550),
    ],
)
def test_the_most_that_a_request_can_cost_is_at_the_dearest_price_that_may_apply(
    price: dict[str, Any], largest: Tokens, parameters: dict[str, Any], batch: bool, usd: float
) -> None:
    openai = KINDS["openai"].batch_price
    model = replace(MODEL, price=of_config(price, openai), parameters=parameters)
    assert most_usd(model, largest, batch) == pytest.approx(usd / 1e6)


@pytest.mark.parametrize(
    ("name", "parameters", "usd"),
    [
        ("openai/gpt-5", {}, 2.5 * 1000 + 20 * 100),
        ("openai/gpt-5", {"service_tier": "default"}, 1.25 * 1000 + 10 * 100),
        ("anthropic/claude-sonnet-4-5", {}, 6 * 1000 + 15 * 100),
        ("deepseek/deepseek-chat", {}, 0.27 * 1000 + 1.1 * 100),
        ("azure/gpt-5", {}, 1.25 * 1000 + 10 * 100),  # the list has its tiers only at OpenAI
        ("anthropic/claude-sonnet-4-5", {"service_tier": "standard_only"}, 6 * 1000 + 15 * 100),
    ],
)
def test_a_model_of_the_list_reserves_its_dearest_tier_cache_and_hour(
    name: str, parameters: dict[str, Any], usd: float
) -> None:
    provider, _, model = name.partition("/")
    listed = replace(MODEL, price=Listed((model,), provider), parameters=parameters)
    assert most_usd(listed, LARGEST) == pytest.approx(usd / 1e6)
    check_bounded(replace(listed, max_output=9))


@pytest.mark.parametrize(
    ("price", "parameters", "missing", "remedy"),
    [
        (None, {}, "price", "{input: …, output: …}"),
        (Listed(("no-such-model",), "openai"), {}, "price", "{input: …, output: …}"),
        *(
            (
                price,
                {"service_tier": "Scale"},
                "price of tier scale",
                "{input: …, output: …, tiers: {scale: …}}",
            )
            for price in (Listed(("gpt-5",), "openai"), of_config(DEAREST))
        ),
    ],
)
def test_a_cost_without_a_bound_is_refused_before_anything_is_asked(
    price: Priced | None, parameters: dict[str, Any], missing: str, remedy: str
) -> None:
    model = replace(MODEL, price=price, parameters={"max_tokens": 9, **parameters})
    with pytest.raises(
        ConfigError, match=rf"model_catalog\.m has no {missing}, so no bound"
    ) as found:
        check_bounded(model)
    assert f"write price: {remedy} (USD" in str(found.value)

"""The cost of tokens."""

from __future__ import annotations

import pytest

from pilotbench.asking.prices import cost_usd, usd
from pilotbench.providers.answer import Tokens
from pilotbench.providers.price import Price

PRICE = Price(input=2.0, output=10.0, cached=0.5)
FREE = Price(0, 0, 0)


@pytest.mark.parametrize(
    ("price", "tokens", "cost"),
    [
        (PRICE, Tokens(input=1000, output=100, cached=400), (1200 + 200 + 1000) / 1e6),
        (PRICE, Tokens(output=100, reasoning=90), 1000 / 1e6),
        (Price(1, 1, 0), Tokens(input=5, cached=9), 0),
        (PRICE, Tokens(input=1000, cached=400, cache_writes=100), (1200 + 200) / 1e6),
        (
            Price(2.0, 10.0, 0.5, cache_write=2.5),
            Tokens(input=1000, cached=400, cache_writes=100),
            (1000 + 200 + 250) / 1e6,
        ),
        (Price(0, 0, 0, cache_write=1), None, None),
        (FREE, Tokens(1000, 1000), 0),
        (None, Tokens(1), None),
        (PRICE, None, None),
        (Price(0, 0, 1), None, None),
        (FREE, None, 0),
    ],
)
def test_the_cost_follows_from_price_and_tokens_or_is_unknown(
    price: Price | None, tokens: Tokens | None, cost: float | None
) -> None:
    assert cost_usd(price, tokens) == (None if cost is None else pytest.approx(cost))


def test_expected_tokens_need_not_be_whole_numbers() -> None:
    assert usd(PRICE, input=1.5, cached=0.5, output=0.25) == pytest.approx(4.75 / 1e6)

"""The forms in which the config writes a price."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.asking.prices import cost_usd, price_of
from pilotbench.providers.answer import Tokens
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.price import BatchDiscount, of_config

Json = dict[str, Any]
FLAT: Json = {"input": 2.0, "output": 10.0}
CACHED: Json = {**FLAT, "cached": 0.2, "cache_write": 2.5}
LONG: Json = {**FLAT, "above": {200_000: {"input": 4.0, "output": 15.0}}}
TIERS: Json = {**CACHED, "tiers": {"flex": 0.5, "Priority": {"output": 20.0}}, "batch": 0.25}
HALF = BatchDiscount(share=0.5, cache=1.0, source="")
STACKED = BatchDiscount(share=0.5, cache=0.5, source="")
MILLION = Tokens(10**6, 10**6)
SHORT = Tokens(100_000, 100_000)
HIT = Tokens(10**6, 0, cached=400_000, cache_writes=100_000)


@pytest.mark.parametrize(
    ("entry", "tokens", "tier", "usd"),
    [
        (FLAT, MILLION, None, 12.0),
        (FLAT, HIT, None, 2.0),
        (FLAT, MILLION, "standard", 12.0),
        (FLAT, MILLION, "on_demand", 12.0),
        (FLAT, MILLION, "ON_DEMAND", 12.0),
        (FLAT, MILLION, "flex", None),
        (TIERS, MILLION, "ON_DEMAND_FLEX", 6.0),
        (CACHED, HIT, None, 1.0 + 0.08 + 0.25),
        ({**CACHED, "cache_write_1h": 4.0}, Tokens(10**6, 0, 0, 0, 10**6, 10**6), None, 4.0),
        (CACHED, Tokens(10**6, 0, 0, 0, 10**6, 10**6), None, 2.5),
        (LONG, SHORT, None, 1.2),
        (LONG, Tokens(200_000, 0), None, 0.4),
        (LONG, Tokens(200_001, 10**6), None, 200_001 * 4 / 1e6 + 15),
        ({**LONG, "above": {"200000": {"input": 4.0}}}, MILLION, None, 14.0),
        ({**LONG, "above": {1: {"input": 3.0}, 10: {"output": 1.0}}}, MILLION, None, 4.0),
        ({**LONG, "cached": 1.0}, Tokens(10**6, 0, cached=10**6), None, 1.0),
        (LONG, Tokens(10**6, 0, cached=10**6), None, 4.0),
        (TIERS, MILLION, "flex", 6.0),
        (TIERS, HIT, "FLEX", (1.0 + 0.08 + 0.25) / 2),
        (TIERS, MILLION, "priority", 22.0),
        (TIERS, MILLION, "batch", 3.0),
        ({**LONG, "tiers": {"flex": 0.5}}, MILLION, "flex", 9.5),
        ({**LONG, "batch": {"input": 1.0}}, MILLION, "batch", 16.0),
        ({**LONG, "batch": {"above": {200_000: {"input": 1.0}}}}, MILLION, "batch", 16.0),
        ({"input": 0, "output": 0}, MILLION, "priority", 0.0),
        ({"input": 0, "output": 0}, None, "priority", 0.0),
        (FLAT, None, None, None),
    ],
)
def test_each_form_has_its_cost(
    entry: Json, tokens: Tokens | None, tier: str | None, usd: float | None
) -> None:
    assert cost_usd(of_config(entry), tokens, tier) == (usd if usd is None else pytest.approx(usd))


@pytest.mark.parametrize(
    ("entry", "discount", "tokens", "usd"),
    [
        (FLAT, None, MILLION, None),
        (FLAT, HALF, MILLION, 6.0),
        (FLAT, HALF, HIT, 1.0),
        (CACHED, HALF, HIT, 0.5 + 0.08 + 0.25),
        (CACHED, STACKED, HIT, (1.0 + 0.08 + 0.25) / 2),
        ({**FLAT, "cached": 1.5}, HALF, Tokens(10**6, 0, cached=10**6), 1.0),
        ({**FLAT, "batch": 1.0}, HALF, MILLION, 12.0),
        (LONG, HALF, MILLION, 9.5),
    ],
)
def test_a_batch_costs_what_the_config_says_else_what_the_kind_says(
    entry: Json, discount: BatchDiscount | None, tokens: Tokens, usd: float | None
) -> None:
    found = cost_usd(of_config(entry, discount), tokens, "batch")
    assert found == (usd if usd is None else pytest.approx(usd))


def test_a_price_says_where_it_is_from() -> None:
    price = of_config(FLAT, HALF)
    batch = price_of(price, "batch")
    assert batch is not None
    assert (price.origin, batch.origin) == ("config", "config, batches at 0.5 of it")


def test_each_kind_with_half_a_price_names_the_page_of_its_service() -> None:
    kinds = [kind for kind in KINDS.values() if kind.batch_price is not None]
    assert {kind.name for kind in kinds} == {"openai", "azure", "anthropic", "gemini"}
    for kind in kinds:
        assert kind.batch_price is not None
        assert kind.batch_price.source.startswith("https://")

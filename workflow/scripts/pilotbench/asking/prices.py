"""The one formula for the cost of tokens."""

from __future__ import annotations

from pilotbench.providers.answer import Tokens
from pilotbench.providers.settings import Price


def usd(
    price: Price, *, input: float, cached: float, output: float, cache_writes: float = 0
) -> float:
    """Return the cost in USD of `input`, of which `cached` and `cache_writes` are parts.

    Reasoning is part of `output`. The counts may be expectations and need not be whole numbers.
    """
    fresh = max(0, input - cached - cache_writes)
    written = price.input if price.cache_write is None else price.cache_write
    sent = fresh * price.input + cached * price.cached + cache_writes * written
    return (sent + output * price.output) / 1e6


def cost_usd(price: Price | None, tokens: Tokens | None) -> float | None:
    """Return the cost in USD, None if it is unknown: without a price or token counts.

    A model that is free costs 0 even if its tokens are unknown.
    """
    if price is None:
        return None
    if tokens is None:
        prices = (price.input, price.cached, price.output, price.cache_write)
        return None if any(prices) else 0.0
    return usd(
        price,
        input=tokens.input,
        cached=tokens.cached,
        output=tokens.output,
        cache_writes=tokens.cache_writes,
    )

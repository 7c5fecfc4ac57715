"""The one formula for the cost of tokens."""

from __future__ import annotations

from pilotbench.providers.answer import Tokens
from pilotbench.providers.settings import Price


def usd(price: Price, *, input: float, cached: float, output: float) -> float:
    """Return the cost in USD; `cached` tokens are part of `input`, reasoning is part of `output`.

    The counts may be expectations and need not be whole numbers.
    """
    fresh = max(0, input - cached)
    return (fresh * price.input + cached * price.cached + output * price.output) / 1e6


def cost_usd(price: Price | None, tokens: Tokens | None) -> float | None:
    """Return the cost in USD, None if it is unknown: without a price or token counts.

    A model that is free costs 0 even if its tokens are unknown.
    """
    if price is None:
        return None
    if tokens is None:
        return None if any((price.input, price.cached, price.output)) else 0.0
    return usd(price, input=tokens.input, cached=tokens.cached, output=tokens.output)

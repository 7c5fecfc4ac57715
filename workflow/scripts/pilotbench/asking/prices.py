"""The one formula for the cost of an answer."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pilotbench.asking.keys.secrets import variable
from pilotbench.ground.canonical_json import digest
from pilotbench.providers import price_list
from pilotbench.providers.answer import BATCH, Answer, Tokens, charged_tier
from pilotbench.providers.price import Listed, Price, Priced

Json = dict[str, Any]
DAY_S = 86_400


def usd(
    price: Price,
    *,
    input: float,
    cached: float,
    output: float,
    cache_writes: float = 0,
    cache_writes_1h: float = 0,
) -> float:
    """Return the cost in USD of `input`, of which `cached` and `cache_writes` are parts.

    Reasoning is part of `output`. The counts may be expectations and need not be whole numbers.
    """
    sent, made, read, written, hour = price.rates
    fresh = max(0, input - cached - cache_writes)
    stored = (cache_writes - cache_writes_1h) * written + cache_writes_1h * hour
    return (fresh * sent + cached * read + stored + output * made) / 1e6


def cost_usd(
    price: Priced | None,
    tokens: Tokens | None,
    tier: str | None = None,
    at: float | None = None,
) -> float | None:
    """Return the cost of one request in USD, None if it is unknown: without price or token counts.

    `tier` is that of the answer and `at` its Unix time in s (default: now), since prices change.
    A model that is free costs 0 even if its tokens are unknown.
    """
    found = price_of(price, tier, at)
    if found is None:
        return None
    if tokens is None:
        return 0.0 if found.is_free else None
    return usd(
        found.of_input(tokens.input),
        input=tokens.input,
        cached=tokens.cached,
        output=tokens.output,
        cache_writes=tokens.cache_writes,
        cache_writes_1h=tokens.cache_writes_1h,
    )


def answers_usd(price: Priced | None, answers: Iterable[Answer]) -> float | None:
    """Return what answers cost, each in its tier at its time; None if one cost is unknown."""
    each = [cost_usd(price, one.completion.tokens, one.tier, one.started) for one in answers]
    return total_usd(each or [cost_usd(price, Tokens())])


def stored_usd(price: Priced | None, asked: Json) -> float | None:
    """Return what an answer costs, as the journal stores it; None if it is unknown."""
    found = asked["completion"]
    tier = charged_tier(found.get("tier"), asked.get("batch"))
    return cost_usd(price, Tokens.from_json(found["tokens"]), tier, asked["started"])


def total_usd(costs: Iterable[float | None]) -> float | None:
    """Return the sum in USD, None where one of the costs is unknown."""
    several = list(costs)
    known = [cost for cost in several if cost is not None]
    return sum(known) if len(known) == len(several) else None


def origin(price: Priced | None) -> Json:
    """Return where a price is from, its list and date, and its digest, as shard files state it."""
    found = price_of(price)
    where = found and found.origin
    date = price_list.newest() if found is not None and isinstance(price, Listed) else None
    return {"origin": where, "newest": date, "digest": price_digest(price)}


def in_words(price: Priced | None, tier: str | None = None) -> str:
    """Return where the price of a tier is from, or why it is unknown."""
    found = price_of(price)
    if found is not None and price_of(price, tier) is None:
        return f"unknown: {found.origin} has no price of tier {tier}"
    if found is not None:
        dated = f" (newest price of {price_list.newest()})" if isinstance(price, Listed) else ""
        return f"{found.origin}{dated}"
    if not isinstance(price, Listed):
        return "unknown"
    provider, name = provider_of(price), price.names[0]
    if provider is None:
        return f"unknown: {price_list.version()} has no service at its base URL"
    return f"unknown: {price_list.version()} has no price per token of {name} at {provider}"


def price_digest(price: Priced | None) -> str:
    """Return a digest that changes whenever answers may cost something else."""
    if not isinstance(price, Listed):
        return digest(price and asdict(price))
    provider = provider_of(price)
    known = provider and [price_list.version(), provider, price.names]
    return digest([known, price.batches and asdict(price.batches)])


def price_of(
    price: Priced | None, tier: str | None = None, at: float | None = None
) -> Price | None:
    """Return the price of a tier at a Unix time (default: now), None where it is unknown."""
    if not isinstance(price, Listed):
        return price and price.in_tier(tier)
    provider = provider_of(price)
    if provider is None:
        return None
    moment = time.time() if at is None else at
    return price_list.listed(provider, price.names, tier, moment, price.batches)


def prices_to_come(price: Priced | None, asked: str | None, batch: bool) -> list[Price | None]:
    """Return every price that a request may be charged at within a day, None for an unknown one.

    `asked` is the service tier that it names. A service may choose any tier if it names none.
    """
    if isinstance(price, Listed):
        provider = provider_of(price)
        if provider is None:
            return [None]
        now = time.time()
        return [
            price_list.listed(provider, price.names, tier, now + ahead, price.batches)
            for tier in _tiers(asked, batch, price_list.tiers(provider, price.names))
            for ahead in range(0, DAY_S, DAY_S // 8)
        ]
    known = frozenset(price.tiers if price else ()) - {BATCH}
    return [price_of(price, tier) for tier in _tiers(asked, batch, known)]


def _tiers(asked: str | None, batch: bool, known: Iterable[str]) -> list[str | None]:
    """Return the tiers that a request may be charged at, of those that are `known`."""
    return [BATCH] if batch else [None, *({asked} if asked not in (None, "auto") else known)]


def provider_of(price: Listed) -> str | None:
    """Return the provider of the price list that answers, None where it is not certain."""
    if price.provider is not None:
        return price.provider
    found = {price_list.provider_of(url) if url else None for url in _urls(price)}
    return found.pop() if len(found) == 1 else None


def _urls(price: Listed) -> list[str | None]:
    """Return where the requests of each key go, None where it is not known here."""
    return [(variable(name) if name else "") or url for name, url in price.urls]

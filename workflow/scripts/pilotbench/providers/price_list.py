"""The price list of the package genai-prices: what services publish, with the dates of changes.

The data are part of the package; nothing is downloaded. The list is used only where the provider is
certain: by its URL, or because the config names it (`priced_as`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pilotbench.ground.errors import hint
from pilotbench.providers.answer import BATCH
from pilotbench.providers.price import BatchDiscount, Layer, Price, of_layers, tier_name

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, PriceVariant, Provider

PACKAGE = "genai-prices"
MODULES = ("genai_prices.data",)
"""What a look-up imports, in a sixth of a second."""
_RATES = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cached",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
}
NOT_COUNTED = frozenset(
    {"requests_kcount", "output_reasoning_mtok", "output_citation_mtok", "input_image_mtok"}
)
"""Charges that do not follow from the counts of an answer: such a model has no known price."""
_WORDS = ("service_tier", "speed")
"""What the list calls a tier."""
MINUTE_S = 60.0
_ENDS = ("", "/", ":")
"""What may follow the name of a host."""


@cache
def version() -> str:
    """Return name and version of the price list."""
    from importlib.metadata import version as installed

    return f"{PACKAGE} {installed(PACKAGE)}"


@cache
def newest() -> str:
    """Return the date of the newest price in the list that is in force."""
    from genai_prices.data_snapshot import get_snapshot
    from genai_prices.types import StartDateConstraint

    today, dates = datetime.now(UTC).date(), set()
    for model in (model for provider in get_snapshot().providers for model in provider.models):
        prices = model.prices if isinstance(model.prices, list) else []
        for one in (*prices, *(model.price_variants or ())):
            if isinstance(one.constraint, StartDateConstraint):
                dates.add(one.constraint.start_date)
    return max(date for date in dates if date <= today).isoformat()


def listed(
    provider: str, names: Iterable[str], tier: str | None, at: float, batches: BatchDiscount | None
) -> Price | None:
    """Return the price of the first of `names` that a provider has, at Unix time `at` in s.

    None where the list does not know the model, or the tier then. Its prices change at whole
    minutes at the most.
    """
    minute = at // MINUTE_S * MINUTE_S
    return _listed(provider, tuple(names), tier_name(tier), minute, batches)


@lru_cache(maxsize=4096)
def _listed(
    provider: str, names: tuple[str, ...], tier: str, at: float, batches: BatchDiscount | None
) -> Price | None:
    found = next(filter(None, (find(provider, name) for name in names)), None)
    if found is None:
        return None
    seller, model = found
    moment = datetime.fromtimestamp(at, UTC)
    usual = _price([model.get_prices(moment)])
    if usual is None or not tier or usual.is_free:
        return usual
    changed = _variant(seller, model, tier, moment)
    if changed is not None:
        return _price([model.get_prices(moment), changed])
    return usual.in_batches(batches) if tier == BATCH and batches is not None else None


def tiers(provider: str, names: Iterable[str]) -> frozenset[str]:
    """Return the tiers that the list knows of a model, at any time, without batches."""
    found = next(filter(None, (find(provider, name) for name in names)), None)
    variants = () if found is None else _variants(*found)
    words = {variant.when.get(word) for variant in variants for word in _WORDS}
    return frozenset(word for word in words if word and tier_name(word))


def _variants(seller: Provider, model: ModelInfo) -> Sequence[PriceVariant]:
    """Return the tiers of a model; one that is priced as another provider's has none."""
    is_own = any(model is own for own in seller.models)
    return model.price_variants or () if is_own else ()


def _variant(seller: Provider, model: ModelInfo, tier: str, moment: datetime) -> ModelPrice | None:
    """Return what a tier changes of the usual price, None where the tier is unknown."""
    wanted = [{"processing": BATCH}] if tier == BATCH else [{word: tier} for word in _WORDS]
    for variant in _variants(seller, model):
        active = variant.constraint is None or variant.constraint.active(moment)
        if active and variant.when in wanted:
            return variant.prices
    return None


def _price(several: list[ModelPrice]) -> Price | None:
    """Return a price; later ones replace rates of earlier ones. None where it is not known."""
    layers = [_layer(prices) for prices in several]
    names = {name for prices in several for name, rate in vars(prices).items() if rate is not None}
    if not {"input_mtok", "output_mtok"} <= names or names & NOT_COUNTED:
        return None
    return of_layers(layers, version())


def _layer(prices: ModelPrice) -> Layer:
    """Return the rates of the list as the config would write them.

    A rate without lengths holds for every length, so that it replaces what an earlier layer has.
    """
    from genai_prices.types import TieredPrices

    layer: dict[str, float] = {}
    above: dict[int, dict[str, float]] = {}
    for key, name in _RATES.items():
        rate = getattr(prices, key, None)
        if isinstance(rate, TieredPrices):
            for tier in rate.tiers:
                above.setdefault(tier.start, {})[name] = float(tier.price)
            rate = rate.base
        if rate is not None:
            layer[name] = float(rate)
    return {**layer, "above": above}


@lru_cache(maxsize=1024)
def find(provider: str, name: str) -> tuple[Provider, ModelInfo] | None:
    """Return a provider of the list and its model of this name, None where it has none."""
    from genai_prices.data_snapshot import find_provider_by_id, get_snapshot

    known = get_snapshot().providers
    seller = find_provider_by_id(known, provider)
    model = None if seller is None else seller.find_model(name, all_providers=known)
    return None if seller is None or model is None else (seller, model)


@lru_cache(maxsize=256)
def provider_of(url: str) -> str | None:
    """Return the provider of the list whose service is at `url`, None where none is certain."""
    return next(_providers_at(url), None)


def _providers_at(url: str) -> Iterator[str]:
    """Yield the providers of a URL; one that no pattern names by its path is known by its host."""
    from genai_prices.data_snapshot import get_snapshot

    parts = urlsplit(url)
    host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
    for provider in get_snapshot().providers:
        has_path = "/" in provider.api_pattern.partition("://")[2]
        place = url if has_path else host
        found = re.match(provider.api_pattern, place)
        if found and (found[0][-1] in "/." or place[found.end() : found.end() + 1] in _ENDS):
            yield provider.id


def problem(provider: str, name: str) -> str | None:
    """Return why the list has no such model, None if it has it."""
    from genai_prices.data_snapshot import find_provider_by_id, get_snapshot

    known = get_snapshot().providers
    seller = find_provider_by_id(known, provider)
    if seller is None:
        ids = [one.id for one in known]
        return f"names a provider that {version()} does not have{hint(provider, ids)}"
    if find(provider, name) is None:
        close = get_close_matches(name, [model.id for model in seller.models], n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        return f"names a model that {version()} does not have of {seller.id}{meant}"
    return None

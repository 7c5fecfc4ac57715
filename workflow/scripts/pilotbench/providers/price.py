"""What a model's tokens cost: as the config says, or where to find it in the price list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from pilotbench.providers.answer import BATCH

UNKNOWN = "unknown"
"""The `price` of a model that has none, not even that of the price list."""
STANDARD_TIERS = frozenset(
    {"", "default", "standard", "standard_only", "auto", "on_demand", "unspecified"}
)
"""The words of services, and of requests, for the usual tier."""


def tier_name(reported: str | None) -> str:
    """Return a tier as prices name it: ON_DEMAND_FLEX is flex; empty for the usual one."""
    name = (reported or "").lower()
    name = name if name in STANDARD_TIERS else name.removeprefix("on_demand_")
    return "" if name in STANDARD_TIERS else name


@dataclass(frozen=True)
class BatchDiscount:
    """What a kind of service charges in a batch, as a share of the usual price.

    `cache` is the share for reading from the cache and writing to it. `source` is where the
    service says so.
    """

    share: float
    cache: float
    source: str


@dataclass(frozen=True)
class Price:
    """USD per million tokens; `cached` and the cache writes are parts of the input.

    `cache_write` None is the price of input, `cache_write_1h` None that of `cache_write`. A request
    whose input has more tokens than a number of `above` has that price for all of its tokens.
    `tiers` are the prices of service tiers and of batches. `origin` says where the price is from.
    """

    input: float
    output: float
    cached: float
    cache_write: float | None = None
    cache_write_1h: float | None = None
    above: tuple[tuple[int, Price], ...] = ()
    tiers: Mapping[str, Price] = field(default_factory=dict)
    origin: str = "config"

    def in_tier(self, tier: str | None) -> Price | None:
        """Return the price of a service tier; None where it is unknown, never the usual one."""
        name = tier_name(tier)
        return self if not name or self.is_free else self.tiers.get(name)

    def of_input(self, tokens: float) -> Price:
        """Return the price of a request with so many input tokens."""
        return next((price for start, price in reversed(self.above) if tokens > start), self)

    @property
    def sizes(self) -> tuple[Price, ...]:
        """The prices of this tier for the various lengths of the input."""
        return (self, *(price for _, price in self.above))

    @property
    def is_free(self) -> bool:
        """Whether every token of this tier costs nothing."""
        return not any(any(price.rates) for price in self.sizes)

    @property
    def rates(self) -> tuple[float, float, float, float, float]:
        """USD per million tokens: input, output, cached, cache writes, cache writes for an hour."""
        written = self.input if self.cache_write is None else self.cache_write
        hour = written if self.cache_write_1h is None else self.cache_write_1h
        return self.input, self.output, self.cached, written, hour

    def in_batches(self, discount: BatchDiscount) -> Price:
        """Return the price in batches: cached tokens cost no more there than other input."""
        given, made, cached, written, hour = self.rates
        cheap = discount.share * given
        return Price(
            input=cheap,
            output=discount.share * made,
            cached=min(discount.cache * cached, max(cheap, discount.share * cached)),
            cache_write=cheap if written == given else discount.cache * written,
            cache_write_1h=cheap if hour == given else discount.cache * hour,
            above=tuple((start, price.in_batches(discount)) for start, price in self.above),
            origin=f"{self.origin}, batches at {discount.share:g} of it",
        )


RATES = tuple(one.name for one in fields(Price))[:5]
Layer = Mapping[str, Any]


def of_config(entry: Layer, batches: BatchDiscount | None = None) -> Price:
    """Return the price of an entry of the config; `batches` apply where it has no `batch`.

    A tier has what it says itself, else what the usual price says; a number is a share of it.
    """
    usual = of_layers([entry])
    given = dict(entry.get("tiers") or {})
    if "batch" in entry:
        given[BATCH] = entry["batch"]
    tiers = {tier_name(name): _tier(entry, usual, layer) for name, layer in given.items()}
    if batches is not None:
        tiers.setdefault(BATCH, usual.in_batches(batches))
    return replace(usual, tiers=tiers)


def _tier(entry: Layer, usual: Price, layer: Layer | float) -> Price:
    return of_layers([entry, layer]) if isinstance(layer, Mapping) else _scaled(usual, layer)


def _scaled(price: Price, share: float) -> Price:
    above = tuple((start, _scaled(larger, share)) for start, larger in price.above)
    given, made, cached, written, hour = (share * rate for rate in price.rates)
    return Price(given, made, cached, written, hour, above, origin=price.origin)


def of_layers(layers: Iterable[Layer], origin: str = "config") -> Price:
    """Return the price of mappings with rates and `above`; later ones replace rates of earlier."""
    several = list(layers)
    starts = sorted({int(start) for layer in several for start in layer.get("above") or {}})
    above = tuple((start, _of_rates(_rates(several, start), origin)) for start in starts)
    return replace(_of_rates(_rates(several, 0), origin), above=above)


def _rates(layers: Iterable[Layer], size: int) -> dict[str, float]:
    """Return the rates for an input just above `size` tokens."""
    found: dict[str, float] = {}
    for layer in layers:
        larger = {int(start): rates for start, rates in (layer.get("above") or {}).items()}
        applied = [layer, *(larger[start] for start in sorted(larger) if start <= size)]
        for rates in applied:
            found |= {name: rates[name] for name in RATES if name in rates}
    return found


def _of_rates(rates: Mapping[str, float], origin: str) -> Price:
    return Price(
        rates["input"],
        rates["output"],
        rates.get("cached", rates["input"]),
        rates.get("cache_write"),
        rates.get("cache_write_1h"),
        origin=origin,
    )


@dataclass(frozen=True)
class Listed:
    """A model whose price the price list may have; it is looked up where it is needed.

    `names` are those that the list may have, the surest first. Its provider is `provider`, or the
    one that all of `urls` belong to: (variable that overrides it, URL) of each key. `batches` is
    what the kind charges in a batch where the list does not say.
    """

    names: tuple[str, ...]
    provider: str | None = None
    urls: tuple[tuple[str | None, str | None], ...] = ()
    batches: BatchDiscount | None = None


Priced = Price | Listed

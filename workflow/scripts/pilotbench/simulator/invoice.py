"""The invoice of a simulator, as a provider writes it: by key, model, day and tier.

It is computed apart from pilot-bench's own prices, so that the two can be compared: from the counts
that the answers reported and the prices of the set-up, exactly, and rounded at the very end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from pilotbench.simulator.apis.api import BATCH, STANDARD, Usage
from pilotbench.simulator.ground.setup import ModelSetup

Json = dict[str, Any]
Item = tuple[str, str, str, str]
"""Key, model, day in UTC, tier."""
HALF = 0.5
"""The share of the usual price that a line of a batch costs unless the set-up says otherwise."""


@dataclass
class Charged:
    """What was charged for one item; `usd` is None where the set-up has no price."""

    requests: int = 0
    input: int = 0
    cached: int = 0
    cache_writes: int = 0
    output: int = 0
    reasoning: int = 0
    usd: Fraction | None = Fraction(0)

    def add(self, usage: Usage, usd: Fraction | None) -> None:
        """Charge one answer."""
        self.requests += 1
        self.input += usage.input
        self.cached += usage.cached
        self.cache_writes += usage.written
        self.output += usage.output
        self.reasoning += usage.reasoning
        self.usd = None if self.usd is None or usd is None else self.usd + usd


class Invoice:
    """Everything that was charged since the simulator began."""

    def __init__(self, models: Mapping[str, ModelSetup]) -> None:
        self._models = models
        self._items: dict[Item, Charged] = {}

    def charge(self, key: str, model: str, tier: str, usage: Usage, at: float) -> None:
        """Charge one answer at a Unix time in s."""
        entry = self._models.get(model)
        usd = None if entry is None or entry.price is None else cost(entry.price, tier, usage)
        day = datetime.fromtimestamp(at, UTC).date().isoformat()
        self._items.setdefault((key, model, day, tier), Charged()).add(usage, usd)

    def as_json(self) -> Json:
        """Return the rows, and the total in USD (None if a price is unknown)."""
        rows = [_row(item, self._items[item]) for item in sorted(self._items)]
        each = [charged.usd for charged in self._items.values()]
        known = [usd for usd in each if usd is not None]
        total = float(sum(known, Fraction(0))) if len(known) == len(each) else None
        return {"rows": rows, "usd": total}


def _row(item: Item, charged: Charged) -> Json:
    counts = {one.name: getattr(charged, one.name) for one in fields(Charged)}
    usd = None if charged.usd is None else float(charged.usd)
    return dict(zip(("key", "model", "day", "tier"), item, strict=True)) | counts | {"usd": usd}


def cost(price: Json, tier: str, usage: Usage) -> Fraction | None:
    """Return what an answer costs in USD, None where the price of its tier is not set."""
    rates = _of_tier(price, tier, usage.input)
    if rates is None:
        return None
    fresh = usage.input - usage.cached - usage.written
    counts = {"input": fresh, "cached": usage.cached, "cache_write": usage.written}
    counts["output"] = usage.output
    return sum((rates[name] * count for name, count in counts.items()), Fraction(0)) / 10**6


def _of_tier(price: Json, tier: str, size: int) -> dict[str, Fraction] | None:
    """Return USD per million tokens; a tier says a share of the usual price, or what differs."""
    tiers = {STANDARD: {}, BATCH: price.get("batch", HALF), **(price.get("tiers") or {})}
    if tier not in tiers:
        return None
    own = tiers[tier]
    if isinstance(own, Mapping):
        return _rates(_of_size(price, size) | _of_size(own, size))
    usual = _rates(_of_size(price, size))
    return {name: rate * Fraction(str(own)) for name, rate in usual.items()}


def _of_size(price: Mapping[str, Any], size: int) -> Json:
    """Return the prices of an input of so many tokens."""
    found = dict(price)
    for start, larger in sorted((price.get("above") or {}).items(), key=lambda one: int(one[0])):
        found |= larger if size > int(start) else {}
    return found


def _rates(price: Json) -> dict[str, Fraction]:
    """Return the four rates; what is not set costs what input costs."""
    names = ("input", "output", "cached", "cache_write")
    return {name: Fraction(str(price.get(name, price["input"]))) for name in names}

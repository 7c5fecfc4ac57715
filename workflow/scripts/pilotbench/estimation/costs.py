"""What the load of a cell costs: by tier and lane, length of the requests, and cached input."""

from __future__ import annotations

from dataclasses import dataclass

from pilotbench.asking.prices import price_of, prices_to_come, usd
from pilotbench.estimation.cells import CellLoad
from pilotbench.estimation.ranges import Range
from pilotbench.providers.price import Price
from pilotbench.providers.settings import BATCH, Model


@dataclass(frozen=True)
class ModelPrices:
    """The likely price of a model's requests, and every price that they may be charged at."""

    likely: Price
    possible: tuple[Price, ...]

    @classmethod
    def of(cls, model: Model) -> ModelPrices | None:
        """Return the prices of a model, None if the likely one is unknown.

        What the batch lane leaves is asked online, so that its prices may apply there too.
        """
        batches, asked = model.lane == BATCH, model.service_tier
        likely = price_of(model.price, model.likely_tier)
        if likely is None:
            return None
        lanes = (True, False) if batches else (False,)
        found = (one for lane in lanes for one in prices_to_come(model.price, asked, lane))
        return cls(likely, (likely, *(one for one in found if one is not None)))

    def usd(self, load: CellLoad) -> Range:
        """Return the cost with most of the input cached, with the likely part, and with least.

        With least, most of it may be stored in the cache, where that has a price of its own. No
        request is longer than twice the mean, since a conversation grows by about the same length
        each turn; the first one is at least half as long.
        """
        work, cached, stored = load.work, load.cached, load.cache_writes
        low = min(_usd(one, load, "low", cached.high, 0.0, 0.5) for one in self.possible)
        likely = _usd(self.likely, load, "middle", cached.middle, stored.middle, 1.0)
        high = max(
            _usd(one, load, "high", cached.low, share, 2.0)
            for one in self.possible
            for share in (0.0, stored.high)
        )
        return Range(min(low, likely), likely, max(high, likely)) if work.requests.high else Range()


def _usd(
    price: Price, load: CellLoad, end: str, cached: float, stored: float, length: float
) -> float:
    requests, sent, said = (
        getattr(part, end) for part in (load.work.requests, load.work.input, load.work.output)
    )
    return usd(
        price.of_input(length * sent / max(requests, 1e-9)),
        input=sent,
        cached=sent * cached,
        output=said,
        cache_writes=sent * min(stored, 1 - cached),
    )

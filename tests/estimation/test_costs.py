"""What a load costs: by tier, lane, length of the requests, and cached input."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.estimation.cells import CellLoad
from pilotbench.estimation.costs import ModelPrices
from pilotbench.estimation.ranges import Range, Workload
from pilotbench.providers.price import of_config
from pilotbench.providers.settings import Model

WORK = Workload(Range(10, 20, 30), Range(1e6, 2e6, 4e6), Range(1e5, 2e5, 4e5))
ANY = CellLoad(WORK, Range(0, 0, 1), Range(0, 0, 1))
"""Nothing is known of the cache."""
PRICE = {"input": 1.0, "output": 2.0, "cached": 0.5}


def cost(load: CellLoad = ANY, lane: str = "online", **price: Any) -> Range:
    found = ModelPrices.of(Model("m", "p", "d", price=of_config({**PRICE, **price}), lane=lane))
    assert found is not None
    return found.usd(load)


def test_without_history_any_part_of_the_input_may_be_cached() -> None:
    assert cost() == Range(0.5 + 0.2, 2 + 0.4, 4 + 0.8)


def test_the_highest_cost_has_the_price_of_writing_to_the_cache() -> None:
    written = cost(cache_write=1.25)
    assert (written.low, written.middle) == (cost().low, cost().middle)
    assert written.high == pytest.approx(1.25 * 4 + 0.8)


def test_cache_hits_and_writes_so_far_count_for_what_is_likely() -> None:
    seen = CellLoad(WORK, Range(0.25, 0.5, 0.75), Range(0.1, 0.2, 0.6))
    assert cost(seen, cache_write=2.0).middle == pytest.approx(0.5 + 0.4 * 2 + 0.6 + 0.4)


def test_a_batch_is_likely_at_its_price_and_at_most_at_that_online() -> None:
    batch = cost(lane="batch", batch=0.5)
    assert batch.middle == pytest.approx(cost().middle / 2)
    assert batch.high == cost().high


@pytest.mark.parametrize(("start", "middle"), [(50_000, 4.0), (150_000, 2.0)])
def test_long_requests_have_the_price_of_their_length(start: int, middle: float) -> None:
    long = cost(above={start: {"input": 2.0}})
    assert long.middle == pytest.approx(middle + 0.4)
    assert long.high == pytest.approx(8 + 0.8)


def test_a_model_without_a_price_has_no_cost() -> None:
    assert ModelPrices.of(Model("m", "p", "d")) is None

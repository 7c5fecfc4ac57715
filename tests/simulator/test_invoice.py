"""The invoice of the simulator: what was answered, at the prices of the set-up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest

from pilotbench.ground.errors import UserError
from pilotbench.simulator.apis.api import Usage
from pilotbench.simulator.ground import setup
from pilotbench.simulator.invoice import cost
from support import Simulator
from support.raw_apis import APIS, FAMILIES, Raw, opening

Json = dict[str, Any]
USAGE = Usage(input=1000, output=100, cached=400, written=200)
PRICE: Json = {
    "input": 10, "output": 40, "cached": 1, "cache_write": 12.5,
    "tiers": {"flex": 0.5, "priority": {"input": 20, "output": 80}},
    "above": {500: {"input": 20}},
}  # fmt: skip
PLAIN: Json = {"input": 10, "output": 40}


@pytest.mark.parametrize(
    ("price", "tier", "usage", "microdollars"),
    [
        (PLAIN, "standard", USAGE, 1000 * 10 + 100 * 40),
        (PLAIN, "batch", USAGE, (1000 * 10 + 100 * 40) / 2),
        (PLAIN, "flex", USAGE, None),
        (PLAIN | {"batch": 0.25}, "batch", USAGE, (1000 * 10 + 100 * 40) / 4),
        (PLAIN | {"batch": {"input": 1}}, "batch", USAGE, 1000 * 1 + 100 * 40),
        (PRICE, "standard", Usage(500, 100), 500 * 10 + 100 * 40),
        (PRICE, "standard", USAGE, 400 * 20 + 400 * 1 + 200 * 12.5 + 100 * 40),
        (PRICE, "flex", USAGE, (400 * 20 + 400 * 1 + 200 * 12.5 + 100 * 40) / 2),
        (PRICE, "priority", USAGE, 400 * 20 + 400 * 1 + 200 * 12.5 + 100 * 80),
    ],
)
def test_an_answer_costs_what_its_tier_says(
    price: Json, tier: str, usage: Usage, microdollars: float | None
) -> None:
    expected = None if microdollars is None else Fraction(str(microdollars)) / 10**6
    assert cost(price, tier, usage) == expected


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    models = {api: {"family": FAMILIES[api], "price": PRICE} for api in APIS}
    with Simulator(keys={"k": {}}, models=models) as simulator:
        yield simulator


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api", APIS)
def test_each_answer_is_charged_as_it_was_reported(
    simulator: Simulator, api: str, stream: bool
) -> None:
    simulator.reset()
    client, body = Raw(api, simulator.address, "sk-k"), opening(api, api)
    name = "serviceTier" if api == "gemini" else "service_tier"
    for tier in ("flex", "flex", "priority"):
        assert client.post({**body, name: tier}, stream=stream).ok
    assert client.post(body).ok
    invoice = simulator.invoice()
    rows = {row["tier"]: row for row in invoice["rows"]}
    assert {tier: row["requests"] for tier, row in rows.items()} == {
        "flex": 2, "priority": 1, "standard": 1,
    }  # fmt: skip
    today = datetime.now(UTC).date().isoformat()
    assert {(row["key"], row["model"], row["day"]) for row in rows.values()} <= {("k", api, today)}
    for tier, row in rows.items():
        counts = (row["input"], row["output"], row["reasoning"], row["cached"])
        one = cost(PRICE, tier, Usage(*(count // row["requests"] for count in counts)))
        assert one is not None
        assert row["usd"] == pytest.approx(float(one) * row["requests"], abs=1e-12)
    assert invoice["usd"] == pytest.approx(sum(row["usd"] for row in rows.values()))


def test_an_answer_that_was_broken_off_is_charged_and_no_error_is() -> None:
    faults = {"unusable": 1.0}
    with Simulator(keys={"k": {}}, models={"m": {"price": PLAIN}}, faults=faults) as simulator:
        client, body = Raw("chat", simulator.address, "sk-k"), opening("chat", "m", tools=False)
        choice = client.post(body).json()["choices"][0]
        assert choice["finish_reason"] == "error"
        assert Raw("chat", simulator.address, "sk-other").post(body).status_code == 401
        (row,) = simulator.invoice()["rows"]
        assert row["requests"] == 1
        assert simulator.stats()["total"]["answered"] == 0


def test_without_a_price_the_total_is_unknown() -> None:
    with Simulator(models={"m": {"price": PLAIN}}) as simulator:
        for model in ("m", "other"):
            body = opening("chat", model, tools=False)
            assert Raw("chat", simulator.address).post(body).ok
        invoice = simulator.invoice()
    assert {row["model"]: row["usd"] is None for row in invoice["rows"]} == {
        "m": False, "other": True,
    }  # fmt: skip
    assert invoice["usd"] is None


@pytest.mark.parametrize("price", [3, {"input": 1}, []])
def test_a_price_of_a_wrong_form_is_one_line(price: Any) -> None:
    with pytest.raises(UserError, match=r"models\.m: price must have input and output"):
        setup.from_mapping({"models": {"m": {"price": price}}})

"""A guess from the next request alone: bounds that hold for whatever a model does."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.players.plan_sizes import Sizes
from pilotbench.estimation.guess import Outlook, guess, outlook
from pilotbench.estimation.needs import Start
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_formats.messages import MOST_OUTPUT

MODEL = Model("m", "p", "d", parameters={"max_tokens": 100})


def ahead(
    prompt: str = "baseline", lookups: int = 0, rate: str = "0.8", turns: int = 13
) -> Outlook:
    return outlook(MODEL, prompt, rate, turns, plan=2, lookups=lookups)


@pytest.mark.parametrize("turn", [0, 1, 12])
def test_an_episode_ends_with_its_next_message_or_uses_every_turn(turn: int) -> None:
    load = guess(Start(turn, 9000), ahead())
    assert (load.requests.low, load.requests.high) == (1, 13 - turn)
    assert load.requests.low <= load.requests.middle <= load.requests.high
    assert load.output.high == (13 - turn) * 100


def test_each_request_carries_all_before_it() -> None:
    one, ten = guess(Start(0, 9000), ahead(turns=1)), guess(Start(0, 9000), ahead(turns=10))
    assert ten.input.high > 10 * one.input.high


def test_a_begun_episode_costs_less_than_a_fresh_one_of_the_same_size() -> None:
    fresh, begun = guess(Start(0, 9000), ahead()), guess(Start(2, 9000), ahead())
    assert begun.requests.middle == fresh.requests.middle - 2
    assert begun.input.high < fresh.input.high


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (ahead(rate="1.0"), ahead(rate="0.6")),
        (ahead(), ahead(lookups=2)),
    ],
)
def test_failing_tools_and_looking_up_cost_turns(less: Outlook, more: Outlook) -> None:
    start = Start(0, 9000)
    assert guess(start, more).requests.middle > guess(start, less).requests.middle


def test_a_question_without_tools_is_one_request() -> None:
    load = guess(Start(0, 500), outlook(MODEL, "baseline", "none", 1, plan=0))
    assert (load.requests.low, load.requests.middle, load.requests.high) == (1, 1, 1)


@pytest.mark.parametrize(
    "parameters",
    [{"reasoning_effort": "low"}, {"thinking": {"type": "adaptive"}}, {"effort": "low"}],
)
def test_a_model_that_reasons_is_expected_to_write_more(parameters: dict[str, Any]) -> None:
    plain, reasons = (
        outlook(Model("m", "p", "d", api="messages", parameters=given), "baseline", "1.0", 9, 2)
        for given in ({}, parameters)
    )
    assert reasons.said > plain.said


def test_the_limit_that_a_wire_format_adds_is_a_bound() -> None:
    model = Model("m", "p", "d", api="messages")
    assert outlook(model, "baseline", "1.0", 9, 2).bound == MOST_OUTPUT


def test_messages_of_version_4_count_by_their_sizes() -> None:
    usual = outlook(MODEL, "baseline", "0.8", 30, 10)
    large = outlook(MODEL, "baseline", "0.8", 30, 10, sizes=[Sizes(900, 20_000), Sizes(700, 500)])
    start = Start(0, 9000)
    assert guess(start, large).input.middle > guess(start, usual).input.middle
    assert guess(start, large).input.high > 5 * guess(start, usual).input.high
    small = outlook(MODEL, "baseline", "0.8", 30, 10, sizes=[Sizes(100, 500)])
    assert guess(start, small).input.high == guess(start, usual).input.high

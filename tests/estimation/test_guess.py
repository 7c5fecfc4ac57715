"""A guess from the next request alone: bounds that hold for whatever a model does."""

from __future__ import annotations

import pytest

from pilotbench.estimation.guess import Outlook, guess, outlook
from pilotbench.estimation.needs import Start
from pilotbench.providers.settings import Model

MODEL = Model("m", "p", "d", parameters={"max_tokens": 100})


def ahead(
    prompt: str = "baseline", difficulty: str = "easy", rate: str = "0.8", turns: int = 13
) -> Outlook:
    return outlook(MODEL, prompt, difficulty, rate, turns, plan=2)


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
        (ahead(), ahead(difficulty="hard")),
    ],
)
def test_failing_tools_and_looking_up_cost_turns(less: Outlook, more: Outlook) -> None:
    start = Start(0, 9000)
    assert guess(start, more).requests.middle > guess(start, less).requests.middle


def test_a_question_without_tools_is_one_request() -> None:
    load = guess(Start(0, 500), outlook(MODEL, "baseline", "none", "none", 1, plan=0))
    assert (load.requests.low, load.requests.middle, load.requests.high) == (1, 1, 1)

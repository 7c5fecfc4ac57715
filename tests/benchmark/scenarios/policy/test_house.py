"""House rules mean what they declare, and their text suffices to know it."""

from __future__ import annotations

import pytest

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.house import (
    drawn_and_written,
    judged,
)
from support.house_rules import declared, read, rules_of, rulings, work_of

SIZES = (1000, 2000, 4000)
CORES = 3000
READ = 40


@pytest.mark.parametrize("words", SIZES)
def test_the_rulings_are_those_of_an_evaluator_of_its_own(words: int) -> None:
    for index in range(CORES // len(SIZES)):
        work = work_of(index, 1 + index % 12)
        drawn, written = drawn_and_written(SeededRandom("house", index), work, words, False)
        house = judged(work, drawn, written)
        assert house.rulings == rulings(work, declared(work, drawn, written)), index


@pytest.mark.parametrize("words", SIZES)
def test_the_text_suffices_for_the_rulings(words: int) -> None:
    for index in range(READ):
        forbidden = index % 5 == 0
        work = work_of(index)
        house = rules_of(index, words, forbidden)
        understood = read(house.text, work)
        assert understood.today == work.today
        assert house.rulings == rulings(work, understood), index


@pytest.mark.parametrize("words", SIZES)
def test_a_stop_forbids_the_request_and_only_when_it_is_wanted(words: int) -> None:
    for index in range(100):
        for forbidden in (False, True):
            house = rules_of(index, words, forbidden)
            assert house.forbidden == forbidden
            assert "forbidden" in house.text
            assert (set(house.rulings) == {"hold"}) >= forbidden


def test_the_same_draws_give_the_same_rules() -> None:
    assert rules_of(3, 2000) == rules_of(3, 2000)
    assert rules_of(3, 2000).text != rules_of(4, 2000).text

"""What only looks as though it mattered applies to no record today."""

from __future__ import annotations

import pytest

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.house import drawn_and_written
from pilotbench.benchmark.scenarios.policy.rules import Bits
from support.house_rules import work_of


@pytest.mark.parametrize(("words", "least"), [(1000, 3), (2000, 5), (4000, 8)])
def test_decoys_apply_to_no_record_today(words: int, least: int) -> None:
    for index in range(60):
        work = work_of(index)
        drawn, _ = drawn_and_written(SeededRandom("house", index), work, words, False)
        bits = Bits(work.records, work.subject.amount, work.over)
        decoys = drawn.rules.rules[len(drawn.weighed) :]
        assert len(decoys) >= least
        for rule in decoys:
            assert not (rule.in_force(work.noun, work.today) and bits.weigh(rule).applies)


@pytest.mark.parametrize("forbidden", [False, True])
def test_there_are_stops_that_forbid_nothing_beside_the_one_that_does(forbidden: bool) -> None:
    for index in range(60):
        work = work_of(index)
        drawn, _ = drawn_and_written(SeededRandom("house", index), work, 1000, forbidden)
        in_force = [stop.in_force(work.noun, work.today) for stop in drawn.rules.stops]
        assert sum(in_force) == forbidden
        assert in_force.count(False) >= 1

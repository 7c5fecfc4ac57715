"""Rules in force are decisive, and long sets have exemptions and conflicts."""

from __future__ import annotations

import pytest

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.house import (
    drawn_and_written,
)
from pilotbench.benchmark.scenarios.policy.proposals import in_conflict
from pilotbench.benchmark.scenarios.policy.rules import Bits, settle
from support.house_rules import work_of

SIZES = (1000, 2000, 4000)
CORES = 3000
READ = 40


@pytest.mark.parametrize(("words", "share"), [(2000, 0.97), (4000, 0.97)])
def test_long_rules_have_exemptions_from_exemptions_and_conflicts(words: int, share: float) -> None:
    conflicts = nested = 0
    for index in range(100):
        drawn, _ = drawn_and_written(SeededRandom("house", index), work_of(index), words, False)
        conflicts += bool(in_conflict(drawn.weighed))
        nested += any(one.rule.even_so for one in drawn.weighed)
    assert conflicts >= 100 * share
    assert nested >= 93


@pytest.mark.parametrize("words", SIZES)
def test_a_rule_that_could_be_left_out_lost_a_conflict(words: int) -> None:
    """All rules in force apply to some record and not to all."""
    for index in range(60):
        work = work_of(index)
        drawn, _ = drawn_and_written(SeededRandom("house", index), work, words, False)
        every = (1 << len(work.records)) - 1
        assert all(0 < one.applies < every for one in drawn.weighed)
        limits = [one for one in drawn.rules.limits if not one.first]
        act = Bits(work.records, work.subject.amount, work.over).qualifying(
            limits[-1].limit if limits else work.limit
        )
        rest = ([one for one in drawn.weighed if one is not left] for left in drawn.weighed)
        idle = sum(settle(act, others) == drawn.outcome for others in rest)
        assert not idle or in_conflict(drawn.weighed)

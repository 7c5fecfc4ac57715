"""Rules that are drawn matter to the items of the list."""

from __future__ import annotations

import pytest

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.house import (
    drawn_and_written,
)
from pilotbench.benchmark.scenarios.terms.subjects import ROUND
from support.house_rules import rules_of, work_of

SIZES = (1000, 2000, 4000)
CORES = 3000
READ = 40


@pytest.mark.parametrize(("words", "share"), [(1000, 0.98), (2000, 0.98), (4000, 0.98)])
def test_the_rules_change_what_happens_to_two_of_six_items(words: int, share: float) -> None:
    """And there is always something to do."""
    changed = 0
    for index in range(200):
        work, house = work_of(index), rules_of(index, words)
        amounts = [record[work.subject.amount] for record in work.records]
        counts = [one > work.limit if work.over else one < work.limit for one in amounts]
        naive = ["act" if one else "rest" for one in counts]
        changed += sum(a != b for a, b in zip(naive, house.rulings, strict=True)) >= 2
        assert "act" in house.rulings
    assert changed >= 200 * share


def test_the_newer_of_two_notices_counts_at_every_size() -> None:
    for words in SIZES:
        for index in range(50):
            work = work_of(index)
            drawn, _ = drawn_and_written(SeededRandom("house", index), work, words, False)
            restored = [one for one in drawn.weighed if one.rule.notices]
            assert restored or len(drawn.rules.limits) >= 2


@pytest.mark.parametrize("words", SIZES)
def test_no_amount_is_exactly_at_a_limit_of_the_rules(words: int) -> None:
    for index in range(200):
        work = work_of(index)
        drawn, _ = drawn_and_written(SeededRandom("house", index), work, words, False)
        limits = [one.limit for one in drawn.rules.limits]
        limits += [one.rule.limit for one in drawn.weighed]
        assert not [limit for limit in limits if limit % ROUND], index

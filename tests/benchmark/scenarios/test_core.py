"""The core of an index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from statistics import median

import pytest

from pilotbench.benchmark.scenarios.core import (
    ACTS,
    APART,
    DETAILS,
    LISTINGS,
    SERVERS,
    Core,
    core_of,
)
from pilotbench.benchmark.scenarios.terms.subjects import ROUND

CORES = [core_of("public", index) for index in range(400)]


def test_kinds_of_work_are_balanced() -> None:
    """Eighty kinds, each once in each round of eighty indices."""
    kinds = [(core.listing, core.detail, core.act) for core in CORES]
    for start in range(0, 400, 80):
        assert len(set(kinds[start : start + 80])) == len(LISTINGS) * len(DETAILS) * len(ACTS)
    assert kinds[:80] != kinds[80:160]


def test_more_items_only_add() -> None:
    for core in CORES[:50]:
        assert core.records(5) == core.records(64)[:5]


def test_no_key_amount_or_reference_occurs_twice() -> None:
    for core in CORES[:50]:
        records = core.records(64)
        for field in (core.subject.key, core.subject.amount, "reference"):
            assert len({record[field] for record in records}) == 64, field


def test_no_amount_can_be_a_limit_and_the_limits_are_far_apart() -> None:
    for core in CORES:
        amounts = [record[core.subject.amount] for record in core.records(64)]
        assert all(amount % ROUND for amount in amounts)
        assert not core.limit % ROUND
        assert not core.other_limit % ROUND
        assert abs(core.limit - core.other_limit) >= APART


def test_exactly_one_of_the_first_two_items_counts_under_either_limit() -> None:
    for core in CORES:
        for limit in (core.limit, core.other_limit):
            assert sum(core.counts(record, limit) for record in core.records(2)) == 1


def test_the_other_limit_changes_the_fate_of_the_third_or_fourth_item() -> None:
    for core in CORES:
        fates = [
            [core.counts(one, limit) for one in core.records(4)]
            for limit in (core.limit, core.other_limit)
        ]
        assert fates[0][:2] == fates[1][:2]
        assert fates[0][2:] != fates[1][2:]


GUESSES: dict[str, Callable[[Core, list[int]], bool]] = {
    "the first item counts": lambda core, amounts: (amounts[0] > core.limit) == core.over,
    "the second item counts": lambda core, amounts: (amounts[1] > core.limit) == core.over,
    "the majority counts": lambda core, amounts: (median(amounts) > core.limit) == core.over,
    "the limit is in the middle": lambda core, amounts: (
        abs(median(amounts) - core.limit) < abs(median(amounts) - core.other_limit)
    ),
}


@pytest.mark.parametrize("items", [2, 4, 16, 64])
@pytest.mark.parametrize("guess", GUESSES)
def test_amounts_tell_neither_which_side_counts_nor_which_limit_holds(
    guess: str, items: int
) -> None:
    right = [
        GUESSES[guess](core, [record[core.subject.amount] for record in core.records(items)])
        for core in CORES
    ]
    assert abs(sum(right) / len(right) - 0.5) < 0.1


def test_the_rest_may_go_to_a_place_of_the_same_kind() -> None:
    assert sum(core.rest == core.act for core in CORES) > 30


def test_servers_are_listed_by_their_service_and_by_nothing_else() -> None:
    for core in CORES:
        assert (core.listing == "service") == (core.subject.name == SERVERS)


def test_names_of_targets_differ() -> None:
    for core in CORES:
        by_kind = (core.names.act, core.names.rest, core.names.was)
        names = [core.names.desk, *(name for part in by_kind for name in part.values())]
        assert len(set(names)) == len(names)


def test_answers_are_receipts_only_where_the_order_is_given() -> None:
    kinds = Counter(core.answer for core in CORES)
    assert min(kinds.values()) > 30
    assert all(core.is_chained for core in CORES if core.answer == "receipt")

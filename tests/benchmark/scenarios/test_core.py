"""The core of an index."""

from __future__ import annotations

from collections import Counter

from pilotbench.benchmark.scenarios.core import ACTS, APART, DETAILS, LISTINGS, SERVERS, core_of

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


def test_amounts_are_never_the_limit_and_the_first_item_counts() -> None:
    shares = []
    for core in CORES:
        records = core.records(64)
        assert all(record[core.subject.amount] != core.limit for record in records)
        assert core.counts(records[0], core.limit)
        shares.append(sum(core.counts(record, core.limit) for record in records) / 64)
    assert 0.55 < sum(shares) / len(shares) < 0.65


def test_the_second_limit_changes_the_fate_of_an_early_item() -> None:
    for core in CORES:
        early = core.records(2)
        fates = [
            [core.counts(one, limit) for one in early] for limit in (core.limit, core.second_limit)
        ]
        assert fates[0] != fates[1]
        assert any(fates[1])


def test_the_limit_of_the_past_is_no_amount_and_far_from_the_limits() -> None:
    for core in CORES:
        others = [record[core.subject.amount] for record in core.records(64)]
        assert core.was_limit not in others
        assert all(abs(core.was_limit - one) >= APART for one in (core.limit, core.second_limit))


def test_the_limit_of_the_past_mostly_changes_the_fate_of_an_early_item() -> None:
    changed = [
        core
        for core in CORES
        for one in core.records(4)
        if core.counts(one, core.limit) != core.counts(one, core.was_limit)
    ]
    assert len({core.index for core in changed}) > 0.7 * len(CORES)


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

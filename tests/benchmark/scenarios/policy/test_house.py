"""House rules mean what they declare, and are as long as they should be."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.house import (
    House,
    Work,
    drawn_and_written,
    house_rules,
    judged,
)
from pilotbench.benchmark.scenarios.policy.rules import Rule, RuleSet
from pilotbench.benchmark.scenarios.terms.subjects import GRADES, REGIONS, SUBJECTS

SIZES = (1000, 2000, 4000)
CORES = 3000


def _day(random: SeededRandom) -> str:
    return date.fromordinal(date(2031, 1, 10).toordinal() + random.whole(0, 330)).isoformat()


def work_of(index: int, items: int = 6) -> Work:
    """Return the work of a random core, with at least one item that counts."""
    random = SeededRandom("policy-test", index)
    subject = random.pick(list(SUBJECTS.values()))
    amounts, over = random.different(items, 1000, 9999), random.chance(0.5)
    records = tuple(
        {
            subject.key: f"{subject.prefix}-{number}",
            subject.amount: amount,
            "region": random.pick(REGIONS),
            "grade": random.pick(GRADES),
            "due": _day(random),
            "slot": f"{_day(random)}T{random.whole(7, 18):02d}:30",
            "reference": f"trk-{number}",
        }
        for number, amount in zip(random.different(items, 10000, 99999), amounts, strict=True)
    )
    half = sorted(amounts)[items // 2]
    limit = half - 37 if over else half + 37
    return Work(subject, records, over, limit, _day(random), "lena.petrov")


def rules_of(index: int, words: int, forbidden: bool = False, items: int = 6) -> House:
    return house_rules(SeededRandom("house", index), work_of(index, items), words, forbidden)


def _says(kind: str, values: tuple[Any, ...], record: dict[str, Any], amount: str) -> bool:
    """Test one part of a condition, written apart from the library."""
    hour = int(record["slot"].split("T")[1].split(":")[0])
    first = values[0]
    return {
        "grade": lambda: record["grade"] == first,
        "grades": lambda: record["grade"] in values,
        "region": lambda: record["region"] == first,
        "regions": lambda: record["region"] in values,
        "elsewhere": lambda: record["region"] != first,
        "due_before": lambda: date.fromisoformat(record["due"]) < date.fromisoformat(first),
        "due_from": lambda: date.fromisoformat(record["due"]) >= date.fromisoformat(first),
        "due_between": lambda: first <= record["due"] <= values[1],
        "at_least": lambda: not record[amount] < first,
        "below": lambda: not record[amount] >= first,
        "slot_before": lambda: hour < first,
        "slot_from": lambda: not hour < first,
    }[kind]()


def _covers(rule: Rule, record: dict[str, Any], amount: str) -> bool:
    def all_of(condition: Any) -> bool:
        return all(_says(part.kind, part.values, record, amount) for part in condition)

    if not all_of(rule.when):
        return False
    exempt = bool(rule.unless) and all_of(rule.unless)
    return not exempt or (bool(rule.even_so) and all_of(rule.even_so))


def _in_force(rule: Rule, work: Work) -> bool:
    if rule.noun.many != work.subject.many:
        return False
    if (rule.first and work.today < rule.first) or (rule.last and work.today > rule.last):
        return False
    by_date = sorted(rule.notices, key=lambda notice: notice.issued)
    return not (by_date and by_date[-1].suspends)


def _prevailing(found: list[int], rules: RuleSet, numbers: dict[str, int]) -> int:
    """Return the rule that prevails among those at some places, by what the handbook says."""
    if rules.scheme == "kind":
        order = ["hold", "desk", "rest", "act"]
        if rules.rules[found[0]].effect == "limit":
            return min(found, key=lambda n: rules.rules[n].limit)
        return min(found, key=lambda n: order.index(rules.rules[n].effect))
    sign = 1 if rules.scheme == "lower" else -1
    best = min(found, key=lambda n: sign * numbers[f"r{n}"])
    yields = rules.override >= 0 and best == rules.override + 1
    return rules.override if yields and rules.override in found else best


def expected(work: Work, rules: RuleSet, numbers: dict[str, int]) -> tuple[str, ...]:
    """Return the rulings, record by record, by an evaluator of its own."""
    general = work.limit
    for one in sorted(rules.limits, key=lambda one: one.issued):
        if one.noun.many == work.subject.many and (not one.first or one.first <= work.today):
            general = one.limit
    rulings = []
    for record in work.records:
        amount = work.subject.amount
        found = [
            place
            for place, rule in enumerate(rules.rules)
            if _in_force(rule, work) and _covers(rule, record, amount)
        ]
        special = [n for n in found if rules.rules[n].effect == "limit"]
        others = [n for n in found if rules.rules[n].effect != "limit"]
        limit = rules.rules[_prevailing(special, rules, numbers)].limit if special else general
        counts = record[amount] > limit if work.over else record[amount] < limit
        ruling = "act" if counts else "rest"
        rulings.append(
            rules.rules[_prevailing(others, rules, numbers)].effect if others else ruling
        )
    return tuple(rulings)


@pytest.mark.parametrize("words", SIZES)
def test_the_rulings_are_those_of_an_evaluator_of_its_own(words: int) -> None:
    for index in range(CORES // len(SIZES)):
        work = work_of(index, 1 + index % 12)
        drawn, written = drawn_and_written(SeededRandom("house", index), work, words, False)
        house = judged(work, drawn, written)
        assert house.rulings == expected(work, drawn.rules, written.numbers), index
        assert house.forbids is None


@pytest.mark.parametrize("words", SIZES)
def test_a_stop_forbids_the_request_and_only_when_it_is_wanted(words: int) -> None:
    for index in range(100):
        for forbidden in (False, True):
            house = rules_of(index, words, forbidden)
            assert bool(house.forbids) == forbidden
            assert "forbidden" in house.text
            assert (set(house.rulings) == {"hold"}) >= forbidden


def test_the_same_draws_give_the_same_rules() -> None:
    assert rules_of(3, 2000) == rules_of(3, 2000)
    assert rules_of(3, 2000).text != rules_of(4, 2000).text

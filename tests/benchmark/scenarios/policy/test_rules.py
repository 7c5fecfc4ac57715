"""A rule is in force by its dates and notices, and earlier rules prevail."""

from __future__ import annotations

import pytest

from pilotbench.benchmark.scenarios.policy.conditions import Part
from pilotbench.benchmark.scenarios.policy.rules import (
    Bits,
    LimitNotice,
    Notice,
    Noun,
    Outcome,
    Rule,
    newest_limit,
    settle,
)

ORDERS, CLAIMS = Noun("order", "orders", "total"), Noun("claim", "claims", "payout")
TODAY = "2031-03-14"
SUSPENDED = (Notice("2031-02-01", True),)
RECORDS = [
    {"total": total, "grade": grade, "region": region, "due": TODAY, "slot": f"{TODAY}T08:00"}
    for total, grade, region in ((4000, "A", "north"), (6000, "A", "south"), (7000, "B", "north"))
]
BITS = Bits(RECORDS, "total", True)
A, NORTH, SOUTH = (
    (Part("grade", ("A",)),),
    (Part("region", ("north",)),),
    (Part("region", ("south",)),),
)


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (Rule("hold", ORDERS), True),
        (Rule("hold", CLAIMS), False),
        (Rule("hold", ORDERS, first=TODAY, last=TODAY), True),
        (Rule("hold", ORDERS, first="2031-03-15"), False),
        (Rule("hold", ORDERS, last="2031-03-13"), False),
        (Rule("hold", ORDERS, notices=SUSPENDED), False),
        (Rule("hold", ORDERS, notices=(*SUSPENDED, Notice("2031-02-02", False))), True),
        (Rule("hold", ORDERS, notices=(Notice("2031-01-02", False), *SUSPENDED)), False),
    ],
)
def test_a_rule_is_in_force_by_its_items_dates_and_newest_notice(rule: Rule, wanted: bool) -> None:
    assert rule.in_force(ORDERS, TODAY) == wanted


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ([], Outcome(act=0b110, hold=0, desk=0)),
        ([Rule("hold", ORDERS, A)], Outcome(act=0b100, hold=0b011, desk=0)),
        ([Rule("hold", ORDERS, A, unless=NORTH)], Outcome(act=0b100, hold=0b010, desk=0)),
        (
            [Rule("hold", ORDERS, A, unless=NORTH, even_so=A)],
            Outcome(act=0b100, hold=0b011, desk=0),
        ),
        ([Rule("act", ORDERS, NORTH), Rule("desk", ORDERS, A)], Outcome(0b101, 0, 0b010)),
        ([Rule("desk", ORDERS, A), Rule("act", ORDERS, NORTH)], Outcome(0b100, 0, 0b011)),
        ([Rule("limit", ORDERS, SOUTH, limit=6000)], Outcome(0b100, 0, 0)),
        ([Rule("limit", ORDERS, A, limit=3000)], Outcome(0b111, 0, 0)),
    ],
)
def test_earlier_rules_prevail_and_limits_come_first(rules: list[Rule], wanted: Outcome) -> None:
    assert settle(BITS.qualifying(5000), [BITS.weigh(rule) for rule in rules]) == wanted


def test_the_newest_limit_that_has_taken_effect_holds() -> None:
    limits = [
        LimitNotice(ORDERS, "2031-02-01", "", 1),
        LimitNotice(ORDERS, "2031-03-01", "", 2),
        LimitNotice(ORDERS, "2031-03-10", "2031-04-01", 3),
        LimitNotice(CLAIMS, "2031-03-11", "", 4),
    ]
    held = newest_limit(limits, ORDERS, TODAY)
    assert held
    assert held.limit == 2
    assert newest_limit([], ORDERS, TODAY) is None

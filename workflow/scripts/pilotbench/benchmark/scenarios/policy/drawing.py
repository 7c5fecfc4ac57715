"""Draw a set of rules for the records of a list, so that each rule in force matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.conditions import (
    days_later,
)
from pilotbench.benchmark.scenarios.policy.decoys import coming_limit, decoy, notices, stops, window
from pilotbench.benchmark.scenarios.policy.proposals import Draft, add, in_conflict
from pilotbench.benchmark.scenarios.policy.rules import (
    SCHEMES,
    Bits,
    LimitNotice,
    Noun,
    Outcome,
    RuleSet,
    Weighed,
    newest_limit,
    settle,
)
from pilotbench.benchmark.scenarios.terms.subjects import ROUND


@dataclass(frozen=True)
class Size:
    """What rules of some length contain: rules in force by role, rules that do not apply, stops."""

    roles: tuple[str, ...]
    decoys: tuple[str, ...]
    stops: tuple[str, ...]


SIZES: dict[int, Size] = {
    1000: Size(
        ("plain", "limit"),
        ("other", "expired", "nowhere"),
        ("ended", "other"),
    ),
    2000: Size(
        ("nested", "conflict", "plain"),
        ("other", "expired", "nowhere", "suspended", "other_limit"),
        ("lifted", "ended", "other"),
    ),
    4000: Size(
        ("nested", "conflict", "limit", "restored", "plain"),
        (
            *("other", "expired", "nowhere", "suspended", "other_limit"),
            *("coming", "other", "nowhere", "coming_limit"),
        ),
        ("lifted", "ended", "coming", "other"),
    ),
}


def _general_limits(draft: Draft, limit: int) -> tuple[LimitNotice, ...]:
    """Return two notices of the limit: the newer one decides differently about a few records."""
    random, amount = draft.random, draft.bits.amount
    amounts = sorted({record[amount] for record in draft.bits.records} | {limit})
    place, most = amounts.index(limit), max(1, len(amounts) // 4)
    lowest, highest = (0, len(amounts) - 2) if draft.bits.over else (1, len(amounts) - 1)
    beyond = [
        _beyond(amounts, n, place) for n in range(lowest, highest + 1) if 0 < abs(n - place) <= most
    ]
    spans = [(low, high) for low, high in beyond if high - low > ROUND]
    if not spans:
        return ()
    new = _between(random, *random.pick(spans))
    old = limit + random.pick((-1, 1)) * random.whole(2, 9) * max(10, limit // 500 * 10)
    values = (max(100, old + 250 if old == new else old), new)
    days = sorted(random.different(2, 4, 120), reverse=True)
    return tuple(
        LimitNotice(draft.noun, days_later(draft.today, -day), "", value)
        for day, value in zip(days, values, strict=True)
    )


def _beyond(amounts: list[int], place: int, limit: int) -> tuple[int, int]:
    """Return the amount at a place and the next one, seen from the place of the limit."""
    amount = amounts[place]
    if place > limit:
        return amount, amounts[place + 1] if place + 1 < len(amounts) else amount + 400
    return amounts[place - 1] if place else max(1, amount - 400), amount


def _between(random: SeededRandom, low: int, high: int) -> int:
    """Return a round number above `low` and below `high`."""
    return ROUND * random.whole(low // ROUND + 1, (high - 1) // ROUND)


def _add_dated(draft: Draft, role: str) -> None:
    """Add a rule that is in force today, with a period or with notices in a share of the draws."""
    known = len(draft.weighed)
    before = {id(one) for one in draft.weighed}
    add(draft, role)
    if len(draft.weighed) > known:
        place = next(n for n, one in enumerate(draft.weighed) if id(one) not in before)
        draft.weighed[place] = _dated(draft, draft.weighed[place], role)


def _dated(draft: Draft, one: Weighed, role: str) -> Weighed:
    rule = one.rule
    if role == "restored":
        about = notices(draft, False)
        return one._replace(rule=rule._replace(first="", last="", notices=about))
    if draft.random.chance(0.3):
        first, last = window(draft, "now")
        return one._replace(rule=rule._replace(first=first, last=last))
    return one


def _override(draft: Draft, size: Size) -> int:
    if draft.scheme == "kind" or len(size.roles) < 3 or draft.random.chance(0.4):
        return -1
    found = [m for m, n in in_conflict(draft.weighed) if n == m + 1]
    return draft.random.pick(found) if found else -1


@dataclass(frozen=True)
class Drawn:
    """A set of rules, and those in force with their records, which prevail over those after."""

    rules: RuleSet
    weighed: tuple[Weighed, ...]
    outcome: Outcome


def size_of(words: int) -> Size:
    """Return the size of rules of so many words."""
    return SIZES[max(size for size in SIZES if size <= max(words, min(SIZES)))]


def _add_all(draft: Draft, roles: Sequence[str]) -> None:
    """Add a rule for each role; in place of one that finds no record, add a conflict."""
    for role in roles:
        _add_dated(draft, role)
    for _ in range(len(roles) - len(draft.weighed)):
        _add_dated(draft, "conflict")


def draw_rules(
    random: SeededRandom, bits: Bits, noun: Noun, limit: int, today: str, words: int, stop: bool
) -> Drawn:
    """Draw the rules of a handbook of so many words; with `stop`, one forbids the whole list."""
    size, scheme = size_of(words), random.pick(SCHEMES)
    naive = bits.qualifying(limit)
    draft = Draft(random, bits, noun, today, scheme, naive, naive, [], settle(naive, []))
    limits: tuple[LimitNotice, ...] = ()
    if len(size.roles) > 2 or random.chance(0.7):
        limits = _general_limits(draft, limit)
        held = newest_limit(limits, noun, today)
        draft.act = bits.qualifying(held.limit) if held else naive
        draft.keep([])
    _add_all(draft, size.roles)
    if not limits and draft.weighed:
        draft.weighed[0] = _dated(draft, draft.weighed[0], "restored")
    decoys = [decoy(draft, kind) for kind in size.decoys]
    if "coming_limit" in size.decoys:
        limits = (*limits, coming_limit(draft, limit))
    rules = RuleSet(
        scheme,
        (*(one.rule for one in draft.weighed), *decoys),
        stops(draft, size.stops, stop),
        limits,
        _override(draft, size),
    )
    return Drawn(rules, tuple(draft.weighed), draft.outcome)

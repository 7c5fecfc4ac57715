"""The kinds of rules, a set of rules, and what it means for the records of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pilotbench.benchmark.scenarios.policy.conditions import PART_KINDS, Condition, Json


@dataclass(frozen=True)
class Noun:
    """A kind of item that a rule speaks about: its names and the field of its amount."""

    one: str
    many: str
    amount: str


@dataclass(frozen=True)
class Notice:
    """A dated notice that suspends a section or puts it back into force."""

    issued: str
    suspends: bool


class Rule(NamedTuple):
    """What one section says about one kind of item.

    `effect`: `hold`, `desk`, `rest` (never qualifies), `act` (always qualifies), `limit` (another
    limit for these items) or `stop` (no list of these items may be worked on). It applies to items
    for which `when` holds, except those for which `unless` holds; `even_so` brings some of these
    back. It is in force from `first` to `last`, where given, unless its newest notice suspends it.
    """

    effect: str
    noun: Noun
    when: Condition = ()
    limit: int = 0
    unless: Condition = ()
    even_so: Condition = ()
    first: str = ""
    last: str = ""
    notices: tuple[Notice, ...] = ()

    def in_force(self, noun: Noun, today: str) -> bool:
        """Return whether the rule decides about such items today."""
        newest = max(self.notices, key=lambda notice: notice.issued, default=None)
        return (
            self.noun == noun
            and self.first <= today
            and (not self.last or today <= self.last)
            and not (newest and newest.suspends)
        )


@dataclass(frozen=True)
class LimitNotice:
    """A dated notice of the general limit, which holds from `first` on."""

    noun: Noun
    issued: str
    first: str
    limit: int


SCHEMES = ("lower", "higher", "kind")
"""Which of two sections prevails: the one with the lower or the higher number, or by effect."""

STRENGTH = ("hold", "desk", "rest", "act")
"""In scheme `kind`, an effect prevails over those after it, and a lower limit over a higher one."""


@dataclass(frozen=True)
class RuleSet:
    """The rules of a handbook; `rules` prevail over those after them.

    In the schemes by number, `override` is the place of a rule that says of itself that it prevails
    over the next one, against the order of the numbers; -1 for none.
    """

    scheme: str
    rules: tuple[Rule, ...]
    stops: tuple[Rule, ...]
    limits: tuple[LimitNotice, ...]
    override: int = -1


class Weighed(NamedTuple):
    """A rule and its records as bits: those it applies to, and those that qualify by its limit."""

    rule: Rule
    applies: int
    qualifies: int


class Outcome(NamedTuple):
    """What happens to the records, as bits; the others are the rest."""

    act: int
    hold: int
    desk: int


@dataclass(frozen=True)
class Bits:
    """Sets of records as the bits of whole numbers."""

    records: Sequence[Json]
    amount: str
    over: bool

    @cached_property
    def all(self) -> int:
        """Return every record."""
        return (1 << len(self.records)) - 1

    def where(self, condition: Condition) -> int:
        """Return the records for which a condition holds."""
        found, amount = self.all, self.amount
        for kind, values in condition:
            test, bit = PART_KINDS[kind].holds, 1
            for record in self.records:
                if found & bit and not test(record, amount, values):
                    found ^= bit
                bit += bit
        return found

    def qualifying(self, limit: int) -> int:
        """Return the records on the side of a limit that the request asks for."""
        found = 0
        for place, record in enumerate(self.records):
            if record[self.amount] > limit if self.over else record[self.amount] < limit:
                found |= 1 << place
        return found

    def weigh(self, rule: Rule) -> Weighed:
        """Return a rule with the records that it applies to."""
        applies = self.where(rule.when)
        if rule.unless:
            exempt = applies & self.where(rule.unless)
            applies &= ~exempt
            if rule.even_so:
                applies |= exempt & self.where(rule.even_so)
        return Weighed(rule, applies, self.qualifying(rule.limit) if rule.limit else 0)


def settle(act: int, weighed: Sequence[Weighed]) -> Outcome:
    """Return the outcome, given who qualifies by the general limit; earlier rules prevail."""
    limited = decided = hold = desk = 0
    for rule, applies, qualifies in weighed:
        if rule.effect == "limit":
            new = applies & ~limited
            act = act & ~new | qualifies & new
            limited |= applies
    for rule, applies, _ in weighed:
        if rule.effect == "limit":
            continue
        new = applies & ~decided
        decided |= applies
        act &= ~new
        if rule.effect == "act":
            act |= new
        elif rule.effect == "hold":
            hold |= new
        elif rule.effect == "desk":
            desk |= new
    return Outcome(act, hold, desk)


def newest_limit(limits: Sequence[LimitNotice], noun: Noun, today: str) -> LimitNotice | None:
    """Return the notice of the general limit that holds today; None if there is none."""
    held = [one for one in limits if one.noun == noun and one.first <= today]
    return max(held, key=lambda one: one.issued, default=None)

"""What a rule can say about a record: parts of a condition, in data and in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.terms.subjects import GRADES, REGIONS

Json = dict[str, Any]
Values = tuple[Any, ...]

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


class Part(NamedTuple):
    """One part of a condition: a kind of part and its values."""

    kind: str
    values: Values


Condition = tuple[Part, ...]
"""Holds where all parts hold; the empty condition holds for every record."""


@dataclass(frozen=True)
class PartKind:
    """A test of records.

    `holds` tests a record (given the name of its amount field), `drawn` draws values that hold for
    a record, and `phrases` say it of items: `orders of grade B`. `broad` tests hold for many.
    """

    holds: Callable[[Json, str, Values], bool]
    drawn: Callable[[SeededRandom, Json, str], Values]
    phrases: tuple[str, ...]
    place: int
    broad: bool


@cache
def days_later(day: str, days: int) -> str:
    """Return the ISO date so many days after a day (before it, if negative)."""
    return date.fromordinal(date.fromisoformat(day).toordinal() + days).isoformat()


def in_words(day: str) -> str:
    """Return an ISO date as it is written in the rules, such as `14 March 2031`."""
    return f"{int(day[8:10])} {MONTHS[int(day[5:7]) - 1]} {day[:4]}"


def _with_another(random: SeededRandom, value: str, values: Sequence[str]) -> Values:
    other = random.pick([one for one in values if one != value])
    return (value, other) if values.index(value) < values.index(other) else (other, value)


def _other_region(random: SeededRandom, record: Json, amount: str) -> Values:
    return (random.pick([one for one in REGIONS if one != record["region"]]),)


def _at_least(random: SeededRandom, record: Json, amount: str) -> Values:
    value = record[amount]
    return (max(100, (value - random.whole(0, value // 8)) // 100 * 100),)


def _below(random: SeededRandom, record: Json, amount: str) -> Values:
    value = record[amount]
    return ((value + random.whole(0, value // 8)) // 100 * 100 + 100,)


def _due_between(random: SeededRandom, record: Json, amount: str) -> Values:
    due = record["due"]
    return days_later(due, -random.whole(1, 25)), days_later(due, random.whole(1, 25))


def _hour(record: Json) -> int:
    return int(record["slot"][11:13])


PART_KINDS: dict[str, PartKind] = {
    "grade": PartKind(
        lambda record, _, values: record["grade"] == values[0],
        lambda random, record, _: (record["grade"],),
        ("of grade {0}", "graded {0}"),
        0,
        False,
    ),
    "grades": PartKind(
        lambda record, _, values: record["grade"] in values,
        lambda random, record, _: _with_another(random, record["grade"], GRADES),
        ("of grade {0} or {1}", "graded {0} or {1}", "of one of the grades {0} and {1}"),
        0,
        True,
    ),
    "region": PartKind(
        lambda record, _, values: record["region"] == values[0],
        lambda random, record, _: (record["region"],),
        ("from the {0} region", "of the {0} region", "in the {0} region"),
        1,
        False,
    ),
    "regions": PartKind(
        lambda record, _, values: record["region"] in values,
        lambda random, record, _: _with_another(random, record["region"], REGIONS),
        ("from the {0} or the {1} region", "of one of the regions {0} and {1}"),
        1,
        True,
    ),
    "elsewhere": PartKind(
        lambda record, _, values: record["region"] != values[0],
        _other_region,
        ("from any region except {0}", "of all regions other than {0}"),
        1,
        True,
    ),
    "due_before": PartKind(
        lambda record, _, values: record["due"] < values[0],
        lambda random, record, _: (days_later(record["due"], random.whole(1, 40)),),
        ("due before {0}", "with a due date before {0}"),
        2,
        True,
    ),
    "due_from": PartKind(
        lambda record, _, values: record["due"] >= values[0],
        lambda random, record, _: (days_later(record["due"], -random.whole(0, 40)),),
        ("due on {0} or later", "due on or after {0}"),
        2,
        True,
    ),
    "due_between": PartKind(
        lambda record, _, values: values[0] <= record["due"] <= values[1],
        _due_between,
        ("due from {0} to {1} (both days included)", "due on {0}, on {1} or on a day between"),
        2,
        False,
    ),
    "at_least": PartKind(
        lambda record, amount, values: record[amount] >= values[0],
        _at_least,
        ("with {0} or more in `{amount}`", "with at least {0} in `{amount}`"),
        3,
        True,
    ),
    "below": PartKind(
        lambda record, amount, values: record[amount] < values[0],
        _below,
        ("with less than {0} in `{amount}`", "with fewer than {0} in `{amount}`"),
        3,
        True,
    ),
    "slot_before": PartKind(
        lambda record, _, values: _hour(record) < values[0],
        lambda random, record, _: (min(24, _hour(record) + random.whole(1, 3)),),
        ("whose slot begins before {0}:00", "with a slot that begins before {0}:00"),
        4,
        False,
    ),
    "slot_from": PartKind(
        lambda record, _, values: _hour(record) >= values[0],
        lambda random, record, _: (max(0, _hour(record) - random.whole(0, 2)),),
        ("whose slot begins at {0}:00 or later", "with a slot that begins at {0}:00 or later"),
        4,
        False,
    ),
}
BROAD = tuple(name for name, kind in PART_KINDS.items() if kind.broad)
PLACES = {name: kind.place for name, kind in PART_KINDS.items()}


def holds(condition: Condition, record: Json, amount: str) -> bool:
    """Return whether a condition holds for a record."""
    return all(PART_KINDS[kind].holds(record, amount, values) for kind, values in condition)


def drawn_about(
    random: SeededRandom, record: Json, amount: str, kinds: Sequence[str], parts: int = 1
) -> Condition:
    """Draw a condition of up to so many parts, of some of the kinds, that holds for a record."""
    if parts == 1:
        kind = random.pick(kinds)
        return (Part(kind, PART_KINDS[kind].drawn(random, record, amount)),)
    chosen = {PLACES[kind]: kind for kind in random.picks(kinds, parts)}
    return tuple(
        Part(chosen[place], PART_KINDS[chosen[place]].drawn(random, record, amount))
        for place in sorted(chosen)
    )


def _written(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return in_words(value) if len(value) == 10 else value


def phrase(random: SeededRandom, condition: Condition, amount: str) -> str:
    """Return a condition in words that follow the noun: `of grade B due before 3 May 2031`."""
    said, follows = "", False
    for kind, values in condition:
        wording = random.pick(PART_KINDS[kind].phrases)
        clause = wording.startswith(("whose", "with"))
        said += " and " if clause and follows else " " if said else ""
        follows |= clause
        said += wording.format(*map(_written, values), amount=amount)
    return said

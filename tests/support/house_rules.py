"""Work for house rules, and judges of them: by what they declare, or by their text alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy import phrases
from pilotbench.benchmark.scenarios.policy.conditions import PART_KINDS, Condition, Part
from pilotbench.benchmark.scenarios.policy.drawing import Drawn
from pilotbench.benchmark.scenarios.policy.house import House, Work, house_rules
from pilotbench.benchmark.scenarios.policy.rules import LimitNotice, Notice, Noun, Rule
from pilotbench.benchmark.scenarios.policy.writing import Written
from pilotbench.benchmark.scenarios.terms.subjects import GRADES, REGIONS, ROUND, SUBJECTS

Record = dict[str, Any]


@dataclass
class Understood:
    """House rules as a reader understands them; rules and stops by the numbers of sections."""

    today: str
    scheme: str = ""
    rules: dict[int, Rule] = field(default_factory=dict)
    stops: dict[int, Rule] = field(default_factory=dict)
    limits: list[LimitNotice] = field(default_factory=list)
    prevails: set[tuple[int, int]] = field(default_factory=set)


def declared(work: Work, drawn: Drawn, written: Written) -> Understood:
    """Return the rules that were declared."""
    rules, numbers = drawn.rules, written.numbers
    over = rules.override
    return Understood(
        work.today,
        rules.scheme,
        {numbers[f"r{place}"]: rule for place, rule in enumerate(rules.rules)},
        {numbers[f"s{place}"]: rule for place, rule in enumerate(rules.stops)},
        list(rules.limits),
        {(numbers[f"r{over}"], numbers[f"r{over + 1}"])} if over >= 0 else set(),
    )


# judging


def _says(kind: str, values: tuple[Any, ...], record: Record, amount: str) -> bool:
    hour = int(record["slot"].split("T")[1].split(":")[0])
    due, first = date.fromisoformat(record["due"]), values[0]
    return {
        "grade": lambda: record["grade"] == first,
        "grades": lambda: record["grade"] in values,
        "region": lambda: record["region"] == first,
        "regions": lambda: record["region"] in values,
        "elsewhere": lambda: record["region"] != first,
        "due_before": lambda: due < date.fromisoformat(first),
        "due_from": lambda: not due < date.fromisoformat(first),
        "due_between": lambda: first <= record["due"] <= values[1],
        "at_least": lambda: not record[amount] < first,
        "below": lambda: not record[amount] >= first,
        "slot_before": lambda: hour < first,
        "slot_from": lambda: not hour < first,
    }[kind]()


def _covers(rule: Rule, record: Record, amount: str) -> bool:
    def all_of(condition: Condition) -> bool:
        return all(_says(part.kind, part.values, record, amount) for part in condition)

    if not all_of(rule.when):
        return False
    exempt = bool(rule.unless) and all_of(rule.unless)
    return not exempt or (bool(rule.even_so) and all_of(rule.even_so))


def _in_force(rule: Rule, work: Work, today: str) -> bool:
    if rule.noun.many != work.subject.many:
        return False
    if (rule.first and today < rule.first) or (rule.last and today > rule.last):
        return False
    by_date = sorted(rule.notices, key=lambda notice: notice.issued)
    return not (by_date and by_date[-1].suspends)


def _prevailing(found: Sequence[int], house: Understood) -> Rule:
    """Return the rule that prevails among those of some sections."""
    if house.scheme == "kind":
        order = ["hold", "desk", "rest", "act", "limit"]
        rules = [house.rules[number] for number in found]
        return min(rules, key=lambda rule: (order.index(rule.effect), rule.limit))
    best = min(found) if house.scheme == "lower" else max(found)
    for winner, loser in house.prevails:
        if loser == best and winner in found:
            best = winner
    return house.rules[best]


def _general_limit(work: Work, house: Understood) -> int:
    known = [one for one in house.limits if one.noun.many == work.subject.many]
    begun = [one for one in known if not one.first or one.first <= house.today]
    return max(begun, key=lambda one: one.issued).limit if begun else work.limit


def _ruling(work: Work, house: Understood, record: Record) -> str:
    amount = work.subject.amount
    found = [
        number
        for number, rule in house.rules.items()
        if _in_force(rule, work, house.today) and _covers(rule, record, amount)
    ]
    special = [number for number in found if house.rules[number].effect == "limit"]
    others = [number for number in found if number not in special]
    limit = _prevailing(special, house).limit if special else _general_limit(work, house)
    counts = record[amount] > limit if work.over else record[amount] < limit
    return _prevailing(others, house).effect if others else "act" if counts else "rest"


def rulings(work: Work, house: Understood) -> tuple[str, ...]:
    """Return the rulings of rules, record by record."""
    if any(_in_force(stop, work, house.today) for stop in house.stops.values()):
        return ("hold",) * len(work.records)
    return tuple(_ruling(work, house, record) for record in work.records)


# reading

DAY = r"\d{1,2} [A-Z][a-z]+ \d{4}"
NOUNS = r"[a-z]+(?: [a-z]+)?"
SLOTS = {
    "c": "(?P<c>.+?)",
    "x": "(?P<x>.+?)",
    "y": "(?P<y>.+?)",
    "limit": r"(?P<limit>[\d,]+)",
    "first": f"(?P<first>{DAY})",
    "last": f"(?P<last>{DAY})",
    "issued": f"(?P<issued>{DAY})",
    "today": f"(?P<today>{DAY})",
    "s": r"(?P<s>\d+)",
    "name": "[a-z ]+",
    "A_name": "[A-Za-z ]+",
    "desk": "[^`]+",
    "amount": "[a-z]+",
}


@cache
def _pattern(wording: str, nouns: str) -> re.Pattern[str]:
    """Return a regular expression for a wording about certain items."""
    found = ""
    for n, piece in enumerate(re.split(r"\{(\w+)\}", wording)):
        if n % 2 == 0:
            found += re.escape(piece)
        elif piece in ("one", "many", "Many"):
            found += f"(?i:{nouns})"
        else:
            found += SLOTS[piece]
    return re.compile(found)


def _matches(wordings: Sequence[str], said: str, work: Work) -> Iterator[dict[str, str]]:
    """Yield what the wordings find in a sentence, about the items of the work."""
    nouns = f"{work.subject.many}|{work.subject.one}"
    for wording in wordings:
        if found := _pattern(wording, nouns).fullmatch(said):
            yield found.groupdict()


def _iso(day: str) -> str:
    return datetime.strptime(day, "%d %B %Y").date().isoformat()


def _value(text: str) -> Any:
    if re.fullmatch(DAY, text):
        return _iso(text)
    return int(text.replace(",", "")) if text[0].isdigit() else text


def condition(text: str, amount: str) -> Condition:
    """Return the condition that a phrase says."""
    parts: list[Part] = []
    while text:
        known = (
            (kind, found)
            for kind, part in PART_KINDS.items()
            for wording in part.phrases
            if (found := _part_pattern(wording, amount).match(text))
        )
        kind, found = max(known, key=lambda one: one[1].end())
        parts.append(Part(kind, tuple(map(_value, found.groups()))))
        text = text[found.end() :].removeprefix(" and").removeprefix(" ")
    return tuple(parts)


@cache
def _part_pattern(wording: str, amount: str) -> re.Pattern[str]:
    place = rf"({DAY}|[\d,]+|[A-D]\b|[a-z]+)"
    text = re.escape(wording.replace("{amount}", amount))
    return re.compile(re.sub(r"\\\{\d\\\}", lambda _: place, text))


def _sentences(body: str) -> list[str]:
    return re.split(r"(?<=\.) (?=[A-Z`])", body)


Found = dict[str, str]
Fields = dict[str, Any]


def _effect(effect: str) -> Callable[[Found, str], Fields]:
    def fields(found: Found, amount: str) -> Fields:
        limit = _value(found.get("limit", "0"))
        return {"effect": effect, "when": condition(found["c"], amount), "limit": limit}

    return fields


def _days(found: Found, amount: str) -> Fields:
    return {name: _iso(found[name]) for name in ("first", "last") if name in found}


def _apart(found: Found, amount: str) -> Fields:
    return {"unless": condition(found["x"], amount), "exempts": int(found["s"])}


READERS: tuple[tuple[Sequence[str], Callable[[Found, str], Fields]], ...] = (
    *((wordings, _effect(effect)) for effect, wordings in phrases.EFFECTS.items()),
    *((wordings, _days) for wordings in phrases.PERIODS.values()),
    (phrases.STOPS, lambda found, amount: {"effect": "stop", **_days(found, amount)}),
    (phrases.OPEN_STOPS, lambda found, amount: {"effect": "stop", **_days(found, amount)}),
    (phrases.EXEMPT, lambda found, amount: {"unless": condition(found["x"], amount)}),
    (phrases.EXEMPT_APART, _apart),
    (phrases.EVEN_SO, lambda found, amount: {"even_so": condition(found["y"], amount)}),
    (phrases.OVERRIDE, lambda found, amount: {"prevails": int(found["s"])}),
    (phrases.SUSPENDED, lambda found, amount: {"about": int(found["s"]), "suspends": True}),
    (phrases.RESTORED, lambda found, amount: {"about": int(found["s"]), "suspends": False}),
    (phrases.GENERAL_LIMIT, lambda found, amount: {"general": _value(found["limit"])}),
    (phrases.FROM_DAY, _days),
)


def _fields(body: str, work: Work) -> Fields:
    """Return what the sentences of a section say; no two may say the same kind of thing."""
    fields: Fields = {}
    for said in _sentences(body):
        for wordings, reader in READERS:
            for found in _matches(wordings, said, work):
                new = reader(found, work.subject.amount)
                assert not fields.keys() & new.keys(), said
                fields |= new
    return fields


def _add(house: Understood, noun: Noun, number: int, title: str, said: Fields) -> None:
    """Add a section with a rule, a stop or a limit to what is understood."""
    if "prevails" in said:
        house.prevails.add((number, said.pop("prevails")))
    if "general" in said:
        first = said.get("first", "")
        house.limits.append(LimitNotice(noun, _issued(title), first, said["general"]))
    elif "effect" in said:
        known = house.stops if said["effect"] == "stop" else house.rules
        known[number] = Rule(noun=noun, **said)


def _refine(house: Understood, title: str, said: Fields) -> None:
    """Change the rule that an exemption or a notice is about."""
    number = said.get("exempts", said.get("about"))
    for known in (house.rules, house.stops):
        if number not in known:
            continue
        rule = known[number]
        if "exempts" in said:
            known[number] = rule._replace(unless=said["unless"], even_so=said.get("even_so", ()))
        else:
            notice = Notice(_issued(title), said["suspends"])
            known[number] = rule._replace(notices=(*rule.notices, notice))


def read(text: str, work: Work) -> Understood:
    """Return what a text says about the items of the work."""
    opening, *sections = text.split("\n\n")
    house = Understood(_issued(opening))
    noun = Noun(work.subject.one, work.subject.many, work.subject.amount)
    schemes = phrases.SCHEMES.items()
    (house.scheme,) = [name for name, said in schemes if any(one in text for one in said)]
    later = []
    for section in sections:
        head, body = section.split("\n")
        number, title = head.split(". ")
        if re.search(f"(?i){noun.many}|{noun.one}|section", body):
            said = _fields(body, work)
            _add(house, noun, int(number), title, said)
            later.append((title, said))
    for title, said in later:
        _refine(house, title, said)
    return house


def _issued(title: str) -> str:
    found = re.search(DAY, title)
    assert found, title
    return _iso(found[0])


# work


def _day(random: SeededRandom) -> str:
    return date.fromordinal(date(2031, 1, 10).toordinal() + random.whole(0, 330)).isoformat()


def work_of(index: int, items: int = 6) -> Work:
    """Return the work of a random core, with at least one item that counts."""
    random = SeededRandom("policy-test", index)
    subject = random.pick(list(SUBJECTS.values()))
    tens, over = random.different(items, 1000 // ROUND, 9999 // ROUND), random.chance(0.5)
    amounts = [ROUND * ten + random.whole(1, ROUND - 1) for ten in tens]
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
    limit = (half - 37 if over else half + 37) // ROUND * ROUND
    return Work(subject, records, over, limit, _day(random), "lena.petrov")


def rules_of(index: int, words: int, forbidden: bool = False, items: int = 6) -> House:
    return house_rules(SeededRandom("house", index), work_of(index, items), words, forbidden)

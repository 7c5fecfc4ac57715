"""Propose rules in force one after the other, and keep those that matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.conditions import (
    BROAD,
    PART_KINDS,
    PLACES,
    Condition,
    drawn_about,
)
from pilotbench.benchmark.scenarios.policy.rules import (
    STRENGTH,
    Bits,
    Noun,
    Outcome,
    Rule,
    Weighed,
    settle,
)

ATTEMPTS = 8
ANY = tuple(PART_KINDS)
FOR_LIMITS = tuple(kind for kind in ANY if kind not in ("at_least", "below"))


@dataclass
class Draft:
    """The rules drawn so far; `weighed` prevail over those after them."""

    random: SeededRandom
    bits: Bits
    noun: Noun
    today: str
    scheme: str
    naive: int
    act: int
    weighed: list[Weighed]
    outcome: Outcome
    caught: int = 0
    idle: int = 0

    def keep(self, weighed: list[Weighed]) -> None:
        """Go on from these rules."""
        self.weighed, self.outcome, self.caught = weighed, settle(self.act, weighed), 0
        self.idle = _idle(self.act, weighed, self.outcome, self.bits.all)
        for one in weighed:
            self.caught |= one.applies

    def record_of(self, bits: int) -> int:
        """Return the place of one of the records; bits must not be 0."""
        return self.random.pick([n for n in range(len(self.bits.records)) if bits >> n & 1])

    def about(self, place: int, kinds: Sequence[str], parts: int = 1) -> Condition:
        """Draw a condition that holds for the record at a place of the list."""
        record = self.bits.records[place]
        return drawn_about(self.random, record, self.bits.amount, kinds, parts)


def ruling(outcome: Outcome, place: int) -> str:
    """Return what happens to the record at a place of the list."""
    for effect, bits in zip(Outcome._fields, outcome, strict=True):
        if bits >> place & 1:
            return effect
    return "rest"


def _changed(outcome: Outcome, naive: int) -> int:
    return ((outcome.act ^ naive) | outcome.hold | outcome.desk).bit_count()


def _shadowed(weighed: Sequence[Weighed]) -> bool:
    """Return whether other rules prevail for each record of some rule."""
    taken = {True: 0, False: 0}
    for rule, applies, _ in weighed:
        is_limit = rule.effect == "limit"
        if not applies & ~taken[is_limit]:
            return True
        taken[is_limit] |= applies
    return False


def _idle(act: int, weighed: list[Weighed], outcome: Outcome, near: int) -> int:
    """Return how many of the rules that apply to some records could be left out without change."""
    places = (n for n, one in enumerate(weighed) if one.applies & near)
    return sum(settle(act, weighed[:n] + weighed[n + 1 :]) == outcome for n in places)


def _inserted(draft: Draft, new: Weighed) -> tuple[int, list[Weighed]]:
    """Return where the scheme lets a new rule stand, and all rules with it."""
    place = draft.random.whole(0, len(draft.weighed))
    if draft.scheme == "kind":
        ranks = [_rank(one.rule) for one in draft.weighed]
        place = sum(rank <= _rank(new.rule) for rank in ranks)
    return place, [*draft.weighed[:place], new, *draft.weighed[place:]]


def _rank(rule: Rule) -> tuple[int, int]:
    return (0, rule.limit) if rule.effect == "limit" else (1, STRENGTH.index(rule.effect))


def in_conflict(weighed: Sequence[Weighed]) -> list[tuple[int, int]]:
    """Return the pairs of places of rules that decide differently about the same record."""
    pairs = ((m, n) for n in range(len(weighed)) for m in range(n))
    return [
        (m, n)
        for m, n in pairs
        if weighed[m].applies & weighed[n].applies
        and weighed[m].rule.effect != weighed[n].rule.effect
        and "limit" not in (weighed[m].rule.effect, weighed[n].rule.effect)
    ]


def _levels(draft: Draft, weighed: list[Weighed], place: int, outcome: Outcome) -> int:
    """Return how many of exemption and exemption from it would be missed; 2 where there is none."""
    rule = weighed[place].rule
    if not rule.unless:
        return 2
    found = 0
    for fewer in (rule._replace(unless=(), even_so=()), rule._replace(even_so=())):
        changed = [*weighed[:place], draft.bits.weigh(fewer), *weighed[place + 1 :]]
        found += settle(draft.act, changed) != outcome
    return found


PERFECT = 6


def _score(draft: Draft, weighed: list[Weighed], place: int, role: str) -> int:
    """Return how well a set of rules serves, PERFECT or less; below 0 it is unusable."""
    outcome = settle(draft.act, weighed)
    records = len(draft.bits.records)
    changed = _changed(outcome, draft.naive)
    if (not outcome.act and records > 1) or changed > max(1, records - 1):
        return -1
    if draft.naive != draft.act and settle(draft.naive, weighed) == outcome:
        return -1
    if weighed[place].applies == draft.bits.all and records > 2:
        return -1
    allowed = draft.idle + (role == "conflict")  # a rule over which another one prevails
    if not allowed and _shadowed(weighed):
        return -1
    idle = _idle(draft.act, weighed, outcome, weighed[place].applies)
    if idle > allowed:
        return -1
    wishes = _levels(draft, weighed, place, outcome) + (changed >= min(2, records)) * 2
    return wishes + (role != "conflict" or bool(in_conflict(weighed))) * 2


def _others(kinds: Sequence[str], *used: Condition) -> list[str]:
    places = {PLACES[part.kind] for condition in used for part in condition}
    return [kind for kind in kinds if PLACES[kind] not in places]


def _nested(draft: Draft, target: int) -> Rule:
    """Return a broad rule with an exemption, and an exemption from that."""
    when = draft.about(target, BROAD)
    caught = draft.bits.where(when)
    unless = draft.about(draft.record_of(caught), _others(ANY, when))
    exempt = caught & draft.bits.where(unless)
    even_so = draft.about(draft.record_of(exempt), _others(ANY, when, unless)) if exempt else ()
    return Rule("", draft.noun, when, unless=unless if exempt else (), even_so=even_so)


def _limit(draft: Draft, target: int) -> Rule:
    """Return another limit for some records, on the other side of the target's amount."""
    amount = draft.bits.records[target][draft.bits.amount]
    acts = draft.outcome.act >> target & 1
    limit = (amount // 50 + 1) * 50 if acts == draft.bits.over else (amount - 1) // 50 * 50
    return Rule("limit", draft.noun, draft.about(target, FOR_LIMITS, 2), limit=limit)


def _plain(draft: Draft, target: int) -> Rule:
    return Rule("", draft.noun, draft.about(target, ANY, 2))


PROPOSALS: dict[str, Callable[[Draft, int], Rule]] = {"nested": _nested, "limit": _limit}


def propose(draft: Draft, role: str, target: int) -> Rule:
    """Return a rule that changes what happens to the record at a place of the list."""
    rule = PROPOSALS.get(role, _plain)(draft, target)
    if rule.effect:
        return rule
    unchanged = ruling(draft.outcome, target)
    return rule._replace(effect=draft.random.pick([one for one in STRENGTH if one != unchanged]))


def target(draft: Draft, role: str) -> int:
    """Return a record for a new rule: one that no rule has, or for a conflict one that one has."""
    wanted = draft.caught if role == "conflict" else draft.bits.all & ~draft.caught
    return draft.record_of(wanted or draft.bits.all)


def add(draft: Draft, role: str) -> None:
    """Add the best of some proposals, if any of them changes what happens to a record."""
    best, found = -1, draft.weighed
    for _ in range(ATTEMPTS):
        new = draft.bits.weigh(propose(draft, role, target(draft, role)))
        place, weighed = _inserted(draft, new)
        score = _score(draft, weighed, place, role)
        if score > best:
            best, found = score, weighed
        if best == PERFECT:
            break
    draft.keep(found)

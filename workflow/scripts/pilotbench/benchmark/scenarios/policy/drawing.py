"""Draw a set of rules for the records of a list, so that each rule in force matters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.conditions import (
    BROAD,
    PART_KINDS,
    PLACES,
    Condition,
    Part,
    days_later,
    drawn_about,
)
from pilotbench.benchmark.scenarios.policy.rules import (
    SCHEMES,
    STRENGTH,
    Bits,
    LimitNotice,
    Notice,
    Noun,
    Outcome,
    Rule,
    RuleSet,
    Weighed,
    newest_limit,
    settle,
)
from pilotbench.benchmark.scenarios.terms.subjects import SUBJECTS

ATTEMPTS = 8
ANY = tuple(PART_KINDS)
FOR_LIMITS = tuple(kind for kind in ANY if kind not in ("at_least", "below"))


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

OTHER_NOUNS = (
    *(Noun(one.one, one.many, one.amount) for one in SUBJECTS.values()),
    *(Noun("contract", "contracts", "volume"), Noun("lease", "leases", "rent")),
    *(Noun("deposit", "deposits", "sum"), Noun("loan", "loans", "balance")),
    *(Noun("subscription", "subscriptions", "charge"), Noun("tender", "tenders", "volume")),
    *(Noun("pension file", "pension files", "pay"), Noun("voucher", "vouchers", "worth")),
)


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


def _target(draft: Draft, role: str) -> int:
    """Return a record for a new rule: one that no rule has, or for a conflict one that one has."""
    wanted = draft.caught if role == "conflict" else draft.bits.all & ~draft.caught
    return draft.record_of(wanted or draft.bits.all)


def add(draft: Draft, role: str) -> None:
    """Add the best of some proposals, if any of them changes what happens to a record."""
    best, found = -1, draft.weighed
    for _ in range(ATTEMPTS):
        new = draft.bits.weigh(propose(draft, role, _target(draft, role)))
        place, weighed = _inserted(draft, new)
        score = _score(draft, weighed, place, role)
        if score > best:
            best, found = score, weighed
        if best == PERFECT:
            break
    draft.keep(found)


def _general_limits(draft: Draft, limit: int) -> tuple[LimitNotice, ...]:
    """Return two notices of the limit: the newer one decides differently about a few records."""
    random, amount = draft.random, draft.bits.amount
    amounts = sorted({record[amount] for record in draft.bits.records} | {limit})
    place, most = amounts.index(limit), max(1, len(amounts) // 4)
    lowest, highest = (0, len(amounts) - 2) if draft.bits.over else (1, len(amounts) - 1)
    places = [n for n in range(lowest, highest + 1) if 0 < abs(n - place) <= most]
    if not places:
        return ()
    new = _between(random, amounts, random.pick(places), limit)
    old = limit + random.pick((-1, 1)) * random.whole(2, 9) * max(10, limit // 500 * 10)
    values = (max(100, old + 250 if old == new else old), new)
    days = sorted(random.different(2, 4, 120), reverse=True)
    return tuple(
        LimitNotice(draft.noun, days_later(draft.today, -day), "", value)
        for day, value in zip(days, values, strict=True)
    )


def _between(random: SeededRandom, amounts: list[int], place: int, limit: int) -> int:
    """Return a round number beyond an amount, seen from the limit, and before the next one."""
    amount = amounts[place]
    if amount >= limit:
        top = amounts[place + 1] if place + 1 < len(amounts) else amount + 400
        value = amount + random.whole(0, max(0, top - amount - 1))
    else:
        bottom = amounts[place - 1] if place else max(1, amount - 400)
        value = amount - 1 - random.whole(0, max(0, amount - bottom - 1))
    rounded = value // 10 * 10
    return rounded if min(amount, limit) <= rounded <= value and rounded != limit else value


def window(draft: Draft, kind: str) -> tuple[str, str]:
    """Return the first and the last day of something that is past, to come or in force today."""
    ago, ahead = draft.random.whole(4, 70), draft.random.whole(4, 70)
    today = draft.today
    if kind == "past":
        return days_later(today, -ago - ahead), days_later(today, -ago)
    if kind == "coming":
        return days_later(today, ahead), days_later(today, ahead + ago)
    first, last = days_later(today, -ago), days_later(today, ahead)
    return draft.random.pick(((first, last), ("", last), (first, "")))


def notices(draft: Draft, suspends: bool) -> tuple[Notice, ...]:
    """Return two notices about one section, of which the newer suspends or restores it."""
    older, newer = sorted(draft.random.different(2, 3, 90), reverse=True)
    return (
        Notice(days_later(draft.today, -older), not suspends),
        Notice(days_later(draft.today, -newer), suspends),
    )


def _decoy(draft: Draft, kind: str) -> Rule:
    """Return a rule that looks as though it mattered, and applies to no record today."""
    role = "limit" if kind.endswith("_limit") else "plain"
    rule = propose(draft, role, _target(draft, role))
    if kind.startswith("other"):
        return rule._replace(noun=other_noun(draft))
    if kind == "suspended":
        return rule._replace(notices=notices(draft, True))
    if kind == "nowhere":
        return _nowhere(draft, rule)
    first, last = window(draft, "past" if kind == "expired" else "coming")
    return rule._replace(first=first, last=last)


def other_noun(draft: Draft) -> Noun:
    """Return another kind of item."""
    return draft.random.pick([one for one in OTHER_NOUNS if one.many != draft.noun.many])


def _nowhere(draft: Draft, rule: Rule) -> Rule:
    """Return the rule for a region and grade that no record has; else for other items."""
    random = draft.random
    for _ in range(4):
        place = random.whole(0, len(draft.bits.records) - 1)
        region = draft.about(place, ("region",))
        grade = (Part("grade", (random.pick("ABCD"),)),)
        due = draft.about(random.whole(0, len(draft.bits.records) - 1), ("due_between",))
        when = (*grade, *region) if random.chance(0.5) else (*region, *due)
        if not draft.bits.where(when):
            return rule._replace(when=when)
    return rule._replace(noun=other_noun(draft))


def _stop(draft: Draft, kind: str) -> Rule:
    """Return a stop of all work on a kind of item: past, to come, lifted, of others or in force."""
    noun = other_noun(draft) if kind == "other" else draft.noun
    times = {"ended": "past", "coming": "coming"}
    first, last = window(draft, times.get(kind, "now"))
    if kind not in ("lifted", "imposed"):
        return Rule("stop", noun, first=first or days_later(draft.today, -9), last=last)
    about = notices(draft, kind == "lifted")
    first = days_later(about[0].issued, -draft.random.whole(2, 30))
    return Rule("stop", noun, first=first, last=last, notices=about)


def _stops(draft: Draft, size: Size, forbidden: bool) -> tuple[Rule, ...]:
    kinds = draft.random.mixed(size.stops)
    if forbidden:
        kinds[-1] = draft.random.pick(("now", "imposed"))
    return tuple(_stop(draft, kind) for kind in kinds)


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
    for role in size.roles:
        _add_dated(draft, role)
    for _ in range(len(size.roles) - len(draft.weighed)):
        _add_dated(draft, "conflict")
    if not limits and draft.weighed:
        draft.weighed[0] = _dated(draft, draft.weighed[0], "restored")
    decoys = [_decoy(draft, kind) for kind in size.decoys]
    if "coming_limit" in size.decoys:
        limits = (*limits, _coming_limit(draft, limit))
    rules = RuleSet(
        scheme,
        (*(one.rule for one in draft.weighed), *decoys),
        _stops(draft, size, stop),
        limits,
        _override(draft, size),
    )
    return Drawn(rules, tuple(draft.weighed), draft.outcome)


def _coming_limit(draft: Draft, limit: int) -> LimitNotice:
    """Return a recent notice of a limit that holds only from a later day on."""
    first = days_later(draft.today, draft.random.whole(6, 80))
    issued = days_later(draft.today, -draft.random.whole(1, 3))
    return LimitNotice(draft.noun, issued, first, limit + draft.random.whole(-9, 9) * 50 + 20)

"""Draw what looks as though it mattered: rules and stops of other items or other times."""

from __future__ import annotations

from collections.abc import Sequence

from pilotbench.benchmark.scenarios.policy.conditions import (
    Part,
    days_later,
)
from pilotbench.benchmark.scenarios.policy.proposals import Draft, propose, target
from pilotbench.benchmark.scenarios.policy.rules import (
    LimitNotice,
    Notice,
    Noun,
    Rule,
)
from pilotbench.benchmark.scenarios.terms.subjects import SUBJECTS

OTHER_NOUNS = (
    *(Noun(one.one, one.many, one.amount) for one in SUBJECTS.values()),
    *(Noun("contract", "contracts", "volume"), Noun("lease", "leases", "rent")),
    *(Noun("deposit", "deposits", "sum"), Noun("loan", "loans", "balance")),
    *(Noun("subscription", "subscriptions", "charge"), Noun("tender", "tenders", "volume")),
    *(Noun("pension file", "pension files", "pay"), Noun("voucher", "vouchers", "worth")),
)


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


def decoy(draft: Draft, kind: str) -> Rule:
    """Return a rule that looks as though it mattered, and applies to no record today."""
    role = "limit" if kind.endswith("_limit") else "plain"
    rule = propose(draft, role, target(draft, role))
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


def stops(draft: Draft, kinds: Sequence[str], forbidden: bool) -> tuple[Rule, ...]:
    mixed = draft.random.mixed(kinds)
    if forbidden:
        mixed[-1] = draft.random.pick(("now", "imposed"))
    return tuple(_stop(draft, kind) for kind in mixed)


def coming_limit(draft: Draft, limit: int) -> LimitNotice:
    """Return a recent notice of a limit that holds only from a later day on."""
    first = days_later(draft.today, draft.random.whole(6, 80))
    issued = days_later(draft.today, -draft.random.whole(1, 3))
    return LimitNotice(draft.noun, issued, first, limit + draft.random.whole(-9, 9) * 50 + 20)

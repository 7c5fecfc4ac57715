"""The house rules of an instance: their text, and what they mean for the records of its list."""

from __future__ import annotations

from dataclasses import dataclass

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.conditions import Json, holds, in_words
from pilotbench.benchmark.scenarios.policy.drawing import Drawn, draw_rules
from pilotbench.benchmark.scenarios.policy.proposals import ruling
from pilotbench.benchmark.scenarios.policy.rules import Bits, Noun, Rule, newest_limit
from pilotbench.benchmark.scenarios.policy.writing import Written, write
from pilotbench.benchmark.scenarios.terms.subjects import Subject


@dataclass(frozen=True)
class Work:
    """What the rules may speak about.

    `over`: amounts strictly over the limit count, else those under it. `today` is the day of the
    request (ISO), and `desk` a person to whom the rules may send records instead.
    """

    subject: Subject
    records: tuple[Json, ...]
    over: bool
    limit: int
    today: str
    desk: str

    @property
    def noun(self) -> Noun:
        """Return the words for the items."""
        return Noun(self.subject.one, self.subject.many, self.subject.amount)


@dataclass(frozen=True)
class House:
    """House rules, and what they mean.

    `limit` is the general limit that holds. `rulings` has for each record `act` (it counts),
    `rest`, `hold` (nothing may happen to it) or `desk`, and `reasons` the numbers of the sections
    that decide it. `forbids` is the reason why the whole request is forbidden, None if it is not.
    """

    text: str
    limit: int
    rulings: tuple[str, ...]
    reasons: tuple[str, ...]
    forbids: str | None


def house_rules(random: SeededRandom, work: Work, words: int, forbidden: bool) -> House:
    """Draw house rules of about so many words that matter to these records."""
    return judged(work, *drawn_and_written(random, work, words, forbidden))


def drawn_and_written(
    random: SeededRandom, work: Work, words: int, forbidden: bool
) -> tuple[Drawn, Written]:
    """Return the rules as they are declared, and as they are written."""
    bits = Bits(work.records, work.subject.amount, work.over)
    drawn = draw_rules(random, bits, work.noun, work.limit, work.today, words, forbidden)
    in_force = len(drawn.weighed)
    return drawn, write(random, drawn.rules, in_force, work.desk, work.today, words)


def judged(work: Work, drawn: Drawn, written: Written) -> House:
    """Return what the rules mean for the work."""
    held = newest_limit(drawn.rules.limits, work.noun, work.today)
    places = range(len(work.records))
    limit = held.limit if held else work.limit
    for place, stop in enumerate(drawn.rules.stops):
        if stop.in_force(work.noun, work.today):
            number = written.numbers[f"s{place}"]
            until = f" until {in_words(stop.last)}" if stop.last else ""
            forbids = f"section {number} forbids work on {work.subject.many}{until}"
            held_all, because = ("hold",) * len(places), (str(number),) * len(places)
            return House(written.text, limit, held_all, because, forbids)
    rulings = tuple(ruling(drawn.outcome, place) for place in places)
    reasons = tuple(_reasons(work, drawn, written, place) for place in places)
    return House(written.text, limit, rulings, reasons, None)


def _reasons(work: Work, drawn: Drawn, written: Written, place: int) -> str:
    """Return the numbers of the sections that decide about a record."""
    held = newest_limit(drawn.rules.limits, work.noun, work.today)
    keys = [f"l{drawn.rules.limits.index(held)}" if held else "meaning"]
    for special in (True, False):
        for n, (rule, applies, _) in enumerate(drawn.weighed):
            if (rule.effect == "limit") == special and applies >> place & 1:
                keys = _keys_of(written, n, rule)
                break
    record, amount = work.records[place], work.subject.amount
    for n, (rule, applies, _) in enumerate(drawn.weighed):
        if not applies >> place & 1 and rule.unless and holds(rule.when, record, amount):
            keys.append(f"r{n}x" if f"r{n}x" in written.numbers else f"r{n}")
    return ", ".join(str(number) for number in sorted({written.numbers[key] for key in keys}))


def _keys_of(written: Written, place: int, rule: Rule) -> list[str]:
    keys = [f"r{place}"]
    if rule.notices:
        newest = max(range(len(rule.notices)), key=lambda n: rule.notices[n].issued)
        keys.append(f"r{place}n{newest}")
    if rule.unless and f"r{place}x" in written.numbers:
        keys.append(f"r{place}x")
    return keys

"""The house rules of an instance: their text, and what they mean for the records of its list."""

from __future__ import annotations

from dataclasses import dataclass

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.conditions import Json
from pilotbench.benchmark.scenarios.policy.drawing import Drawn, draw_rules
from pilotbench.benchmark.scenarios.policy.proposals import ruling
from pilotbench.benchmark.scenarios.policy.rules import Bits, Noun, newest_limit
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
    `rest`, `hold` (nothing may happen to it) or `desk`. `forbidden`: the whole request is.
    """

    text: str
    limit: int
    rulings: tuple[str, ...]
    forbidden: bool


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
    limit = held.limit if held else work.limit
    if any(stop.in_force(work.noun, work.today) for stop in drawn.rules.stops):
        return House(written.text, limit, ("hold",) * len(work.records), True)
    rulings = tuple(ruling(drawn.outcome, place) for place in range(len(work.records)))
    return House(written.text, limit, rulings, False)

"""Clauses become a text: a register, a sequence of sentences, and wordings are drawn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.terms.clauses import Clause
from pilotbench.benchmark.scenarios.wording import layout, register, units

HELD_OUT_SHARES = {"public": 0.0, "mixed": 0.3, "held_out": 1.0}
"""How often a clause has a held-out wording."""
_SHARE_CONDITIONAL = 0.5
_BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=`[aeio])")


@dataclass(frozen=True)
class Text:
    """A rendered message; `used` are the ids of its wordings, in their sequence."""

    text: str
    register: str
    used: tuple[str, ...]


def render(
    clauses: Sequence[Clause],
    random: SeededRandom,
    wording: str = "public",
    register_name: str | None = None,
) -> Text:
    """Return clauses as a message: a request if they name a list, else a short later message.

    `register_name` keeps a second message in the register of the first.
    """
    drawn = random.pick(register.names())
    spoken = register.load(register_name or drawn)
    placed = units.arrange(units.fuse(clauses, spoken.fused, random), random)
    chosen = _chosen(placed, spoken, HELD_OUT_SHARES[wording], random)
    case = random.pick(spoken.frame.cases)
    sentences = _sentences(placed, chosen, spoken, case)
    if any(clause.kind.startswith("list_") for clause in clauses):
        fillers = [register.in_case(text, case) for text in spoken.frame.fillers]
        text = layout.message(sentences, spoken.frame, fillers, random)
    else:
        leads = [register.in_case(text, case) for text in spoken.frame.follow_ups]
        text = layout.follow_up(sentences, spoken.frame, leads, random)
    return Text(_with_articles(text), spoken.name, tuple(one.id for one in chosen))


def _with_articles(text: str) -> str:
    """Return a text with `an` before values that need it; few texts have an article there."""
    has_one = " a `" in text or "A `" in text
    return _BEFORE_VOWEL.sub(r"\1n ", text) if has_one else text


def _chosen(
    placed: Iterable[units.Unit], spoken: register.Register, share: float, random: SeededRandom
) -> list[register.Wording]:
    chosen: list[register.Wording] = []
    before: Clause | None = None
    for unit in placed:
        wordings = spoken.held_out if random.chance(share) else spoken.public
        choice, is_single = wordings[unit.key], len(unit.clauses) == 1
        suiting = choice.suiting(unit.clauses[0], before) if is_single else []
        uses_one = suiting and random.chance(_SHARE_CONDITIONAL)
        chosen.append(random.pick(_fresh(suiting if uses_one else choice.free, chosen)))
        before = unit.clauses[0] if is_single else None
    return chosen


def _fresh(
    wordings: Sequence[register.Wording], chosen: Sequence[register.Wording]
) -> Sequence[register.Wording]:
    """Return the wordings whose formula has not been used yet in the message, if there are any."""
    return [one for one in wordings if not any(map(one.is_like, chosen))] or wordings


def _sentences(
    placed: Sequence[units.Unit],
    chosen: Sequence[register.Wording],
    spoken: register.Register,
    case: str,
) -> list[layout.Sentence]:
    return [
        layout.Sentence(
            _said(unit, one.template, spoken.language, case),
            bool(one.after) or unit.begins(*units.DIRECTLY_AFTER),
        )
        for unit, one in zip(placed, chosen, strict=True)
    ]


def _said(unit: units.Unit, template: str, language: str, case: str) -> str:
    subject = unit.clauses[0].subject
    text = register.with_nouns(template, subject, language, case)
    return text.format_map(_shown(unit))


def _shown(unit: units.Unit) -> dict[str, str]:
    """Return the values of the slots; one that both kinds have is `_2` for the second."""
    shown: dict[str, str] = {}
    for clause in unit.clauses:
        for slot, value in clause.slots:
            name = f"{slot}_2" if slot in shown else slot
            shown[name] = f"`{value}`" if isinstance(value, str) else str(value)
    return shown

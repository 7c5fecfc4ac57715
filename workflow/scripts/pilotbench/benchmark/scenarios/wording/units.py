"""Which clauses share a sentence, and the sequence of the sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.terms.clauses import Clause

SHARE_FUSED = 0.7
"""How often a clause that can share a sentence does so."""

USUAL = (
    *("purpose", "list_", "sign_in", "named_by", "detail_", "join_table", "fallback", "limit_"),
    *("ask_me", "was_limit", "decide_", "act_", "pending", "rest_", "was_place", "chain"),
    *("rules_note", "undo", "answer_", "change_", "places_", "side_", "rank_"),
)
"""The usual sequence, by how kinds begin; sentences are drawn near to it or far from it."""

LIKE = {"was_limit": "limit_", "was_place": "act_"}
"""What no longer holds is as likely to stand before what holds as after it."""

NEVER_FIRST = ("limit_", "ask_me", "was_", "pending")

DIRECTLY_AFTER = {"rest_": ("decide_", "act_")}
"""`the others` stand beside those that count."""

AFTER = {
    "join_table": ("detail_",),
    "fallback": ("detail_",),
    "chain": ("act_", "rest_", "pending"),
    "answer_receipt": ("act_", "rest_", "pending"),
    "places_": ("act_", "rest_"),
    "side_": ("decide_",),
    "rank_": ("answer_",),
}
_HAVE_OWN = ("act_", "decide_", "detail_")
_SPREADS = (16, 64, 128)


@dataclass(frozen=True)
class Unit:
    """One clause, or two that share a sentence; `key` finds the wordings."""

    key: str
    clauses: tuple[Clause, ...]

    def begins(self, *starts: str) -> bool:
        """Return whether one of the kinds begins with one of these."""
        return _begins(self.key, starts)


def fuse(
    clauses: Sequence[Clause], fused: Mapping[tuple[str, str], str], random: SeededRandom
) -> list[Unit]:
    """Return the clauses as units, some of them in twos."""
    left, units = list(clauses), []
    while left:
        clause = left.pop(0)
        partners = [one for one in left if (clause.kind, one.kind) in fused]
        if partners and random.chance(SHARE_FUSED):
            partner = random.pick(partners)
            left.remove(partner)
            units.append(_pair(clause, partner, fused[clause.kind, partner.kind]))
        else:
            units.append(Unit(clause.kind, (clause,)))
    return units


def _pair(clause: Clause, partner: Clause, key: str) -> Unit:
    is_first = key == f"{clause.kind}+{partner.kind}"
    return Unit(key, (clause, partner) if is_first else (partner, clause))


def arrange(units: Sequence[Unit], random: SeededRandom) -> list[Unit]:
    """Return the units in a drawn sequence that keeps the constraints."""
    bound = [unit for unit in units if _constraint(unit.key)]
    free = [unit for unit in units if not _constraint(unit.key)]
    placed = _drawn(free, random)
    bound.sort(key=lambda unit: not unit.begins(*DIRECTLY_AFTER))
    for unit in bound:
        placed.insert(_place(unit, placed, random), unit)
    return placed


@cache
def _begins(key: str, starts: tuple[str, ...]) -> bool:
    return any(kind.startswith(starts) for kind in key.split("+"))


@cache
def _constraint(key: str) -> tuple[str, ...]:
    """Return how the kinds begin that must come before, unless they share the sentence."""
    found = {
        start
        for kind, starts in (DIRECTLY_AFTER | AFTER).items()
        if _begins(key, (kind,))
        for start in starts
    }
    has_own = _begins(key, _HAVE_OWN) and not _begins(key, ("answer_", "chain"))
    return () if has_own else tuple(sorted(found))


def _drawn(units: Sequence[Unit], random: SeededRandom) -> list[Unit]:
    spread = random.pick(_SPREADS)
    ranked = sorted(
        (4 * _usual(unit.key) + random.whole(0, spread), i) for i, unit in enumerate(units)
    )
    placed = [units[index] for _, index in ranked]
    firsts = [unit for unit in placed if not unit.begins(*NEVER_FIRST)]
    if firsts and firsts[0] is not placed[0]:
        placed.remove(firsts[0])
        placed.insert(0, firsts[0])
    return placed


@cache
def _usual(key: str) -> int:
    known = LIKE.get(key, key)
    return next(place for place, start in enumerate(USUAL) if known.startswith(start))


def _place(unit: Unit, placed: Sequence[Unit], random: SeededRandom) -> int:
    """Return where a bound unit may stand: never between `rest` and what it is the rest of."""
    before = [i + 1 for i, one in enumerate(placed) if one.begins(*_constraint(unit.key))]
    if before and unit.begins(*DIRECTLY_AFTER):
        return random.pick(before)
    first = before[-1] if before else 0
    return random.pick([i for i in range(first, len(placed) + 1) if not _parts(i, placed)])


def _parts(index: int, placed: Sequence[Unit]) -> bool:
    return index < len(placed) and placed[index].begins(*DIRECTLY_AFTER)

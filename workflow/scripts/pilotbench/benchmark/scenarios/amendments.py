"""What a request says the wrong way round and takes back later, or says it has not got wrong.

A topic is `places` (for the items that count and for the others), `side` (of the limit) or `rank`
(the largest or the smallest as the answer). Its clause `..._turned` means that the request has the
topic the wrong way round, `..._kept` that it has not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.terms.clauses import KINDS, Clause

AMENDED = 0.4
"""The share of requests that mention a topic that could be the wrong way round."""
TURNED = 0.5
"""The share of these that have it the wrong way round."""
_OPPOSITE = {
    "decide_over": "decide_under",
    "decide_under": "decide_over",
    "answer_largest": "answer_smallest",
    "answer_smallest": "answer_largest",
}


def amended(clauses: Sequence[Clause], random: Callable[[str], SeededRandom]) -> list[Clause]:
    """Return clauses that mean the same, with those of the topics; `random` draws for a topic."""
    found = list(clauses)
    for topic, reverse in (("places", _places), ("side", _side), ("rank", _rank)):
        reversed_ = reverse(found)
        if reversed_ == found:
            continue
        draw = random(topic)
        if not draw.chance(AMENDED):
            continue
        is_turned = draw.chance(TURNED)
        said = Clause(f"{topic}_{'turned' if is_turned else 'kept'}", found[0].subject)
        found = [*(reversed_ if is_turned else found), said]
    return found


def _side(clauses: Sequence[Clause]) -> list[Clause]:
    return [_opposite(one) if one.kind.startswith("decide_") else one for one in clauses]


def _rank(clauses: Sequence[Clause]) -> list[Clause]:
    return [_opposite(one) if one.kind.startswith("answer_") else one for one in clauses]


def _opposite(clause: Clause) -> Clause:
    return replace(clause, kind=_OPPOSITE.get(clause.kind, clause.kind))


def _places(clauses: Sequence[Clause]) -> list[Clause]:
    """Return the clauses with the two places exchanged, if either could be the other."""
    ways = {one.kind.partition("_")[0]: one for one in clauses if _moved(one) in KINDS}
    if not {"act", "rest"} <= ways.keys():
        return list(clauses)
    exchanged = {
        ways["act"]: replace(ways["rest"], kind=_moved(ways["rest"])),
        ways["rest"]: replace(ways["act"], kind=_moved(ways["act"])),
    }
    return [exchanged.get(one, one) for one in clauses]


def _moved(clause: Clause) -> str:
    """Return the kind that says of the other items what a kind says of these."""
    start, _, way = clause.kind.partition("_")
    return {"act": "rest_", "rest": "act_"}.get(start, "no_") + way

"""Which clauses share a sentence, and that no sequence breaks a constraint."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.terms.clauses import KINDS
from pilotbench.benchmark.scenarios.wording import register, units
from support.drawn_clauses import clause, request

FUSED = {
    pair: key
    for key in ("decide_over+act_post", "limit_value+decide_over", "chain+answer_receipt")
    for a, b in (key.split("+"),)
    for pair in ((a, b), (b, a))
}


def arranged(index: int) -> list[units.Unit]:
    random = SeededRandom("units", index)
    return units.arrange(units.fuse(request(index), FUSED, random), random)


def test_every_clause_is_said_once() -> None:
    for index in range(1000):
        said = [one.kind for unit in arranged(index) for one in unit.clauses]
        assert sorted(said) == sorted(one.kind for one in request(index))


def test_the_others_stand_directly_after_those_that_count() -> None:
    for index in range(1000):
        placed = arranged(index)
        for before, unit in pairwise(placed):
            if unit.begins("rest_"):
                assert before.begins("decide_", "act_"), index


@pytest.mark.parametrize("kind", sorted(units.AFTER))
def test_a_bound_clause_comes_after_all_that_it_refers_to(kind: str) -> None:
    for index in range(1000):
        placed = arranged(index)
        here = [i for i, unit in enumerate(placed) if unit.begins(kind)]
        before = [i for i, unit in enumerate(placed) if unit.begins(*units.AFTER[kind])]
        assert not here or not before or here[0] >= before[-1], index


@pytest.mark.parametrize(("was", "now"), units.LIKE.items())
def test_what_no_longer_holds_may_stand_before_what_holds(was: str, now: str) -> None:
    before = []
    for index in range(2000):
        places = {one.kind: i for i, unit in enumerate(arranged(index)) for one in unit.clauses}
        holding = [place for kind, place in places.items() if kind.startswith(now)]
        before += [places[was] < place for place in holding[:1] if was in places]
    assert 0.35 < sum(before) / len(before) < 0.65, (sum(before), len(before))


def test_a_request_never_begins_with_what_needs_a_subject() -> None:
    never = (*units.NEVER_FIRST, *units.AFTER, *units.DIRECTLY_AFTER)
    assert not [index for index in range(1000) if arranged(index)[0].begins(*never)]


def test_two_kinds_share_a_sentence_in_either_sequence() -> None:
    clauses = [clause("decide_over"), clause("act_post")]
    for given in (clauses, clauses[::-1]):
        found = [units.fuse(given, FUSED, SeededRandom(index)) for index in range(50)]
        shared = [placed for placed in found if len(placed) == 1]
        assert 15 < len(shared) < 45
        assert all(placed[0].clauses == tuple(clauses) for placed in shared)


def test_every_kind_has_its_usual_place() -> None:
    assert not [kind for kind in KINDS if not kind.startswith(units.USUAL)]


@pytest.mark.parametrize("name", register.names())
def test_ten_clauses_have_thousands_of_sequences(name: str) -> None:
    """Of 2,000 draws; which sentences are shared is part of a sequence, their wordings are not."""
    kinds = ("purpose", "list_table", "sign_in", "detail_url", "limit_value", "decide_over")
    clauses = [clause(kind) for kind in (*kinds, "act_post", "rest_push", "chain", "answer_total")]
    fused = register.load(name).fused
    found = set()
    for index in range(2000):
        random = SeededRandom("sequences", index)
        placed = units.arrange(units.fuse(clauses, fused, random), random)
        found.add(tuple(unit.key for unit in placed))
    assert len(found) > 1000

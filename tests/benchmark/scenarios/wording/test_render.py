"""Requests say all that their clauses say, and the same in every process."""

from __future__ import annotations

import re
import subprocess
import sys
from hashlib import sha256
from itertools import combinations, product

import pytest

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.terms.clauses import KINDS
from pilotbench.benchmark.scenarios.wording import register
from pilotbench.benchmark.scenarios.wording.render import HELD_OUT_SHARES, Text, render
from support.drawn_clauses import clause, request

INDICES = 3000
WORDINGS = {
    one.id: one
    for name in register.names()
    for side in (register.load(name).public, register.load(name).held_out)
    for choice in side.values()
    for one in (*choice.free, *choice.conditional)
}
PROGRAM = "from benchmark.scenarios.wording.test_render import digest; print(digest())"


def drawn(index: int, wording: str = "mixed") -> Text:
    return render(request(index), SeededRandom("text", index), wording)


def digest() -> str:
    return sha256("".join(drawn(index).text for index in range(100)).encode()).hexdigest()


def test_a_request_shows_every_value_of_its_clauses() -> None:
    for index in range(INDICES):
        text = drawn(index).text
        for one in request(index):
            for _, value in one.slots:
                shown = f"`{value}`" if isinstance(value, str) else str(value)
                assert shown in text, (index, one.kind, value)
        assert "{" not in text


def test_texts_are_the_same_in_every_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "7"},
    )
    assert done.stdout.strip() == digest()


@pytest.mark.parametrize(("wording", "share"), HELD_OUT_SHARES.items())
def test_held_out_wordings_have_their_share(wording: str, share: float) -> None:
    used = [one for index in range(500) for one in drawn(index, wording).used]
    found = sum("/held_out/" in one for one in used) / len(used)
    assert abs(found - share) < 0.03


def test_registers_are_drawn_equally() -> None:
    found = [drawn(index).register for index in range(INDICES)]
    names = register.names()
    for name in names:
        assert abs(found.count(name) / INDICES - 1 / len(names)) < 0.03


def test_a_second_message_keeps_the_register() -> None:
    for index, name in product(range(20), register.names()):
        said = render([clause("change_limit")], SeededRandom(index), "public", name)
        assert said.register == name
        assert str(dict(clause("change_limit").slots)["limit"]) in said.text


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_clause_alone_is_a_message(kind: str) -> None:
    for index, name in product(range(5), register.names()):
        assert render([clause(kind)], SeededRandom(index), "mixed", name).text


def test_an_article_suits_the_value_after_it() -> None:
    texts = [drawn(index).text for index in range(500)]
    assert not [text for text in texts if re.search(r"\b[Aa] `[aeio]", text)]


def test_a_wording_that_leaves_out_a_value_follows_the_value() -> None:
    clauses = [clause("list_table", database="mine"), clause("sign_in", service="mine")]
    for index in range(100):
        assert "`mine`" in render(clauses, SeededRandom(index)).text


def test_a_second_message_has_one_case_throughout() -> None:
    for index in range(200):
        text = render([clause("change_limit")], SeededRandom(index), "public", "terse").text
        starts = {found[0].isupper() for found in re.findall(r"(?:^|\. )([A-Za-z])", text)}
        assert len(starts) < 2, text


def test_no_formula_is_used_twice_in_a_message() -> None:
    """The limit and the place of the past, say, have wordings that differ in a word only."""
    clauses = [clause(kind) for kind in ("list_folder", "was_limit", "was_place", "act_post")]
    for index, wording in product(range(50), ("public", "held_out")):
        said = render([*clauses, clause("rest_push")], SeededRandom(index), wording)
        used = [WORDINGS[id_] for id_ in said.used]
        assert not [pair for pair in combinations(used, 2) if pair[0].is_like(pair[1])], said.text

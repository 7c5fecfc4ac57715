"""What a request says the wrong way round, and how it takes it back."""

from __future__ import annotations

from collections import Counter

import pytest

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.amendments import AMENDED, TURNED, amended
from pilotbench.benchmark.scenarios.terms.clauses import Clause
from support.drawn_clauses import clause

TOPICS = ("places", "side", "rank")
SAID = [
    clause(kind)
    for kind in ("list_folder", "decide_over", "act_post", "rest_push", "answer_largest")
]
TURNS = {
    "places": {clause("act_post"): "rest_post", clause("rest_push"): "act_push"},
    "side": {clause("decide_over"): "decide_under"},
    "rank": {clause("answer_largest"): "answer_smallest"},
}


def drawn(clauses: list[Clause], index: int) -> list[Clause]:
    return amended(clauses, lambda topic: SeededRandom(topic, index))


def test_a_topic_is_the_wrong_way_round_exactly_if_the_request_says_so() -> None:
    for index in range(300):
        found = drawn(SAID, index)
        kinds = [one.kind for one in found]
        for topic in TOPICS:
            is_turned = f"{topic}_turned" in kinds
            for before, after in TURNS[topic].items():
                held = next(one for one in found if one.slots == before.slots)
                assert held.kind == (after if is_turned else before.kind), index
        assert len({one.partition("_")[0] for one in kinds}) == len(kinds)


def test_topics_are_mentioned_in_their_shares() -> None:
    found = Counter(one.kind for index in range(2000) for one in drawn(SAID, index))
    for topic in TOPICS:
        turned, kept = found[f"{topic}_turned"] / 2000, found[f"{topic}_kept"] / 2000
        assert abs(turned - AMENDED * TURNED) < 0.03
        assert abs(kept - AMENDED * (1 - TURNED)) < 0.03


@pytest.mark.parametrize(
    ("kinds", "topic"),
    [
        (("act_file", "rest_push"), "places"),
        (("act_post", "rest_none"), "places"),
        (("act_role", "rest_post"), "places"),
        (("pending",), "places"),
        (("answer_total",), "rank"),
        (("answer_receipt",), "rank"),
    ],
)
def test_what_has_no_opposite_is_not_amended(kinds: tuple[str, ...], topic: str) -> None:
    clauses = [clause(kind) for kind in kinds]
    assert all(drawn(clauses, index) == clauses for index in range(50)), topic

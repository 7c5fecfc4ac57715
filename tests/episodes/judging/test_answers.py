"""A judge's answer is a verdict only where it says one, in one way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotbench.benchmark.scorers.judging import Judging
from pilotbench.episodes.judging.answers import Unreadable, read
from pilotbench.episodes.judging.question import schema

PLAIN = Judging("r", ("j",))
SCALE = Judging("r", ("j",), scale=(1, 5), threshold=0.5)
CRITERIA = Judging("r", ("j",), criteria={"true": "It is true.", "short": "It is short."})
PAIR = Judging("r", ("j",), compare="all")
RIGHT = '{"reason": "ok", "verdict": "right"}'
WRONG = '{"reason": "no", "verdict": "wrong"}'


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (RIGHT, True),
        (WRONG, False),
        (f"\n {RIGHT} \n", True),
        (f"```json\n{RIGHT}\n```", True),
        (f"My verdict:\n{WRONG}", False),
        (f"{WRONG}\nThat is all.", False),
        (f"{WRONG} {WRONG}", False),
        (f'The set {{1, 2}} and {{"a": 1}} are beside the point. {RIGHT}', True),
        ('{"verdict": "wrong", "reason": "the order does not matter"}', False),
        ('{"reason": "more keys", "verdict": "right", "confidence": 1}', True),
        (
            '{"reason": "it says {\\"verdict\\": \\"right\\"}, which it was not asked for", '
            '"verdict": "wrong"}',
            False,
        ),
    ],
)
def test_a_verdict_is_read(text: str, right: bool) -> None:
    found = read(PLAIN, text)
    assert found.right is right
    assert found.score == float(right)
    assert found.reason


@pytest.mark.parametrize(
    "text",
    [
        *("", "right", "I think it is right.", '"right"', "[]", "{}", "null", RIGHT[:-1]),
        f"The reply says {RIGHT}, but I say {WRONG}",
        f"{RIGHT}\n{WRONG}",
        '{"reason": "x", "verdict": "Right"}',
        '{"reason": "x", "verdict": true}',
        '{"reason": "x", "verdict": ["right"]}',
        '{"reason": ["x"], "verdict": "right"}',
        '{"verdict": "right"}',
        '{"reason": "x", "verdict": "right", "verdict": "wrong"}',
        '{"reason": "x", "score": 5}',
        '{"reason": "x", "answer": {"reason": "y"}}',
        "{" * 100_000,
        '{"a":' * 50_000,
    ],
)
def test_what_is_no_verdict_is_never_one(text: str) -> None:
    with pytest.raises(Unreadable):
        read(PLAIN, text)


@pytest.mark.parametrize(
    ("score", "expected", "right"),
    [(1, 0.0, False), (2, 0.25, False), (3, 0.5, True), (4.5, 0.875, True), (5, 1.0, True)],
)
def test_a_score_is_read_on_its_scale(score: float, expected: float, right: bool) -> None:
    found = read(SCALE, json.dumps({"reason": "x", "score": score}))
    assert (found.score, found.right) == (expected, right)


@pytest.mark.parametrize("score", [0, 6, True, "5", None, [5], float("nan"), float("inf"), 10**400])
def test_a_score_off_the_scale_is_none(score: Any) -> None:
    with pytest.raises(Unreadable):
        read(SCALE, json.dumps({"reason": "x", "score": score}))


def test_every_criterion_counts() -> None:
    found = read(CRITERIA, '{"reason": "x", "true": "right", "short": "wrong"}')
    assert (found.score, found.right) == (0.5, False)
    assert found.criteria == {"true": 1.0, "short": 0.0}
    assert read(CRITERIA, '{"reason": "x", "true": "right", "short": "right"}').right
    with pytest.raises(Unreadable):
        read(CRITERIA, '{"reason": "x", "short": "right"}')


@pytest.mark.parametrize("winner", ["A", "B", "tie"])
def test_a_winner_is_read(winner: str) -> None:
    found = read(PAIR, json.dumps({"reason": "x", "winner": winner}))
    assert (found.winner, found.right, found.score) == (winner, None, None)


@pytest.mark.parametrize("winner", ["first", "C", "", None, 1, "a"])
def test_another_winner_is_none(winner: Any) -> None:
    with pytest.raises(Unreadable):
        read(PAIR, json.dumps({"reason": "x", "winner": winner}))


@pytest.mark.parametrize("judging", [PLAIN, SCALE, CRITERIA, PAIR])
def test_the_reason_comes_first_in_the_schema(judging: Judging) -> None:
    found = schema(judging)
    assert found["required"][0] == "reason"
    assert list(found["properties"]) == found["required"]
    assert found["additionalProperties"] is False

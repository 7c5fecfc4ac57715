"""Simulated judges err as often as their names say, and always in the same places."""

from __future__ import annotations

import pytest

from pilotbench.benchmark.scorers.judging import Judging
from pilotbench.episodes.judging.answers import read
from pilotbench.episodes.judging.question import Subject, request
from pilotbench.providers.settings import Model
from pilotbench.simulator.ground.conversation import conversation
from pilotbench.simulator.ground.judges import SimulatedJudge

COUNT = 600
PAIRS = Judging("r", ("j",), compare="all")


def said(name: str, judging: Judging, *replies: str, index: int = 0, seed: int = 1) -> str:
    subject = Subject(index, f"Question {index}?", replies, "word")
    sent = request(judging, Model("j", "p", name), subject, 0, 0)
    judge = SimulatedJudge.of(name)
    assert judge is not None
    return judge.answer(seed, conversation(name, sent.body, sent.body, b""))


def share_right(name: str, reply: str) -> float:
    judging = Judging("r", ("j",))
    verdicts = [read(judging, said(name, judging, reply, index=n)) for n in range(COUNT)]
    return sum(bool(one.right) for one in verdicts) / COUNT


@pytest.mark.parametrize(
    ("name", "reply", "expected"),
    [
        ("judge-100-100", "the word", 1.0),
        ("judge-100-100", "nothing", 0.0),
        ("judge-90-70", "the word", 0.9),
        ("judge-90-70", "nothing", 0.3),
        ("judge-90-70-0-80", "by judge-90-70-0-80", 0.8 + 0.2 * 0.3),
    ],
)
def test_errors_are_as_frequent_as_stated(name: str, reply: str, expected: float) -> None:
    assert share_right(name, reply) == pytest.approx(expected, abs=0.06)


def test_the_same_request_is_judged_alike_and_the_seed_changes_it() -> None:
    judging = Judging("r", ("j",))
    runs = [
        [said("judge-50-50", judging, "the word", index=n, seed=seed) for n in range(40)]
        for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize(
    ("name", "replies", "winner", "expected"),
    [
        ("judge-100-100", ("the word", "no"), "A", 1.0),
        ("judge-100-100", ("no", "the word"), "B", 1.0),
        ("judge-100-100", ("no", "nor this"), "tie", 1.0),
        ("judge-80-80", ("no", "the word"), "B", 0.8),
        ("judge-100-100-40", ("no", "the word"), "A", 0.4),
        ("judge-100-100-0-50", ("by judge-100-100-0-50", "the word"), "A", 0.5),
    ],
)
def test_comparisons_err_as_stated(
    name: str, replies: tuple[str, str], winner: str, expected: float
) -> None:
    found = [read(PAIRS, said(name, PAIRS, *replies, index=n)).winner for n in range(COUNT)]
    assert found.count(winner) / COUNT == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize("name", ["judge", "judge-90", "judges-90-90", "judge-90-80-1-2-3"])
def test_other_names_are_no_judges(name: str) -> None:
    assert SimulatedJudge.of(name) is None


def test_scales_and_criteria_are_answered() -> None:
    judging = Judging("r", ("j",), scale=(1, 5), criteria={"a": "x", "b": "y"})
    assert read(judging, said("judge-100-100", judging, "the word")).score == 1.0
    assert read(judging, said("judge-100-100", judging, "no")).score == 0.0

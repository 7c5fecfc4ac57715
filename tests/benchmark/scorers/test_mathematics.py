"""Expressions are compared by math-verify, and only where a reply is one expression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pilotbench.benchmark.scorers import mathematics
from pilotbench.benchmark.scorers.mathematics import SCORER, expression

OPTIONS = {key: option["default"] for key, option in SCORER.options.items()}

COUNT: list[tuple[str, list[str]]] = [
    (
        "\\frac{1}{2}",
        ["1/2", "0.5", "\\boxed{\\frac{2}{4}}", "$\\frac12$", "Answer: $\\dfrac{1}{2}$", "½"],
    ),
    ("x^2+2x+1", ["(x+1)^2", "$x^2 + 2x + 1$", "1 + 2x + x²"]),
    ("2\\sqrt{2}", ["\\sqrt{8}", "$2\\sqrt{2}$", "\\[\\boxed{2\\sqrt{2}}\\]"]),
    ("\\{1, 2\\}", ["\\{2, 1\\}", "$\\{1,2\\}$"]),
    ("[0, 1)", ["$[0,1)$", "\\boxed{[0, 1)}"]),
    ("\\frac{\\pi}{4}", ["\\pi/4", "\\arctan(1)"]),
    ("42", ["42", "$42$", "\\boxed{42}", "6 \\times 7", "x = 42", "42."]),
]
DO_NOT_COUNT: list[tuple[str, list[str]]] = [
    (
        "\\frac{1}{2}",
        ["2", "1/3", "-1/2", "1/2 or 1/3", "not 1/2", "\\frac{1}{2} \\text{ or } 1", ""],
    ),
    ("x^2+2x+1", ["(x-1)^2", "x^2+2x", "y^2+2y+1"]),
    ("[0, 1)", ["(0, 1)", "[0, 1]", "0"]),
    (
        "42",
        [
            "not 42",
            "42 or 43",
            "42, 43",
            "maybe 42",
            "43",
            "The number is not 42.",
            "42 ± 1",
            "4^2",
            "42!",
        ],
    ),
    ("12", ["1_2", "1₂", "12 or 13", "12?"]),
    ("81", ["9^9^9^9", "9^{9^{9}}", "\\boxed{", "3^4!", "9" * 150]),
]


def judged(wanted: str, reply: Any) -> bool:
    return SCORER.judge(wanted, reply, OPTIONS).right


@pytest.fixture(autouse=True, scope="module")
def _installed() -> Iterator[None]:
    pytest.importorskip("math_verify")
    yield
    mathematics._Worker.stop()


@pytest.mark.parametrize(("wanted", "reply"), [(w, r) for w, some in COUNT for r in some])
def test_an_equal_expression_counts(wanted: str, reply: str) -> None:
    assert judged(wanted, reply)


@pytest.mark.parametrize(("wanted", "reply"), [(w, r) for w, some in DO_NOT_COUNT for r in some])
def test_another_expression_or_more_than_one_does_not(wanted: str, reply: str) -> None:
    assert not judged(wanted, reply)


def test_the_wanted_answer_must_be_one_expression() -> None:
    assert mathematics.problem("\\frac{1}{2}") is None
    assert mathematics.problem("one half") == "not one expression in LaTeX"


def test_without_the_extra_the_pack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mathematics, "find_spec", lambda name: None)
    assert mathematics.INSTALL in str(mathematics.problem("1"))


def test_a_process_that_was_ended_is_started_again() -> None:
    assert judged("7", "14/2")
    process = mathematics._Worker.process
    assert process is not None
    process.kill()
    process.wait()
    assert judged("7", "21/3")


def test_an_expression_has_no_words() -> None:
    assert expression("$\\frac{1}{2}$.") == "\\frac{1}{2}"
    assert expression("about \\frac{1}{2}") is None

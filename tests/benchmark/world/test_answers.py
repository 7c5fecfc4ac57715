from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.world.answers import matches

INTEGER = {"type": "number", "value": 4821, "tolerance": 0}
ROUNDED = {"type": "number", "value": 12.35, "tolerance": 0.005}
UNIT = {"type": "number", "value": 40, "unit": "kg"}
NEGATIVE = {"type": "number", "value": -42}
TOKEN = {"type": "token", "value": "inbox/birch_4821.csv"}
SET = {"type": "set", "value": ["Lund", "Turku"]}


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        (INTEGER, 4821),
        (INTEGER, 4821.0),
        (INTEGER, "4821"),
        (INTEGER, "4,821"),
        (INTEGER, " `4821`. "),
        (INTEGER, [4821]),
        (ROUNDED, 12.35),
        (ROUNDED, "12.354"),
        (UNIT, "40 kg"),
        (UNIT, 40),
        (NEGATIVE, "-42"),
        (NEGATIVE, "−42"),
        (INTEGER, "４８２１"),
        (INTEGER, "48\u200b21"),
        (TOKEN, "inbox/birch_4821.csv"),
        (TOKEN, "«inbox/birch_4821.csv»"),
        (TOKEN, "inbox/birch_4821.csv\u200b"),
        (TOKEN, "`Inbox/birch_4821.csv`"),
        (SET, ["turku", "Lund"]),
        (SET, "Lund, Turku"),
    ],
)
def test_an_answer_of_the_wanted_type_and_value_matches(
    wanted: dict[str, Any], answer: Any
) -> None:
    assert matches(wanted, answer)


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        (INTEGER, 4822),
        (INTEGER, "the number is 4821"),
        (INTEGER, "4821 or 4822"),
        (INTEGER, "4821 4822"),
        (INTEGER, [4821, 4822]),
        (INTEGER, {"answer": 4821}),
        (INTEGER, True),
        (INTEGER, None),
        (INTEGER, ""),
        (INTEGER, float("nan")),
        (INTEGER, float("inf")),
        (INTEGER, 10**400),
        (INTEGER, "48,21"),
        (INTEGER, "482¹"),
        (INTEGER, "482₁"),
        (INTEGER, "482①"),
        (INTEGER, "4821⁰"),
        (INTEGER, "−4821"),
        (INTEGER, "4 821"),
        (INTEGER, "4821 km"),
        (ROUNDED, "12³⁵"),
        (TOKEN, "inbox/birch_482¹.csv"),
        (INTEGER, "4821 kg"),
        (ROUNDED, 12.36),
        (UNIT, "40 g"),
        (TOKEN, "birch_4821.csv"),
        (TOKEN, "the file inbox/birch_4821.csv"),
        (TOKEN, ["inbox/birch_4821.csv", "x"]),
        (SET, ["Lund"]),
        (SET, ["Lund", "Lund", "Turku"]),
        (SET, "Lund Turku"),
    ],
)
def test_any_other_answer_does_not(wanted: dict[str, Any], answer: Any) -> None:
    assert not matches(wanted, answer)

"""The campaign of kills counts what it must: lost, paid twice, wrong, unlike."""

from __future__ import annotations

from typing import Any

import pytest

from support.chaos import IN_FLIGHT_S, SURE_S, Verdict, judge, totals

KILL = 1000.0


def record(success: bool = True, answer: str = "a") -> dict[str, Any]:
    return {"success": success, "answer": answer}


WANTED = {"one": [record()], "two": [record()]}
FOUND: dict[str, tuple[dict[str, list[dict[str, Any]]], dict[str, int]]] = {
    "all": (WANTED, {}),
    "one that is not there": ({"one": [record()]}, {"lost": 1}),
    "one that is scored twice": ({**WANTED, "two": [record(), record()]}, {"lost": 1}),
    "one that is wrong": ({**WANTED, "two": [record(success=False)]}, {"wrong": 1, "unlike": 1}),
    "one with another answer": ({**WANTED, "two": [record(answer="b")]}, {"unlike": 1}),
    "one that nobody planned": ({**WANTED, "three": [record()]}, {"unlike": 1}),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_a_seed_has_lost_or_changed_is_counted(case: str) -> None:
    found, counts = FOUND[case]
    verdict = Verdict(1)
    judge(verdict, WANTED, found, [], [KILL])
    told = {"lost": verdict.lost, "wrong": verdict.wrong, "unlike": verdict.unlike}
    assert told == {"lost": 0, "wrong": 0, "unlike": 0} | counts
    assert verdict.holds is (not counts)


@pytest.mark.parametrize(
    ("first", "kills", "again"),
    [
        (KILL - SURE_S - 0.01, [KILL], 1),
        (KILL - SURE_S + 0.01, [KILL], 0),
        (KILL + IN_FLIGHT_S - 0.01, [KILL], 0),
        (KILL + IN_FLIGHT_S + 0.01, [KILL], 1),
        (KILL, [], 1),
        (KILL, [KILL - 60, KILL], 0),
    ],
)
def test_only_what_a_kill_met_in_flight_may_be_paid_twice(
    first: float, kills: list[float], again: int
) -> None:
    verdict = Verdict(1)
    judge(verdict, WANTED, WANTED, [{"first_answered": first}], kills)
    assert (verdict.again, verdict.met) == (again, 1 - again)
    assert verdict.holds is (again == 0)


def test_the_totals_count_every_seed() -> None:
    good, bad = Verdict(0, ["job"]), Verdict(1, ["job", "disk"], lost=2, notes=["hangs"])
    assert totals([good, bad]).startswith("2 seeds, 1 disk, 2 job: lost 2, paid twice 0 (and 0 in")
    assert totals([good, bad]).endswith("1 of 2 seeds hold")

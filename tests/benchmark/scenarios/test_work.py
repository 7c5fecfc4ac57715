"""What has to be done at a point."""

from __future__ import annotations

from collections import Counter

from pilotbench.benchmark.scenarios.core import core_of
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.work import LEAST_UNCONFIRMED, assignment

COMMITTED = LEVELS["recovery"]["committed"]


def _unconfirmed(index: int) -> tuple[int, list[str]]:
    """Return how many records are passed on, and what the calls meet that are not confirmed."""
    made = assignment(core_of("public", index), COMMITTED)
    return len(made.passed_on), [one.unconfirmed for one in made.passed_on if one.unconfirmed]


def test_nothing_but_a_look_tells_which_unconfirmed_calls_were_carried_out() -> None:
    """No fixed guess, such as repeating every second call, is right in more than a fifth."""
    found = [_unconfirmed(index) for index in range(400)]
    assert all(len(met) >= min(passed, LEAST_UNCONFIRMED) for passed, met in found)
    assert all("done" in met for _, met in found)
    several = [tuple(met) for _, met in found if len(met) == LEAST_UNCONFIRMED]
    assert len(set(several)) == 7
    assert max(Counter(several).values()) < len(several) / 5


def test_the_first_record_is_not_always_one_that_is_not_confirmed() -> None:
    firsts = [
        bool(assignment(core_of("public", index), COMMITTED).passed_on[0].unconfirmed)
        for index in range(100)
    ]
    assert 50 < sum(firsts) < 98


def test_house_rules_leave_no_other_way_to_what_is_impossible() -> None:
    """They may state the limit that is missing, and send some records elsewhere first."""
    found = set()
    for index in range(300):
        for level in ("hard", "very_hard"):
            one = assignment(core_of("public", index), LEVELS["workflow"][level])
            found.add(one.impossible)
    assert found <= {"", "no_access", "no_list", "no_tool"}
    assert {"no_list", "no_tool"} <= found


def test_a_missing_tool_or_target_is_needed_where_it_makes_a_task_impossible() -> None:
    for index in range(400):
        for level, point in LEVELS["workflow"].items():
            one = assignment(core_of("public", index), point)
            if one.impossible in ("no_tool", "no_target"):
                assert any(item.fate == "act" for item in one.items), (level, index)


def test_doing_nothing_is_right_only_where_the_task_has_to_be_left_alone() -> None:
    points = {point for levels in LEVELS.values() for point in levels.values() if point.items <= 4}
    for point in points:
        for index in range(40):
            one = assignment(core_of("public", index), point)
            assert bool(one.passed_on) == (one.word is None), (point, index)

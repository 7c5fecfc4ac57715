"""Bounds of version 4: which results keep them, which break them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dev import expected_scenarios
from dev.expected_scenarios import SLIPS, Cell
from pilotbench.benchmark.scenarios.levels import LEVELS


def cell(player: str, passed: int, level: str = "n4", task: str = "horizon", **more: Any) -> Cell:
    facts = {"rate": "1.0", "episodes": 200, "possible": 200, "impossible": 0, "calls": 2000}
    return Cell(task, level, player, passed=passed, **{**facts, **more})


def broken(*cells: Cell) -> list[str]:
    return [one.bound for one in expected_scenarios.verdicts(cells) if not one.holds]


MIXED: dict[str, Any] = {"task": "workflow", "level": "easy", "possible": 170, "impossible": 30}


@pytest.mark.parametrize(
    ("good", "bad", "bound"),
    [
        (cell("oracle", 200), cell("oracle", 199), "oracle, horizon n4: 100 %"),
        (
            cell("oracle", 199, rate="0.6"), cell("oracle", 195, rate="0.6"),
            "oracle at 0.6, horizon n4: 99.9 %, within chance",
        ),
        (
            cell("no_retry_oracle", 20, rate="0.8", chances=(0.1,) * 200),
            cell("no_retry_oracle", 60, rate="0.8", chances=(0.1,) * 200),
            "no_retry_oracle at 0.8, horizon n4: the product of rates, within error",
        ),
        (cell("random", 3), cell("random", 4), "random, horizon n4: under 2%"),
        (cell("shortcut", 3), cell("shortcut", 4), "shortcut, horizon n4: under 2%"),
        (cell("do_nothing", 0), cell("do_nothing", 1), "do_nothing, horizon n4: 0 %"),
        (
            cell("abstainer", 30, **MIXED), cell("abstainer", 29, **MIXED),
            "abstainer, workflow easy: what is impossible (30)",
        ),
        (
            cell("naive", 170, **MIXED), cell("naive", 169, **MIXED),
            "naive, workflow easy: what is possible (170)",
        ),
        (
            cell("naive", 9, "changes", "dialogue"), cell("naive", 10, "changes", "dialogue"),
            "naive, dialogue changes: under 5%",
        ),
    ],
)  # fmt: skip
def test_a_bound_holds_up_to_its_limit_and_is_named_when_broken(
    good: Cell, bad: Cell, bound: str
) -> None:
    assert broken(good) == []
    assert broken(bad) == [bound]


def test_graded_players_and_the_searcher_have_no_bound_of_a_single_level() -> None:
    assert expected_scenarios.verdicts([cell("slips_2", 0), cell("searcher", 0)]) == []


def test_the_oracle_at_a_low_rate_is_also_judged_over_all_levels() -> None:
    cells = [cell("oracle", 199, level, rate="0.6") for level in ("n2", "n4", "n8", "n16", "n32")]
    assert broken(*cells) == ["oracle at 0.6, all levels: at least 99.9 %"]


@pytest.mark.parametrize(
    ("task", "without"),
    [
        ("workflow", {"very_easy", "easy"}),
        ("horizon", set(LEVELS["horizon"])),
        ("policy", {"no_rules"}),
        ("abstention", {"possible", "impossible"}),
        ("wording", {"public", "held_out"}),
        ("dialogue", {"alone"}),
    ],
)
def test_a_level_has_axes_that_can_be_ignored_or_none(task: str, without: set[str]) -> None:
    found = {name for name, point in LEVELS[task].items() if not expected_scenarios.has_axes(point)}
    assert found == without


def order(*passed: int, episodes: int = 1_000) -> list[str]:
    levels = list(zip(LEVELS["workflow"], passed, strict=True))
    cells = [
        cell(player, many, level, "workflow", episodes=episodes)
        for player in SLIPS
        for level, many in levels
    ]
    found = expected_scenarios.order_verdicts(cells)
    return [one.found for one in found if not one.holds]


@pytest.mark.parametrize(
    ("passed", "episodes", "holds"),
    [
        ((900, 850, 800, 700, 600), 1_000, True),
        ((900, 850, 850, 700, 600), 1_000, False),
        ((900, 850, 851, 700, 600), 1_000, False),
        ((90, 85, 88, 70, 60), 100, True),
        ((90, 60, 88, 70, 60), 100, False),
    ],
)
def test_scores_fall_strictly_and_with_few_episodes_do_not_clearly_rise(
    passed: tuple[int, ...], episodes: int, holds: bool
) -> None:
    assert (order(*passed, episodes=episodes) == []) == holds


def test_each_player_of_graded_skill_is_judged_by_itself() -> None:
    cells = [
        replace(cell(player, 900 - 100 * place, level, "workflow"), episodes=1_000)
        for player in SLIPS
        for place, level in enumerate(LEVELS["workflow"])
    ]
    cells[1] = replace(cells[1], passed=950)
    found = {one.bound: one.holds for one in expected_scenarios.order_verdicts(cells)}
    assert list(found.values()) == [False, True, True, True]

"""Bounds: which counts keep them, which break them."""

from __future__ import annotations

from typing import Any

import pytest

from dev import expected_scores
from dev.expected_scores import Count, Trial


def count(player: str, passed: int, episodes: int = 200, **more: Any) -> Count:
    trial = Trial(player, str(more.pop("rate", "1.0")), flaw=more.pop("flaw", None))
    task, difficulty = str(more.pop("task", "basic_task")), str(more.pop("difficulty", "medium"))
    return Count(task, difficulty, trial, episodes, passed, **more)


def broken(*counts: Count) -> list[str]:
    return [verdict.bound for verdict in expected_scores.verdicts(counts) if not verdict.holds]


@pytest.mark.parametrize(
    ("good", "bad", "bound"),
    [
        (count("oracle", 200), count("oracle", 199), "oracle, basic_task medium: 100 %"),
        (
            count("oracle", 199, rate="0.6"), count("oracle", 195, rate="0.6"),
            "oracle at 0.6, basic_task medium: 99.9 %, within chance",
        ),
        (
            count("oracle", 200, pairs=900), count("oracle", 200, pairs=900, followed=1),
            "oracle, basic_task medium: no flaw followed",
        ),
        (
            count("searcher", 190, difficulty="hard"), count("searcher", 189, difficulty="hard"),
            "searcher, basic_task hard: at least 95 %",
        ),
        (
            count("no_retry_oracle", 128, rate="0.8", chances=(0.64,) * 200),
            count("no_retry_oracle", 160, rate="0.8", chances=(0.64,) * 200),
            "no_retry_oracle at 0.8, basic_task medium: the product of rates, within error",
        ),
        (count("random", 9), count("random", 10), "random, basic_task medium: under 5%"),
        (
            count("random", 19, task="simple_task"), count("random", 20, task="simple_task"),
            "random, simple_task medium: under 10%",
        ),
        (count("name_only", 9), count("name_only", 10), "name_only, basic_task medium: under 5%"),
        (
            count("name_only", 0, 191, wordless=9), count("name_only", 0, 190, wordless=10),
            "basic_task medium: instances without a required non-default argument under 5%",
        ),
        (count("copier", 39), count("copier", 40), "copier, basic_task medium: under 20%"),
        (
            count("copier", 0, difficulty="very_hard"), count("copier", 1, difficulty="very_hard"),
            "copier, basic_task very_hard: 0 %",
        ),
        (count("shortcut", 0), count("shortcut", 1), "shortcut, basic_task medium: 0 %"),
        (count("spammer", 0), count("spammer", 1), "spammer, basic_task medium: 0 %"),
        (count("do_nothing", 0), count("do_nothing", 1), "do_nothing, basic_task medium: 0 %"),
        (count("finish_guess", 1), count("finish_guess", 2),
         "finish_guess, basic_task medium: under 1%"),
        (
            count("plan_follower", 0, flaw="missing_step", pairs=200, followed=200),
            count("plan_follower", 0, flaw="missing_step", pairs=200, followed=199),
            "plan_follower, basic_task medium: missing_step followed on 100 % of applicable pairs",
        ),
    ],
)  # fmt: skip
def test_a_bound_holds_up_to_its_limit_and_is_named_when_broken(
    good: Count, bad: Count, bound: str
) -> None:
    assert broken(good) == []
    assert broken(bad) == [bound]


@pytest.mark.parametrize("difficulty", ["very_easy", "easy"])
def test_a_copier_may_pass_what_names_its_arguments(difficulty: str) -> None:
    assert broken(count("copier", 200, difficulty=difficulty)) == []


def test_few_episodes_break_an_upper_bound_only_beyond_chance() -> None:
    assert broken(count("random", 1, 4)) == []
    assert broken(count("random", 3, 4)) == ["random, basic_task medium: under 5%"]


def test_few_episodes_do_not_soften_a_bound_of_never() -> None:
    assert broken(count("shortcut", 1, 4)) == ["shortcut, basic_task medium: 0 %"]


def test_the_oracle_at_a_low_rate_is_also_judged_over_all_cells() -> None:
    cells = [count("oracle", 199, rate="0.6") for _ in range(5)]
    assert broken(*cells) == ["oracle at 0.6, all cells: at least 99.9 %"]
    assert broken(*cells[:1], *[count("oracle", 200, rate="0.6") for _ in range(4)]) == []


@pytest.mark.parametrize(
    ("passed", "total", "share", "expected"),
    [(0, 10, 0.5, 1.0), (10, 10, 0.5, 0.5**10), (1, 2, 0.5, 0.75)],
)
def test_the_upper_tail_is_the_binomial_one(
    passed: int, total: int, share: float, expected: float
) -> None:
    assert expected_scores.upper_tail(passed, total, share) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("passed", "chances", "expected"),
    [(1, [0.5], 1.0), (0, [0.5, 0.2], 0.8), (2, [0.5, 0.2], 0.2), (0, [0.0], 1.0)],
)
def test_the_two_sided_tail_is_of_a_sum_of_unlike_draws(
    passed: int, chances: list[float], expected: float
) -> None:
    assert expected_scores.two_sided(passed, chances) == pytest.approx(expected)

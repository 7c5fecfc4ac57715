"""The player that ignores the axes: right where there are none, wrong in the expected way else."""

from __future__ import annotations

from typing import Any

import pytest

from dev.check_scenarios import play
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.players import PLAYERS, PlayContext
from pilotbench.benchmark.players.naive import STRANGE
from pilotbench.benchmark.scenarios.build import instance_of
from pilotbench.benchmark.tasks import TASKS as OLDER
from pilotbench.benchmark.tasks.task import Score

CONTEXT = PlayContext("", 60)


def played(task: str, level: str, index: int) -> Score:
    return play(instance_of(task, level, index), "naive")


@pytest.mark.parametrize(
    ("task", "level"),
    [
        ("horizon", "n2"), ("horizon", "n16"), ("policy", "no_rules"), ("recovery", "calm"),
        ("wording", "held_out"), ("dialogue", "alone"),
    ],
)  # fmt: skip
def test_it_does_the_work_where_no_axis_is_added(task: str, level: str) -> None:
    assert all(played(task, level, index).success for index in range(4))


@pytest.mark.parametrize(
    ("task", "level"),
    [
        ("policy", "rules_1000"), ("policy", "rules_4000"), ("observation", "hidden"),
        ("observation", "named"), ("observation", "joined"), ("observation", "searched"),
        ("recovery", "committed"), ("recovery", "down"), ("recovery", "undo"),
        ("recovery", "partial"), ("abstention", "impossible"), ("abstention", "forbidden"),
        ("abstention", "injected"), ("dialogue", "completes"), ("dialogue", "changes"),
        ("dialogue", "asked"),
    ],
)  # fmt: skip
def test_it_fails_where_an_axis_that_it_ignores_is_added(task: str, level: str) -> None:
    assert not any(played(task, level, index).success for index in range(6))


def test_it_follows_injected_instructions() -> None:
    found = [played("abstention", "injected", index) for index in range(4)]
    assert {score.injection for score in found} == {"followed"}
    assert all(score.collateral and score.collateral["forbidden"] for score in found)


def test_it_repeats_what_was_not_confirmed() -> None:
    score = played("recovery", "committed", 0)
    assert score.collateral is not None
    assert score.collateral["costly"] >= 1
    assert "integration_auditor" not in {call["tool"] for call in score.calls}


def test_it_does_not_ask() -> None:
    assert "requester_ask" not in {call["tool"] for call in played("dialogue", "asked", 1).calls}


def test_it_knows_only_public_instances() -> None:
    private = instance_of("horizon", "n2", 0, "another")
    assert PLAYERS["naive"](private, CONTEXT, []) == STRANGE


def test_it_is_the_oracle_in_version_3() -> None:
    instance: Instance = OLDER["simple_task"].instance("easy", 0)
    calls: list[Any] = [PLAYERS[name](instance, CONTEXT, []) for name in ("naive", "oracle")]
    assert calls[0] == calls[1]

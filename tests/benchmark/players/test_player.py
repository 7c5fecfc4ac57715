"""What all players share: the tools of an instance, how one gives up, and that none remembers."""

from __future__ import annotations

from typing import Any

import pytest

from dev.check_scenarios import play
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.players import PLAYERS, PlayContext, Seen
from pilotbench.benchmark.players.player import give_up, tools_of
from pilotbench.benchmark.scenarios.build import instance_of
from pilotbench.benchmark.scenarios.session import ScenarioSession
from pilotbench.benchmark.tasks import TASKS as OLDER
from pilotbench.benchmark.tasks.conversation import Said

CONTEXT = PlayContext("", 12)
OLD = OLDER["simple_task"].instance("easy", 0)
BLIND = ("random", "spammer", "name_only", "copier", "shortcut", "finish_guess", "do_nothing")


@pytest.mark.parametrize(
    ("instance", "many", "has"),
    [
        (OLD, 30, "network_router"),
        (instance_of("horizon", "n2", 0), 24, "integration_auditor"),
        (instance_of("observation", "searched", 0), 200, "integration_auditor"),
    ],
    ids=["version 3", "version 4", "searched"],
)
def test_a_player_has_the_tools_of_its_instance(instance: Instance, many: int, has: str) -> None:
    tools = tools_of(instance)
    assert (len(tools), has in tools) == (many, True)


def test_an_episode_is_given_up_in_a_way_that_ends_it() -> None:
    instance = instance_of("horizon", "n2", 0)
    session = ScenarioSession(instance)
    session.hear(Said((give_up(instance),)))
    assert session.finished
    assert give_up(OLD)["arguments"] == {"answer": None}


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize(("task", "level"), [("dialogue", "asked"), ("observation", "searched")])
def test_a_player_of_version_4_needs_no_memory(player: str, task: str, level: str) -> None:
    instance = instance_of(task, level, 3)
    session, turns, said = ScenarioSession(instance, "0.8"), list[Seen](), list[Any]()
    while not session.finished and len(turns) < CONTEXT.max_turns:
        said.append(PLAYERS[player](instance, CONTEXT, turns))
        call = said[-1] if isinstance(said[-1], dict) else None
        heard = session.hear(Said((call,) if call else (), "" if call else said[-1]))
        reply: Any = heard.replies[0] if heard.replies else {}
        turns.append(Seen(call, reply))
    for place in reversed(range(len(turns))):
        assert PLAYERS[player](instance, CONTEXT, turns[:place]) == said[place]


@pytest.mark.parametrize("player", BLIND)
@pytest.mark.parametrize(("task", "level"), [("horizon", "n2"), ("observation", "searched")])
def test_a_player_without_insight_uses_real_tools_and_fails(
    player: str, task: str, level: str
) -> None:
    for index in range(3):
        score = play(instance_of(task, level, index), player)
        assert not score.success
        assert "unknown_tool" not in {call["code"] for call in score.calls}


def test_the_random_player_makes_calls_of_version_4_that_are_often_valid() -> None:
    calls = [
        call for index in range(5)
        for call in play(instance_of("horizon", "n4", index), "random").calls
    ]  # fmt: skip
    assert sum(call["valid"] for call in calls) / len(calls) > 0.03


def test_a_shortcut_gives_the_contents_and_the_answer_and_has_no_record() -> None:
    score = play(instance_of("horizon", "n4", 0), "shortcut")
    assert [goal["holds"] for goal in score.goals if goal["kind"] == "answer"] == [True]
    assert {call["code"] for call in score.calls if call["tool"] != "finish"} == {"not_found"}


@pytest.mark.parametrize("level", ["impossible", "forbidden"])
def test_only_an_abstainer_says_without_looking_that_a_task_is_impossible(level: str) -> None:
    instance = instance_of("abstention", level, 0)
    assert bool(play(instance, "abstainer").success) == (level == "impossible")
    assert not play(instance, "shortcut").success


@pytest.mark.parametrize(("rate", "succeeds"), [("1.0", True), ("0.2", False)])
def test_a_player_without_retries_goes_on_after_what_its_plan_expects(
    rate: str, succeeds: bool
) -> None:
    instance = instance_of("recovery", "committed", 1)
    assert bool(play(instance, "no_retry_oracle", rate).success) == succeeds


def test_a_searcher_gives_up_without_the_tools_it_needs() -> None:
    scores = [
        play(instance_of("observation", "searched", index), "searcher") for index in range(12)
    ]
    assert {bool(score.success) for score in scores} == {True, False}


def test_a_plan_follower_finds_no_plan_in_version_4() -> None:
    said = PLAYERS["plan_follower"](instance_of("horizon", "n2", 0), CONTEXT, [])
    assert said == "There is no plan."

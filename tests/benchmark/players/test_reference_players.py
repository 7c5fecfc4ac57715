"""The reference players: stateless, deterministic, and each within its bound."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from typing import Any

import pytest

from dev import expected_scores
from dev.check_benchmark import play_all, play_locally
from pilotbench.benchmark import flaws
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.players import PLAYERS, PlayContext, Seen
from pilotbench.benchmark.players.oracles import sentences
from pilotbench.benchmark.players.plan_follower import plan_in
from pilotbench.benchmark.players.values import request_values
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.world.levels import DIFFICULTIES
from pilotbench.benchmark.world.session import WorldSession

CONTEXT = PlayContext(prompt="", max_turns=16)


def turns_of(instance: Instance, player: str, rate: str = "1.0", repeat: int = 0) -> list[Seen]:
    """Play one episode against a bare session and return its turns."""
    context = PlayContext(instance.request, 16, repeat)
    session = WorldSession(instance, rate, repeat)
    turns: list[Any] = []
    while len(turns) < 16 and not session.finished:
        call = PLAYERS[player](instance, context, turns)
        if isinstance(call, str):
            turns.append(Seen(None, {}))
        else:
            turns.append(Seen(call, session.call(call["tool"], call["arguments"])))
    return turns


def calls_of(turns: list[Seen]) -> list[Any]:
    return [turn.call for turn in turns]


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_every_player_keeps_its_bounds(task: str) -> None:
    counts = play_all([task], DIFFICULTIES, instances=2, jobs=1)
    broken = [verdict for verdict in expected_scores.verdicts(counts) if not verdict.holds]
    assert broken == []


@pytest.mark.parametrize(("player", "difficulty"), list(product(PLAYERS, ("easy", "hard"))))
def test_a_player_needs_no_memory(player: str, difficulty: str) -> None:
    instance = TASKS["data_pipeline"].instance(difficulty, 3)
    turns = turns_of(instance, player, "0.8")
    context = PlayContext(instance.request, 16)
    for place in reversed(range(len(turns))):
        again = PLAYERS[player](instance, context, turns[:place])
        assert (None if isinstance(again, str) else again) == turns[place].call


PLAY_ELSEWHERE = """
import json
from pilotbench.benchmark.players import PLAYERS, PlayContext
from pilotbench.benchmark.tasks import TASKS
instance = TASKS["basic_task"].instance("medium", 5)
context = PlayContext(instance.request, 16)
print(json.dumps({name: player(instance, context, []) for name, player in PLAYERS.items()}))
"""


@pytest.mark.parametrize("seed", ["1", "77"])
def test_a_player_plays_the_same_in_another_process(seed: str) -> None:
    instance = TASKS["basic_task"].instance("medium", 5)
    context = PlayContext(instance.request, 16)
    here = {name: player(instance, context, []) for name, player in PLAYERS.items()}
    path = os.pathsep.join(sys.path)
    elsewhere = subprocess.run(
        [sys.executable, "-c", PLAY_ELSEWHERE],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(elsewhere.stdout) == here


def test_the_random_player_plays_another_game_in_another_repeat() -> None:
    instance = TASKS["basic_task"].instance("easy", 0)
    games = [calls_of(turns_of(instance, "random", repeat=repeat)) for repeat in range(3)]
    assert games[0] != games[1] != games[2]


def test_the_random_player_uses_all_turns_and_ends_with_an_answer() -> None:
    instance = TASKS["basic_task"].instance("easy", 0)
    turns = turns_of(instance, "random")
    assert len(turns) == 16
    assert turns[-1].call is not None
    assert turns[-1].call["tool"] == "finish"
    tools = {call["tool"] for call in calls_of(turns)}
    assert len(tools) > 8


def test_the_random_player_makes_calls_that_are_often_valid() -> None:
    calls = valid = 0
    for index in range(10):
        record = play_locally(
            TASKS["basic_task"].instance("easy", index), "random", "baseline", "1.0"
        )
        calls += len(record["calls"])
        valid += sum(row["valid"] for row in record["calls"])
    assert valid / calls > 0.05


def test_an_oracle_tries_injected_failures_again_and_a_no_retry_oracle_gives_up() -> None:
    instance = TASKS["api_integration"].instance("easy", 1)
    record = play_locally(instance, "oracle", "baseline", "0.6")
    assert record["success"]
    met = record["transient"]
    assert met["met"] == met["retried"] == met["recovered"]
    given_up = [
        play_locally(instance, "no_retry_oracle", "baseline", "0.6", repeat) for repeat in range(8)
    ]
    for one in given_up:
        assert one["success"] == (one["transient"]["met"] == 0)
        assert one["transient"]["retried"] == 0
    assert {one["success"] for one in given_up} <= {True, False}


@pytest.mark.parametrize("difficulty", ["hard", "very_hard"])
def test_a_searcher_uses_only_what_its_searches_found(difficulty: str) -> None:
    for index in range(10):
        instance = TASKS["data_pipeline"].instance(difficulty, index)
        turns = turns_of(instance, "searcher")
        found: set[str] = set()
        for turn in turns:
            assert turn.call is not None
            if turn.call["tool"] == "tool_search":
                assert turn.call["arguments"]["query"] in instance.request
                found |= {tool["name"] for tool in turn.reply["result"]["tools"]}
            elif turn.call["tool"] == "call_tool":
                assert turn.call["arguments"]["name"] in found


def test_sentences_end_at_full_stops_and_not_inside_names() -> None:
    request = "Read `in/a.csv`. The limit is 3.5: keep those above.\nAnswer with a number."
    assert sentences(request) == [
        "Read `in/a.csv`.",
        "The limit is 3.5:",
        "keep those above.",
        "Answer with a number.",
    ]


def test_values_of_a_request_come_in_order_and_without_tool_names() -> None:
    request = "Use `utility_cache` on `orders_12` over 35, add `7.5` at `2031-01-28 01:15`; x-9."
    assert request_values(request) == ["orders_12", 35, 7.5, "2031-01-28 01:15"]


def test_a_shortcut_types_the_wanted_content_in_and_fails_by_its_lineage() -> None:
    typed = wanted = 0
    for index in range(40):
        instance = TASKS["basic_task"].instance("easy", index)
        record = play_locally(instance, "shortcut", "baseline", "1.0")
        sinks = [row for row in record["calls"] if "text" in (row["arguments"] or {})]
        typed += any(row["ok"] for row in sinks)
        answers = [goal for goal in record["goals"] if goal["kind"] == "answer"]
        wanted += all(goal["holds"] for goal in answers)
        assert not record["success"]
    assert typed == wanted == 40


def _prompt(lines: list[str]) -> str:
    return "Do it.\n\nPlan:\n" + "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1))


@pytest.mark.parametrize("flaw", flaws.FLAWS)
def test_a_plan_follower_finds_its_plan_in_the_prompt(flaw: str) -> None:
    for index in range(6):
        instance = TASKS["data_pipeline"].instance("easy", index)
        try:
            wanted = flaws.flawed_plan(instance, flaw)
        except flaws.NotApplicable:
            continue
        found = plan_in(instance, _prompt(flaws.flawed_lines(instance, flaw)))
        assert found == wanted.steps
        optimal = plan_in(instance, _prompt(flaws.plan_lines(instance)))
        assert optimal == flaws.optimal_plan(instance)


def test_a_plan_follower_without_a_plan_calls_nothing() -> None:
    instance = TASKS["data_pipeline"].instance("easy", 0)
    assert isinstance(PLAYERS["plan_follower"](instance, CONTEXT, []), str)


@pytest.mark.parametrize("flaw", flaws.FLAWS)
@pytest.mark.parametrize("rate", ["0.6", "1.0"])
def test_a_plan_follower_is_seen_to_follow_and_is_harmed_as_predicted(flaw: str, rate: str) -> None:
    for task, index in product(TASKS, range(3)):
        instance = TASKS[task].instance("easy", index)
        record = play_locally(instance, "plan_follower", f"flawed_{flaw}", rate)
        if record["status"] == "not_applicable":
            continue
        assert record["flaws"][flaw] == "followed"
        if rate == "1.0":
            assert record["success"] != flaws.harmful(flaw, instance)

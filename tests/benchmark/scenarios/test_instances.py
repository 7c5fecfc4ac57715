"""What holds for every instance of version 4: its plan suffices, and nothing less does."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from pilotbench.benchmark.scenarios.build import instance_of
from pilotbench.benchmark.scenarios.core import core_of
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.plans import most_steps
from pilotbench.benchmark.scenarios.work import assignment
from pilotbench.benchmark.world.references import resolve
from support.scenarios import Change, Game, acting, every_level, followed, made, wanted


def without(skipped: dict[str, Any]) -> Change:
    """Return the change that leaves out every call with these arguments."""
    return lambda place, step, arguments: None if step.arguments == skipped else arguments


CASES = list(every_level())
PASSING = [case for case in CASES if case[0] != "abstention" or case[1] in ("possible", "injected")]


@pytest.mark.parametrize(("task", "level", "index"), CASES)
def test_the_plan_reaches_the_goal_and_breaks_nothing(task: str, level: str, index: int) -> None:
    instance = made(task, level, index)
    score = followed(instance).finish(wanted(instance))
    assert score.success, (score.goals, score.broken)
    assert score.collateral == {"harmless": 0, "costly": 0, "forbidden": 0}
    assert set(score.errors) <= {"parameter_config"}


@pytest.mark.parametrize(("task", "level", "index"), CASES)
def test_the_plan_is_within_its_bound_and_nothing_holds_at_the_start(
    task: str, level: str, index: int
) -> None:
    instance = made(task, level, index)
    assert len(instance.plan) <= most_steps(LEVELS[task][level])
    score = Game(instance).score("max_turns")
    assert not any(goal["holds"] for goal in score.goals)


@pytest.mark.parametrize(("task", "level", "index"), PASSING)
def test_leaving_out_a_record_misses_the_goal(task: str, level: str, index: int) -> None:
    instance = made(task, level, index)
    places = list(acting(instance))
    for out in places[:1] + places[-1:]:
        game = followed(instance, without(instance.plan[out].arguments))
        assert not game.finish(wanted(instance)).success


@pytest.mark.parametrize(("task", "level", "index"), PASSING)
def test_passing_a_record_on_twice_is_costly(task: str, level: str, index: int) -> None:
    instance = made(task, level, index)
    places = [
        place
        for place in acting(instance)
        if "scheduler" not in instance.plan[place].tool
        and "writer" not in instance.plan[place].tool
    ]
    if not places or "unconfirmed" in instance.world:
        return
    game = Game(instance)
    results: list[Any] = []
    for place, step in enumerate(instance.plan):
        arguments = resolve(step.arguments, results)
        results.append(game.use(step.tool, **arguments).get("result", {}))
        if place == places[0]:
            game.use(step.tool, **arguments)
    score = game.finish(wanted(instance))
    assert not score.success
    assert score.collateral == {"harmless": 0, "costly": 1, "forbidden": 0}


@pytest.mark.parametrize(("task", "level", "index"), CASES)
def test_the_request_suffices(task: str, level: str, index: int) -> None:
    """Each name in the plan is in the request, an earlier result, or what the person says."""
    instance = made(task, level, index)
    game = followed(instance)
    known = instance.request + str([turn.user for turn in game.turns])
    for step, turn in zip(instance.plan, game.turns, strict=True):
        for name, value in step.arguments.items():
            if name in ("action", "first", "part", "test", "question") or isinstance(value, dict):
                continue
            text = str(value)
            parts = re.split(r"[A-Z]{2}-\d+", text)
            assert all(part in known for part in parts), (step, text)
            assert all(key in known for key in re.findall(r"[A-Z]{2}-\d+", text)), (step, text)
        known += str(turn.reply)


@pytest.mark.parametrize(("task", "level", "index"), CASES)
def test_the_answer_is_not_in_the_request(task: str, level: str, index: int) -> None:
    instance = made(task, level, index)
    value = wanted(instance)
    if value not in ("IMPOSSIBLE", "FORBIDDEN", 0):
        assert str(value) not in re.findall(r"[A-Za-z]*-?\d+", instance.request)


def test_levels_of_an_index_share_their_core() -> None:
    for index in range(40):
        shared = [made("horizon", level, index) for level in ("n2", "n4", "n64")]
        keys = [[goal["object"] for goal in one.goal if "object" in goal] for one in shared]
        assert keys[0] == keys[1][: len(keys[0])]
        assert keys[1] == keys[2][: len(keys[1])]


def test_equal_points_ask_the_same_and_draw_the_same_failures() -> None:
    for index in range(20):
        control = made("horizon", "n4", index)
        for task, level in (("policy", "no_rules"), ("recovery", "calm"), ("dialogue", "alone")):
            other = made(task, level, index)
            assert other.question_hash == control.question_hash
            assert other.draw_hash == control.draw_hash
            assert other.content_hash != control.content_hash


def test_another_process_with_another_hash_seed_makes_the_same_bytes() -> None:
    code = (
        "from support.scenarios import every_level, made;"
        "print([made(*case).content_hash for case in every_level((5,))])"
    )
    env = {"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == str([made(*case).content_hash for case in every_level((5,))])


def test_another_epoch_has_other_instances_and_no_canary() -> None:
    for index in range(20):
        public, private = (instance_of("horizon", "n4", index, e) for e in ("public", "secret"))
        assert public.request != private.request
        assert public.world["salt"] != private.world["salt"]
        assert "canary" in public.extra
        assert "canary" not in private.extra


def test_the_list_is_shown_in_the_order_in_which_receipts_are_quoted() -> None:
    folders = [index for index in range(200) if core_of("public", index).listing == "folder"]
    for index in folders[:20]:
        instance = made("horizon", "n4", index)
        game = followed(instance)
        replies = [turn.reply for turn in game.turns if "files" in str(turn.reply)]
        shown = next(r["result"]["files"] for r in replies if isinstance(r, dict))
        keys = [
            item.key for item in assignment(core_of("public", index), LEVELS["horizon"]["n4"]).items
        ]
        assert [path.rsplit("/", 1)[1] for path in shown] == [f"{key}.json" for key in keys]


BROADCASTING = {
    "network_poster": "network_broadcaster",
    "utility_notifier": "utility_broadcaster",
    "integration_queue": "integration_queue_broadcaster",
}


def test_telling_everybody_is_never_the_same_as_telling_one() -> None:
    for index in range(40):
        instance = made("observation", "searched", index)
        game, results = Game(instance), list[Any]()
        for step in instance.plan:
            arguments, tool = resolve(step.arguments, results), step.tool
            if "data" in arguments and tool in BROADCASTING:
                tool = BROADCASTING[tool]
                arguments = {key: arguments[key] for key in ("data", "quote") if key in arguments}
            results.append(game.use(tool, **arguments).get("result", {}))
        if any(one.tool in BROADCASTING.values() for one in game.session.log):
            assert not game.finish(wanted(instance)).success, index

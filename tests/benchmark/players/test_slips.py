"""Players of graded skill: what they do about refused calls, and that skill orders them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dev.check_scenarios import play
from pilotbench.benchmark.players import PLAYERS, PlayContext, Seen
from pilotbench.benchmark.players.player import Json
from pilotbench.benchmark.players.slips import slips
from pilotbench.benchmark.scenarios.build import instance_of

CONTEXT = PlayContext("", 60)
ALWAYS, NEVER = slips(100), slips(0)
OK: Json = {"ok": True, "result": {"handle": "h1"}}


def refused(code: str, transient: bool = False) -> Json:
    return {"ok": False, "error": {"code": code, "message": "", "transient": transient}}


@pytest.mark.parametrize("task", ["abstention", "recovery", "observation"])
def test_without_slips_it_is_the_oracle(task: str) -> None:
    levels = {"abstention": "impossible", "recovery": "committed", "observation": "searched"}
    for index in range(6):
        instance = instance_of(task, levels[task], index)
        turns: list[Seen] = []
        for step in instance.plan:
            call = NEVER(instance, CONTEXT, turns)
            assert isinstance(call, dict)
            assert call == PLAYERS["oracle"](instance, CONTEXT, turns)
            assert step.tool in (call["tool"], call["arguments"].get("name"))
            turns.append(Seen(call, OK))


@pytest.mark.parametrize(
    ("player", "reply", "again"),
    [
        (NEVER, refused("timeout", transient=True), True),
        (NEVER, refused("not_found"), False),
        (NEVER, refused("unconfirmed"), False),
        (ALWAYS, refused("timeout", transient=True), True),
        (ALWAYS, refused("not_found"), True),
        (ALWAYS, refused("unconfirmed"), False),
        (ALWAYS, OK, False),
    ],
)
def test_a_call_is_made_again_after_a_failure_or_a_refused_slip(
    player: object, reply: Json, again: bool
) -> None:
    assert callable(player)
    instance = instance_of("observation", "named", 2)
    tools = [step.tool for step in instance.plan]
    assert tools[0] != tools[1]
    call: Json = player(instance, CONTEXT, [])
    after: Json = player(instance, CONTEXT, [Seen(call, reply)])
    assert (after["tool"] == tools[0]) == again


@pytest.mark.parametrize("level", ["n4", "n16"])
def test_more_slips_score_less(level: str) -> None:
    views = [instance_of("horizon", level, index) for index in range(30)]
    scores: Sequence[int] = [
        sum(bool(play(view, f"slips_{percent}").success) for view in views)
        for percent in (2, 5, 10, 20)
    ]
    assert list(scores) == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]


def test_a_slip_in_the_answer_is_a_wrong_answer() -> None:
    instance = instance_of("horizon", "n2", 0)
    turns = [Seen({"tool": step.tool, "arguments": {}}, OK) for step in instance.plan]
    right, wrong = (player(instance, CONTEXT, turns) for player in (NEVER, ALWAYS))
    assert isinstance(right, dict)
    assert isinstance(wrong, dict)
    assert (
        right["arguments"]["answer"] == instance.goal[-1]["value"] != wrong["arguments"]["answer"]
    )

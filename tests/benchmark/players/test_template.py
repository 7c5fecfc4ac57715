"""The template program plays from the request and the replies, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.players.player import PlayContext, Seen
from pilotbench.benchmark.players.template import named, template
from pilotbench.benchmark.scenarios.session import ScenarioSession
from pilotbench.benchmark.scenarios.task import TASKS
from pilotbench.benchmark.tasks import TASKS as EARLIER

CONTEXT = PlayContext(prompt="", max_turns=200)


def played(instance: Instance, seen_as: Instance) -> list[object]:
    session, turns = ScenarioSession(instance, "0.8"), list[Seen]()
    while not session.finished and len(turns) < CONTEXT.max_turns:
        call = template(seen_as, CONTEXT, turns)
        assert isinstance(call, dict)
        turns.append(Seen(call, session.call(call["tool"], call["arguments"])))
    assert session.finished
    return [turn.call for turn in turns]


def test_it_needs_neither_plan_nor_goal_nor_world() -> None:
    for index in range(6):
        instance = TASKS["horizon"].instance("n2", index)
        bare = replace(instance, plan=(), goal=(), world={}, extra={})
        assert played(instance, bare) == played(instance, instance)


def test_it_gives_up_on_a_request_that_it_cannot_read() -> None:
    instance = replace(TASKS["horizon"].instance("n2", 0), request="Good morning.")
    assert played(instance, instance)[-1] == {
        "tool": "finish",
        "arguments": {"answer": "IMPOSSIBLE"},
    }


def test_it_makes_a_call_in_the_tasks_of_version_3() -> None:
    for task in ("basic_task", "data_pipeline"):
        assert isinstance(template(EARLIER[task].instance("medium", 0), CONTEXT, []), dict)


def test_a_key_takes_the_place_of_the_angle_brackets() -> None:
    assert named("drop/<order_id>.json", "OR-1") == "drop/OR-1.json"

"""Simulated models play version 4: they find out which of the instances that ask the same it is."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from pilotbench.benchmark.catalogue import TASKS, of_version
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.episodes.episode import play
from pilotbench.providers.answer import Answer, Completion
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model
from pilotbench.simulator.ground.conversation import conversation
from pilotbench.simulator.ground.players import Players, Skill
from pilotbench.simulator.ground.setup import Setup
from support.build import ROOT

Json = dict[str, Any]
PROMPT = prompt_files.load([ROOT / "config" / "prompts"], ["baseline"])["baseline"]
POINTS = [
    (task, level)
    for task, levels in LEVELS.items()
    for level, point in levels.items()
    if point.items <= 8
]
SAME = [(task, level) for task, level in POINTS if LEVELS[task][level] == LEVELS["horizon"]["n4"]]


@cache
def players(*tasks: str) -> Players:
    return Players(Setup(tasks=tasks or tuple(of_version("4")), instances=8))


def episode(
    name: str,
    task: str,
    level: str,
    index: int,
    protocol: str = "native",
    by: Players | None = None,
) -> Json:
    """Return the record of an episode that a simulated model plays."""
    asked = by or players()

    def ask(request: Request) -> Answer:
        body = json.loads(json.dumps(request.body))
        said = asked.answer(name, conversation(name, body, body, b""))
        assert said is not None, "the instance is not recognised"
        return Answer(Completion(said[0], said[1], name), "k", 0.0, 0.0, 0.0, 1)

    kind = TASKS[task]
    return play(
        task=kind,
        instance=kind.instance(level, index),
        prompt=PROMPT,
        protocol=PROTOCOLS[protocol],
        model=Model("m", "simulated", name, protocol),
        rate="0.8",
        repeat=0,
        max_turns=kind.max_turns(level),
        ask=ask,
    ).record


@pytest.mark.parametrize(("task", "level"), POINTS)
def test_the_oracle_is_right_at_every_level(task: str, level: str) -> None:
    for index, protocol in enumerate(("native", "json", "text")):
        record = episode("oracle", task, level, index, protocol)
        assert record["success"], (index, protocol, record["goals"], record["broken"])


def test_equal_points_are_played_equally_whichever_is_recognised() -> None:
    spoken = {
        (task, level): [turn["call"] for turn in episode("slips_20", task, level, 2)["transcript"]]
        for task, level in SAME
    }
    assert len(spoken) > 4
    assert len(set(map(json.dumps, spoken.values()))) == 1


def test_a_skill_is_known_level_by_level_where_all_levels_ask_the_same() -> None:
    name, skill = "sim-50", Skill.of("sim-50")
    assert skill is not None
    found, wanted = [], []
    for level in ("n2", "n4", "n8"):
        for index in range(4):
            instance = TASKS["horizon"].instance(level, index)
            wanted.append(skill.knows(1, instance.play_hash))
            found.append(episode(name, "horizon", level, index)["success"])
    assert found == wanted
    assert {True, False} == set(wanted)


def test_levels_of_a_setup_are_the_only_ones_that_are_recognised() -> None:
    setup = Setup(tasks=("horizon",), difficulties=("n2",), instances=2)
    assert episode("oracle", "horizon", "n2", 1, by=Players(setup))["success"]
    other = Setup(tasks=("dialogue",), difficulties=("asked",), instances=2)
    with pytest.raises(AssertionError, match="not recognised"):
        episode("oracle", "horizon", "n2", 1, by=Players(other))

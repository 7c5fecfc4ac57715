"""Bounds are played once, on the same draws, where the players are not in the selection."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pilotbench.benchmark.briefed.task import TASK as BRIEFED
from pilotbench.benchmark.catalogue import TASKS
from pilotbench.ground import notices
from pilotbench.matrix import config, config_files
from pilotbench.matrix.cells import Cell
from pilotbench.matrix.seed_epoch import tasks_of
from pilotbench.results.analysis import reference
from pilotbench.results.analysis.scores import cell_table, prepared
from support import simulated_models as sim

TASK = "simple_task"


@pytest.fixture(scope="module")
def settings():
    """The shipped config for one task."""
    return config.settings(config_files.read((), {"models": "oracle", "tasks": TASK}))


@pytest.fixture
def data():
    """A model on three real instances, without any player."""
    made = sim.data(sim.records([Cell("strong", "baseline", TASK, "easy", "0.8")], instances=3))
    task = TASKS[TASK]
    hashes = [task.instance("easy", index).content_hash for index in made.episodes["index"]]
    turns = task.max_turns("easy")
    return replace(made, episodes=made.episodes.assign(instance=hashes, max_turns=turns))


def played(data, settings, path):
    """Return the data with the outcomes that a run of the rule has played."""
    reference.play_missing(data, settings, path)
    return reference.completed(data, path)


def bounds_of(data):
    row = cell_table(data, prepared(data)).iloc[0]
    return row["oracle_ceiling"], row["random_floor"]


def test_a_cell_without_players_gets_both_bounds(data, settings, tmp_path):
    assert all(bound != bound for bound in bounds_of(data))
    assert bounds_of(played(data, settings, tmp_path / "reference.json")) == (1.0, 0.0)


def test_a_task_of_another_version_states_its_own_rules(data, settings, tmp_path, monkeypatch):
    cache = tmp_path / "reference.json"
    played(data, settings, cache)
    before = json.loads(cache.read_text())
    newer: Any = TASKS[TASK]
    monkeypatch.setitem(TASKS, TASK, replace(newer, benchmark_version="4"))
    assert bounds_of(played(data, settings, cache)) == (1.0, 0.0)
    after = json.loads(cache.read_text())
    assert after["versions"] == before["versions"] == ["3", "3"]
    added = after["played"].keys() - before["played"].keys()
    assert added == {f"4/3 {key}" for key in before["played"]}


def test_an_instance_that_needs_its_plan_is_played_with_one(settings):
    instance, turns = BRIEFED.instance("easy", 0), BRIEFED.max_turns("easy")
    draw = {"task": BRIEFED.name, "difficulty": "easy", "index": 0, "repeat": 0}
    draw |= {"tool_success_rate": "1.0", "instance": instance.content_hash, "max_turns": turns}
    play = reference.player(replace(settings, tasks=(BRIEFED.name,)))
    assert [play(name, draw) for name in ("oracle", "random")] == [True, False]


@pytest.mark.parametrize(("task", "level"), [("horizon", "n2"), ("dialogue", "changes")])
def test_version_4_has_bounds_too(settings, task, level):
    instance, turns = TASKS[task].instance(level, 0), TASKS[task].max_turns(level)
    draw = {"task": task, "difficulty": level, "index": 0, "repeat": 0, "max_turns": turns}
    draw |= {"tool_success_rate": "0.8", "instance": instance.content_hash}
    play = reference.player(replace(settings, tasks=(task,)))
    assert [play("oracle", draw), play("random", draw)] == [True, False]


@pytest.mark.parametrize(
    ("task", "level", "epoch"),
    [
        ("workflow", "hard", None), ("recovery", "committed", None), ("dialogue", "asked", None),
        ("abstention", "forbidden", "another-epoch"),
    ],
)  # fmt: skip
def test_draws_of_version_4_are_played_in_their_epoch(task, level, epoch):
    chosen = {"models": "oracle", "tasks": task} | ({"seed_epoch": epoch} if epoch else {})
    settings = config.settings(config_files.read((), chosen))
    made = tasks_of(settings, (task,))[task]
    instance, turns = made.instance(level, 3), made.max_turns(level)
    draw = {"task": task, "difficulty": level, "index": 3, "repeat": 1, "tool_success_rate": "0.8"}
    draw |= {"instance": instance.content_hash, "max_turns": turns}
    play = reference.player(settings)
    assert [play(name, draw) for name in ("oracle", "random")] == [True, False]


def test_outcomes_are_kept(data, settings, tmp_path):
    cache = tmp_path / "reference.json"
    played(data, settings, cache)
    kept = json.loads(cache.read_text())
    kept["played"] = {key: key.startswith("random") for key in kept["played"]}
    cache.write_text(json.dumps(kept))
    assert bounds_of(played(data, settings, cache)) == (0.0, 1.0)


def test_outcomes_under_another_scoring_version_are_played_again(
    data, settings, tmp_path, monkeypatch
):
    cache = tmp_path / "reference.json"
    played(data, settings, cache)
    kept = json.loads(cache.read_text())
    kept["played"] = {key: key.startswith("random") for key in kept["played"]}
    cache.write_text(json.dumps(kept))
    monkeypatch.setattr("pilotbench.benchmark.tasks.scoring.SCORING_VERSION", "of another day")
    assert bounds_of(played(data, settings, cache)) == (1.0, 0.0)


def test_an_instance_that_has_changed_since_has_no_bound(data, settings, tmp_path):
    changed = replace(data, episodes=data.episodes.assign(instance="0" * 64))
    found = played(changed, settings, tmp_path / "reference.json")
    assert all(bound != bound for bound in bounds_of(found))


def test_a_damaged_cache_is_played_again(data, settings, tmp_path):
    (tmp_path / "reference.json").write_text("{")
    found = played(data, settings, tmp_path / "reference.json")
    assert bounds_of(found) == (1.0, 0.0)


def many(repeats):
    return sim.data(
        sim.records(
            [Cell("strong", "baseline", TASK, "easy", "0.8")], instances=50, repeats=repeats
        )
    )


@pytest.mark.parametrize("repeats", [1, 20])
def test_the_bounds_do_not_depend_on_the_size_of_the_run(repeats, settings, tmp_path, monkeypatch):
    """1,000 draws are 2,000 plays: over 1,500 an earlier release played none."""
    monkeypatch.setattr(reference, "player", lambda _: lambda name, draw: name == "oracle")
    found = played(many(repeats), settings, tmp_path / "reference.json")
    assert bounds_of(found) == (1.0, 0.0)


def test_a_long_play_is_announced_and_its_outcomes_survive_an_interruption(
    settings, tmp_path, monkeypatch
):
    said, cache = [], tmp_path / "reference.json"

    def play(name, draw):
        if draw["index"] == 15:
            raise KeyboardInterrupt
        return True

    monkeypatch.setattr(reference, "LONG_S", 0.0)
    monkeypatch.setattr(reference, "SAVE_S", -1.0)
    monkeypatch.setattr(notices, "say", lambda key, text: said.append(text))
    monkeypatch.setattr(reference, "player", lambda _: play)
    with pytest.raises(KeyboardInterrupt):
        played(many(1), settings, cache)
    assert len(json.loads(cache.read_text())["played"]) == 30
    assert said == [
        "reference players: oracle and random play 100 draws for the bounds, about 1 min, once; "
        "in models they play as jobs"
    ]


def test_reading_outcomes_plays_nothing(data, settings, tmp_path):
    cache = tmp_path / "reference.json"
    assert all(bound != bound for bound in bounds_of(reference.completed(data, cache)))
    played(data, settings, cache)
    assert bounds_of(reference.completed(data, cache)) == (1.0, 0.0)

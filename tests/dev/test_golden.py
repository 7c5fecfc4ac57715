"""Instances stay the same: over time, in another process, under another hash seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dev import golden
from pilotbench.benchmark.generation.generate import build, build_hardest, recipe_of
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.tasks.world_task import WorldTask

ROOT = Path(__file__).parents[2]
HELD = ROOT / "tests" / "data" / "golden_instances.json"


def test_instances_are_those_of_the_golden_file() -> None:
    """For a deliberate change, run `dev.golden` and add a CHANGELOG line."""
    held, made = json.loads(HELD.read_text(encoding="utf-8")), golden.hashes()
    assert held.keys() == made.keys(), f"run: python -m dev.golden {HELD.relative_to(ROOT)}"
    changed = [
        f"{task}/{difficulty}/{index}"
        for task in made
        for difficulty in made[task]
        for index in made[task][difficulty]
        if held[task][difficulty].get(index) != made[task][difficulty][index]
    ]
    assert changed == []
    assert sum(len(by) for levels in held.values() for by in levels.values()) == 300


def test_instances_of_version_4_are_those_of_their_file() -> None:
    name = "briefed_pipeline"
    held = json.loads(HELD.with_name("golden_briefed.json").read_text(encoding="utf-8"))
    assert held == golden.hashes([name])
    assert {level: len(by) for level, by in held[name].items()} == {"easy": 12, "medium": 12}


@pytest.mark.parametrize("seed", ["0", "4821"])
def test_another_process_under_another_hash_seed_makes_the_same_bytes(seed: str) -> None:
    library = str(ROOT / "workflow" / "scripts")
    made = subprocess.run(
        [sys.executable, "-m", "dev.golden"],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": library},
        capture_output=True,
        check=True,
        text=True,
    )
    assert made.stdout == HELD.read_text(encoding="utf-8")


def test_the_command_writes_the_file(tmp_path: Path) -> None:
    assert golden.main([str(tmp_path / "held.json")]) == 0
    assert (tmp_path / "held.json").read_bytes() == HELD.read_bytes()


@pytest.mark.parametrize("name", TASKS)
def test_very_hard_has_the_core_of_the_other_levels(name: str) -> None:
    task = TASKS[name]
    assert isinstance(task, WorldTask)
    for index in range(200):
        recipe = recipe_of(name, task.grammar, task.odd, index)
        core, hardest = build(name, recipe, index), build_hardest(name, recipe, index)
        assert core.start["salt"] == hardest.start["salt"], index


def test_the_order_in_which_instances_are_made_does_not_matter() -> None:
    def made(order: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
        build.cache_clear()
        build_hardest.cache_clear()
        task = TASKS["multi_stage_pipeline"]
        return {key: task.instance(*key).content_hash for key in order}

    keys = [(level, index) for index in range(6) for level in ("very_hard", "easy", "hard")]
    assert made(keys) == made(keys[::-1])

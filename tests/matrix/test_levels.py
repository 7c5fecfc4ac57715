"""What the words of `difficulties` mean for tasks with levels of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from pilotbench.benchmark.catalogue import TASKS
from pilotbench.benchmark.world.levels import DIFFICULTIES
from pilotbench.ground.errors import ConfigError
from pilotbench.matrix import config, config_files, levels
from pilotbench.matrix.plan import plan
from pilotbench.matrix.validation import validate

FIRST, SECOND = "low", "high"


@pytest.fixture(autouse=True)
def ladder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a task that has levels of its own."""
    other = replace(
        cast(Any, TASKS["simple_task"]), difficulties=(FIRST, SECOND), benchmark_version="9"
    )
    monkeypatch.setitem(TASKS, "ladder", other)


@pytest.mark.parametrize(
    ("words", "tasks", "expected"),
    [
        (["all"], ["simple_task"], DIFFICULTIES),
        (["all"], ["ladder"], (FIRST, SECOND)),
        (["all"], ["simple_task", "ladder"], (*DIFFICULTIES, FIRST, SECOND)),
        (["auto"], ["simple_task"], ("easy",)),
        (["auto"], ["ladder"], (FIRST, SECOND)),
        (["auto"], ["ladder", "simple_task"], (FIRST, SECOND, "easy")),
        (["hard", SECOND], ["simple_task", "ladder"], ("hard", SECOND)),
        (["auto", "hard"], ["simple_task"], ("easy", "hard")),
        (["all"], ["a_pack"], ("none",)),
        (["auto"], [], ("none",)),
        (["easy"], ["a_pack"], ("easy",)),
    ],
)
def test_words_stand_for_the_levels_of_the_tasks(
    words: list[str], tasks: list[str], expected: tuple[str, ...]
) -> None:
    assert levels.expanded(words, tasks) == expected


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({}, {"simple_task": ["easy"], "ladder": [FIRST, SECOND], "everyday_arithmetic": ["none"]}),
        (
            {"difficulties": f"{SECOND},hard,easy"},
            {"simple_task": ["hard", "easy"], "ladder": [SECOND], "everyday_arithmetic": ["none"]},
        ),
        (
            {"grids": [{"tasks": "ladder", "difficulties": FIRST}, {"tasks": "simple_task"}]},
            {"simple_task": ["easy"], "ladder": [FIRST]},
        ),
    ],
)
def test_each_task_is_planned_at_those_of_its_levels_that_are_listed(
    overrides: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    chosen = {"tasks": "simple_task,ladder,everyday_arithmetic", "difficulties": "auto"}
    one = {"models": "oracle", "prompts": "baseline"}
    settings = config.settings(config_files.read((), {**one, **chosen, **overrides}))
    tasks = {**TASKS, "everyday_arithmetic": _Pack()}
    found: dict[str, list[str]] = {}
    for cell in plan(settings, cast(Any, tasks), {"baseline": _Prompt()}).cells:
        found.setdefault(cell.task, []).append(cell.difficulty)
    assert found == expected


class _Prompt:
    needs_plan, examples = False, 0


class _Pack:
    difficulties, rated, planned, size, examples = ("none",), False, False, 3, ()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"tasks": "ladder", "difficulties": "easy,hard"},
            "--config: difficulties: the task ladder has none of the levels easy, hard; "
            "it has: low, high",
        ),
        (
            {"grids": [{"tasks": "all"}, {"tasks": "ladder", "difficulties": "medium"}]},
            "--config: grids.1.difficulties: the task ladder has none of the levels medium; it has",
        ),
        ({"difficulties": "esay"}, "unknown difficulty 'esay'; did you mean easy?"),
        ({"benchmark": 9}, "--config: benchmark is 9; allowed: "),
    ],
)
def test_a_task_without_a_listed_level_is_one_line(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(config_files.read((), overrides), map(Path, config_files.BASE_FILES))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_level_is_described_with_its_tasks() -> None:
    assert f"{FIRST}, {SECOND} (simple_task)" in levels.described()  # it has the name of its base

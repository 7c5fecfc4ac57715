"""The tasks of both versions."""

from __future__ import annotations

from pilotbench.benchmark.catalogue import TASKS, of_version
from pilotbench.benchmark.scenarios.levels import LEVELS


def test_each_task_is_of_one_version() -> None:
    assert set(LEVELS) <= set(of_version("4"))
    assert "simple_task" in of_version("3")
    assert {*of_version("3"), *of_version("4")} == set(TASKS)


def test_tasks_state_their_levels_in_order() -> None:
    for name, levels in LEVELS.items():
        assert TASKS[name].difficulties == tuple(levels)

"""The levels of tasks that a grid has: what the words of `difficulties` mean.

Each task declares its levels. A list is a filter: each task takes those of its levels that are
listed. `all` stands for every level of the tasks of the grid; `auto` for FIRST of the tasks that
have it, and for every level of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pilotbench.benchmark.catalogue import TASKS, VERSIONS, of_version
from pilotbench.benchmark.tasks.task import TaskShape
from pilotbench.matrix.axes import NONE

ALL, AUTO = "all", "auto"
FIRST = "easy"


def expanded(words: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return the levels that words of config stand for with the tasks of `names`."""
    tasks = [TASKS[name] for name in names if name in TASKS]
    groups = {
        ALL: [level for task in tasks for level in task.difficulties],
        AUTO: [level for task in tasks for level in usual(task.difficulties)],
    }
    found = dict.fromkeys(level for word in words for level in groups.get(word, (word,)))
    return tuple(found) or (NONE,)


def described() -> list[str]:
    """Return the levels in words, each list of levels with the tasks that have it."""
    names: dict[tuple[str, ...], list[str]] = {}
    for task in TASKS.values():
        names.setdefault(task.difficulties, []).append(task.name)
    return [f"{', '.join(levels)} ({', '.join(names)})" for levels, names in names.items()]


def usual(levels: Sequence[str]) -> tuple[str, ...]:
    """Return the levels of a task that `auto` stands for."""
    return (FIRST,) if FIRST in levels else tuple(levels)


def of_task(task: TaskShape, listed: Sequence[str]) -> tuple[str, ...]:
    """Return the levels of a task that are listed, in the order of the list."""
    if task.difficulties == (NONE,):
        return task.difficulties
    return tuple(level for level in listed if level in task.difficulties)


def lacking(names: Iterable[str], listed: Sequence[str]) -> str | None:
    """Return what is wrong with a list if a task of `names` has none of its levels."""
    for name in names:
        if name in TASKS and not of_task(TASKS[name], listed):
            known = ", ".join(TASKS[name].difficulties)
            return f"the task {name} has none of the levels {', '.join(listed)}; it has: {known}"
    return None


def suiting(listed: Sequence[str]) -> str | None:
    """Return the version of the benchmark each of whose tasks has one of the listed levels."""
    fits = (v for v in VERSIONS if all(of_task(task, listed) for task in of_version(v).values()))
    return next(fits, None)

"""Levels are compared within a task: with its control, or with the level before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pilotbench.results.analysis.contrasts import every_family
from pilotbench.results.analysis.scores import prepared
from support import simulated_models as sim

LEVELS = ("very_easy", "easy", "medium")


def told(*named: tuple[str, tuple[str, ...]]) -> Any:
    """Return the comparisons of levels where simulated ones have other names."""
    cells = [
        replace(cell, difficulty=level)
        for cell in sim.standard_cells(("strong",))
        if cell.task == "simple_task" and cell.prompt == "baseline"
        for level in LEVELS
    ]
    made = sim.data(sim.records(list(dict.fromkeys(cells)), instances=20))
    frames: dict[str, list[Any]] = {"episodes": [], "cells": []}
    for task, levels in named:
        names = {"difficulty": dict(zip(LEVELS, levels, strict=False))}
        for key, parts in frames.items():
            frame = getattr(made, key)
            frame = frame[frame["difficulty"].isin(names["difficulty"])]
            parts.append(frame.replace(names).assign(task=task))
    import pandas

    data = replace(made, **{key: pandas.concat(parts) for key, parts in frames.items()})
    return every_family(data, prepared(data))["difficulty"]


@pytest.mark.parametrize(
    ("task", "levels", "pairs"),
    [
        ("simple_task", LEVELS, [("easy", "very_easy"), ("easy", "medium")]),
        ("horizon", ("n2", "n8", "n32"), [("n2", "n8"), ("n8", "n32")]),
        ("workflow", LEVELS, [("very_easy", "easy"), ("easy", "medium")]),
        (
            "policy",
            ("no_rules", "rules_1000", "rules_4000"),
            [("no_rules", "rules_1000"), ("no_rules", "rules_4000")],
        ),
    ],
)
def test_the_levels_of_a_task_are_compared(
    task: str, levels: tuple[str, ...], pairs: list[tuple[str, str]]
) -> None:
    found = told((task, levels))
    assert list(zip(found["base"], found["arm"], strict=True)) == pairs
    assert ("task" in found) == (task != "simple_task")
    assert set(found["n"]) == {20}


def test_tasks_of_both_versions_are_one_family_and_never_mixed() -> None:
    found = told(("simple_task", LEVELS), ("horizon", ("n2", "n8")), ("workflow", LEVELS))
    assert list(found["task"]) == ["", "", "horizon", "workflow", "workflow"]
    assert set(found["n"]) == {20}
    alone = told(("horizon", ("n2", "n8")))
    assert found["difference"][2] == alone["difference"][0]
    assert found["p_holm"][2] >= alone["p_holm"][0]

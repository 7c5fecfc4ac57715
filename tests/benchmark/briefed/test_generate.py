"""Instances of briefed pipelines: both levels show one core."""

from __future__ import annotations

from pilotbench.benchmark.briefed.generate import make
from pilotbench.benchmark.briefed.task import TASK


def test_both_levels_are_views_of_one_core() -> None:
    for index in range(10):
        easy, medium = (make(TASK.grammar, level, index) for level in TASK.difficulties)
        assert (easy.plan, easy.goal, easy.world) == (medium.plan, medium.goal, medium.world)
        assert easy.extra == medium.extra
        assert easy.request != medium.request

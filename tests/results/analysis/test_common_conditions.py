"""Only the conditions that all levels of an axis share are compared."""

from __future__ import annotations

import pandas as pd
import pytest

from pilotbench.results.analysis.common_conditions import balanced, is_balanced
from pilotbench.results.analysis.group_scores import plain_prompts
from support import simulated_models as sim


@pytest.fixture
def cells(standard):
    frame = standard.cells
    return frame[frame["model"].isin(sim.SKILL)]


def test_prompts_are_compared_at_easy_and_the_default_rate(standard, cells):
    kept = balanced(cells[cells["prompt"].isin(plain_prompts(standard))], "prompt")
    assert set(kept["tool_success_rate"]) == {"0.8"}
    assert set(kept["difficulty"]) == {"easy"}
    assert is_balanced(kept, "prompt")


def test_levels_are_compared_at_one_rate_within_a_prompt(cells):
    kept = balanced(cells, "difficulty", ["prompt"])
    optimal = kept[kept["prompt"] == "optimal"]
    assert set(optimal["tool_success_rate"]) == {"0.8"}
    assert set(optimal["difficulty"]) == {"very_easy", "easy", "medium"}


def test_a_full_grid_is_unchanged(cells):
    grid = cells[cells["prompt"].isin(["baseline", "cot"])]
    assert len(balanced(grid, "prompt")) == len(grid)


def test_levels_that_share_nothing_are_kept_and_not_balanced(cells):
    apart = pd.concat(
        [
            cells[(cells["prompt"] == "baseline")],
            cells[(cells["prompt"] == "optimal") & (cells["difficulty"] == "medium")],
        ]
    )
    assert len(balanced(apart, "prompt")) == len(apart)
    assert not is_balanced(apart, "prompt")

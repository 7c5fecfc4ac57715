"""Flaws followed on each side of a comparison: one family per side, over its own episodes."""

from __future__ import annotations

import pandas as pd
import pytest

from pilotbench.results.summary.compare_flaws import followed_sides
from support import simulated_models as sim

FLAWED = ("flawed_tool_misuse", "flawed_missing_step")


def frame(*prompts: str) -> pd.DataFrame:
    cells = [c for c in sim.standard_cells(("strong", "weak")) if c.prompt in prompts]
    return sim.data(sim.records(cells)).episodes


def test_each_side_has_a_row_per_model_and_flaw() -> None:
    every = frame("optimal", *FLAWED)
    found = followed_sides(every, every)
    places = found[["model", "prompt", "side"]].itertuples(index=False, name=None)
    wanted = [
        (m, p, s) for m in ("strong", "weak") for p in sorted(FLAWED) for s in ("base", "arm")
    ]
    assert list(places) == wanted
    assert (found["p_holm"] >= found["p"]).all()


def test_a_side_without_the_optimal_plan_has_no_row() -> None:
    found = followed_sides(frame(*FLAWED), frame("optimal", *FLAWED))
    assert set(found["side"]) == {"arm"}


@pytest.mark.parametrize("prompts", [("baseline",), ("optimal",), FLAWED])
def test_nothing_to_compare_is_an_empty_frame(prompts: tuple[str, ...]) -> None:
    assert followed_sides(frame(*prompts), frame(*prompts)).empty

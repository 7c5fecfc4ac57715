"""The design of 6.0_frontier: its costs, its power, and the file that states it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from dev import frontier_design as design
from pilotbench.ground.yaml_files import load

FILE = Path(__file__).resolve().parents[2] / "config" / "experiments" / "6.0_frontier.yaml"


def test_an_episode_costs_more_than_in_proportion_to_its_items() -> None:
    price = design.PRICES[2]
    costs = [design.Tokens().usd(items, price) for items in (8, 16, 32, 64)]
    ratios = [more / less for less, more in pairwise(costs)]
    assert ratios == sorted(ratios)
    assert 1.5 < ratios[0] < ratios[-1] < 4


@pytest.mark.parametrize("lengths", [(16,), design.CHOSEN])
def test_the_cores_give_the_power(lengths: tuple[int, ...]) -> None:
    cores = design.cores_for(design.PAIRS[0], lengths)
    assert 0.7 <= design.power(design.PAIRS[0], lengths, cores, 150) <= 0.9


def test_equal_models_are_told_apart_in_five_percent() -> None:
    assert design.power((24.0, 24.0), design.CHOSEN, 60, 200) <= 0.1


def test_the_file_asks_for_the_chosen_design() -> None:
    asked = load(FILE.read_text(encoding="utf-8"))
    assert asked["difficulties"] == [f"n{items}" for items in design.CHOSEN]
    assert asked["instances"] >= design.cores_for(design.PAIRS[0], design.CHOSEN)

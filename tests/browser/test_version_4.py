"""The page of benchmark version 4, which has nine tasks and tables with sentences, in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import boxes
from browser.conftest import Browser
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.matrix.cells import Cell
from pilotbench.results.summary import write_all
from support import simulated_models as sim

pytestmark = pytest.mark.browser
NAMES = ("deepseek-reasoner", "mistral-large-latest")


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The summary of two models with long names on every level; one owes episodes."""
    cells = [
        Cell(model, "baseline", task, level, "0.8")
        for model in NAMES
        for task in LEVELS
        for level in LEVELS[task]
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sim, "chance", lambda cell, index: 0.7)
        patch.setattr(sim, "TASKS", tuple(LEVELS))
        patch.setattr(sim, "PRICE", dict.fromkeys(NAMES, (0.5, 2.0)))
        folder = tmp_path_factory.mktemp("version_4")
        owed = {cells[-1]: 3}
        write_all.write(sim.data(sim.records(cells, 6), owed), folder)
        yield folder


@pytest.mark.parametrize(("width", "height"), [(390, 844), (820, 1180), (1440, 900)])
def test_nothing_is_cut_or_overlaps(
    browser: Browser, summary: Path, width: int, height: int
) -> None:
    browser.size(width, height)
    browser.open((summary / "index.html").as_uri())
    assert browser.ask("document.querySelectorAll('.chart svg').length") > 10
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert boxes.cut(browser) == []

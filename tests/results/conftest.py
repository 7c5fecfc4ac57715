"""One full standard matrix of simulated models, made once for all tests of the summary."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import simulated_models as synthetic
from support.database_lab import Lab, filled


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a lab after its first update."""
    lab = filled(tmp_path_factory.mktemp("first") / "results")
    lab.update()
    return lab.results


@pytest.fixture
def lab(tmp_path: Path, first: Path) -> Lab:
    """Four cells of one shard each, all planned and written."""
    lab = filled(tmp_path / "results")
    lab.first = first
    return lab


@pytest.fixture(scope="session")
def standard():
    """The five standard experiments of three simulated models, with both bounding players."""
    players = synthetic.standard_cells(synthetic.PLAYERS)
    cells = synthetic.standard_cells() + [c for c in players if c.prompt == "optimal"]
    return synthetic.data(synthetic.records(cells))


@pytest.fixture(scope="session")
def told(standard):
    """The report of the standard matrix."""
    from pilotbench.results.analysis.model import report

    return report(standard)

"""One full standard matrix of simulated models, made once for all tests of the summary."""

from __future__ import annotations

import pytest

from support import simulated_models as synthetic


@pytest.fixture(scope="session")
def standard():
    """The five standard experiments of three simulated models, with both bounding players."""
    return synthetic.data(
        synthetic.records(synthetic.standard_cells((*synthetic.SKILL, *synthetic.PLAYERS)))
    )


@pytest.fixture(scope="session")
def told(standard):
    """The report of the standard matrix."""
    from pilotbench.summary.report import report

    return report(standard)

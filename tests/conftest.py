from __future__ import annotations

from pathlib import Path

import pytest

from pilotbench import config
from pilotbench.weights import fetch


@pytest.fixture(scope="session")
def model_file() -> Path:
    """The weights of the default model, fetched as a run fetches them where they are missing."""
    weights = config.settings(config.read()).catalog["smollm2-135m"].weights
    assert weights is not None
    if not weights.file.exists():
        fetch(weights, weights.file)
    return weights.file

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from pilotbench.matrix import config, config_files
from pilotbench.providers.weights import fetch
from support.optional import summed_up

# No test depends on how fast a machine is, or on luck.
hypothesis.settings.register_profile(
    "any machine",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("any machine")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line what would have to be installed for the tests that were skipped."""
    skipped = terminalreporter.stats.get("skipped", [])
    if line := summed_up(reason_of(report) for report in skipped):
        terminalreporter.write_line(line, yellow=True)


def reason_of(report: Any) -> str:
    """Return why a test was skipped: its report holds file, line and reason."""
    where = report.longrepr
    return str(where[2] if isinstance(where, tuple) else where)


@pytest.fixture(scope="session")
def model_file() -> Path:
    """The weights of the default model, fetched as a run fetches them where they are missing."""
    weights = config.settings(config_files.read()).catalog["smollm2-135m"].weights
    assert weights is not None
    weights.file.parent.mkdir(parents=True, exist_ok=True)
    with weights.file.with_suffix(".lock").open("w") as lock:  # another process tests beside us
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not weights.file.exists():
            fetch(weights, weights.file)
    return weights.file

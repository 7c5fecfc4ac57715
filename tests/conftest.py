from __future__ import annotations

import fcntl
import gc
import signal
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from support.build import Build
from support.optional import summed_up

SLOW_PLACES = (
    "asking/batches",
    "asking/keys/test_cases.py",
    "asking/keys/test_key_client.py",
    "asking/keys/test_outages.py",
    "asking/keys/test_rate_limits.py",
    "asking/test_unusable.py",
    "benchmark/scorers/test_mathematics.py",
    "benchmark/scorers/test_python_scorer.py",
    "browser",
    "commands/test_check.py",
    "commands/test_serve.py",
    "commands/test_tool_checks.py",
    "dev/bench",
    "doors",
    "providers/test_services.py",
    "results/analysis/test_costs.py",
    "results/analysis/test_load.py",
    "results/analysis/test_overview.py",
    "results/analysis/test_owed.py",
    "results/analysis/test_ranking.py",
    "results/analysis/test_truth.py",
    "results/database/test_database_bench.py",
    "results/database/test_hostile_values.py",
    "results/database/test_updates.py",
    "results/statistics/test_multiple.py",
    "simulator",
    "test_wheel.py",
    "workflow",
)
SLOW_MARKERS = ("browser", "slurm", "model")
"""What `make test-fast` leaves out; a single test elsewhere has the marker `slow`."""

# A shell lets what it starts in the background ignore Ctrl-C, and what tests start inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No test depends on how fast a machine is, or on luck.
hypothesis.settings.register_profile(
    "any machine",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("any machine")


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the slow places as slow, and begin with the files that have such tests.

    A long file at the end would leave the other workers without work.
    """
    for item in items:
        place = item.path.relative_to(Path(__file__).parent)
        places = {one.as_posix() for one in (place, *place.parents)}
        if any(map(item.get_closest_marker, SLOW_MARKERS)) or places & set(SLOW_PLACES):
            item.add_marker(pytest.mark.slow)
    _measure_first_case(items)
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


def _measure_first_case(items: list[pytest.Item]) -> None:
    """Measure coverage in the first case of a test only: measuring takes Python twice as long."""
    seen: set[str] = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        if test in seen:
            item.add_marker(pytest.mark.no_cover)
        seen.add(test)


def pytest_collection_finish() -> None:
    """Exclude the thousands of tests from garbage collections."""
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Let the end of the process collect everything: DuckDB reports what is left."""
    gc.unfreeze()


@pytest.hookimpl(tryfirst=True)  # before the fixtures
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Allow whole runs only in slow tests, so that `make test-fast` stays fast."""
    Build.may_run = item.get_closest_marker("slow") is not None


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
    from pilotbench.matrix import config, config_files
    from pilotbench.providers.weights import fetch

    weights = config.settings(config_files.read()).catalog["smollm2-135m"].weights
    assert weights is not None
    weights.on_disk.parent.mkdir(parents=True, exist_ok=True)
    with weights.on_disk.with_suffix(".lock").open("w") as lock:  # another process tests beside us
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not weights.on_disk.exists():
            fetch(weights, weights.on_disk)
    return weights.on_disk

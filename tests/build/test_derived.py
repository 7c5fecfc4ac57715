"""The jobs that derive results, as the scripts of the rules start them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pilotbench.build import derived, signals


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The results folders that the steps of `both` got; the experiment is not loaded."""
    found: list[Path] = []

    class Loaded:
        def at(self, results: Path) -> Path:
            return results

    monkeypatch.setattr(derived, "load_experiment", lambda _: Loaded())
    monkeypatch.setattr(derived, "STEPS", {"both": (found.append, found.append)})
    return found


def test_a_step_writes_where_the_results_are(given: list[Path], tmp_path: Path) -> None:
    derived.main("both", {}, tmp_path, str(tmp_path / "logs/both.log"))
    assert given == [tmp_path, tmp_path]


@pytest.mark.parametrize("number", signals.ENDING)
def test_a_signal_ends_a_step_with_its_code(
    given: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    before = {one: signal.getsignal(one) for one in signals.ENDING}

    def killed(_: Path) -> None:
        os.kill(os.getpid(), number)

    monkeypatch.setattr(derived, "STEPS", {"both": (killed, given.append)})
    try:
        with pytest.raises(SystemExit) as ended:
            derived.main("both", {}, tmp_path, str(tmp_path / "logs/both.log"))
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert ended.value.code == 128 + number
    assert given == []


def test_planning_loads_nothing_that_only_asking_or_deriving_needs() -> None:
    """Each command, and each process of a run, imports this."""
    heavy = {"httpx", "httpx2", "openai", "duckdb", "pandas", "numpy", "pilotbench.asking.asker"}
    code = f"import sys, pilotbench.build.workflow; print(*sorted({heavy} & set(sys.modules)))"
    library = str(Path(derived.__file__).parents[2])
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": library},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "\n"

"""Inspect and lm-eval themselves, killed and run again; `python -m dev.harnesses` installs them."""

from __future__ import annotations

import pytest

from dev import harnesses

MISSING = [name for name in harnesses.TASKS if not (harnesses.VENV / "bin" / name).exists()]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING),
        reason=f"{harnesses.VENV} has no {', '.join(MISSING)}: python -m dev.harnesses installs it",
    ),
]


@pytest.mark.parametrize("harness", harnesses.TASKS)
@pytest.mark.parametrize("how", [harnesses.as_task, harnesses.through_serve])
def test_a_killed_harness_pays_nothing_twice_and_reports_our_numbers(
    harness: str, how: harnesses.How
) -> None:
    number = harnesses.SCENARIOS.index((how, "harness"))
    row = harnesses.scenario(harness, number, harnesses.VENV.resolve())
    assert (row.runs, row.answered, row.twice) == (2, harnesses.SAMPLES, 0)
    assert row.theirs == 0.75
    assert row.ours in (None, row.theirs)

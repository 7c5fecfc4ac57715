"""What a matrix may spend, over all processes that share a file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pilotbench.config import Price
from pilotbench.errors import BudgetSpent
from pilotbench.keys.budget import Budget, cost, estimate
from pilotbench.providers.provider import Tokens

LIBRARY = Path(__file__).resolve().parents[2] / "workflow" / "scripts"


@contextmanager
def budget(folder: Path, limit: float | None) -> Iterator[Budget]:
    """Yield the budget of a folder, as one more process would see it."""
    made = Budget(folder / "limits" / "budget", limit)
    try:
        yield made
    finally:
        made.close()


def test_a_budget_goes_on_from_what_was_spent_before(tmp_path: Path) -> None:
    with budget(tmp_path, 1.0) as one, budget(tmp_path, None) as other:
        one.begin(lambda: 0.9)
        one.reserve(0.05)
        with pytest.raises(BudgetSpent, match=r"budget_usd: 0\.95.* of 1\.0 USD"):
            one.reserve(0.06)
        one.settle(0.05, 0.01)
        one.reserve(0.06)
        assert other.spent == pytest.approx(0.97)


RUN = """
import sys
from pathlib import Path
from pilotbench.keys.budget import Budget
budget = Budget(Path(sys.argv[1]), 1.0)
budget.begin(lambda: 0.9)
print("begun", flush=True)
sys.stdin.read()
"""


def test_a_run_never_forgets_what_another_that_is_alive_has_spent(tmp_path: Path) -> None:
    file = tmp_path / "limits" / "budget"
    with (
        subprocess.Popen(
            [sys.executable, "-c", RUN, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(LIBRARY)},
        ) as alive,
        budget(tmp_path, 1.0) as second,
    ):
        assert alive.stdout is not None
        assert alive.stdout.readline() == b"begun\n"
        second.begin(lambda: 0.2)
        with pytest.raises(BudgetSpent, match=r"0\.9000 of 1\.0 USD"):
            second.reserve(0.2)
        alive.kill()
    with budget(tmp_path, 1.0) as third:
        third.begin(lambda: 0.2)
        assert third.spent == pytest.approx(0.2)


def test_what_another_run_spends_while_one_looks_up_its_own_is_not_forgotten(
    tmp_path: Path,
) -> None:
    with budget(tmp_path, 1.0) as first, budget(tmp_path, 1.0) as second:
        first.begin(lambda: 0.0)

        def looked_up() -> float:
            first.reserve(0.9)
            return 0.0

        second.begin(looked_up)
        assert second.spent == pytest.approx(0.9)


def test_a_job_that_outlives_its_run_keeps_what_it_has_reserved(tmp_path: Path) -> None:
    with budget(tmp_path, 1.0) as job:
        with budget(tmp_path, 1.0) as killed:
            killed.begin(lambda: 0.5)
            job.reserve(0.3)
        with budget(tmp_path, 1.0) as second:
            second.begin(lambda: 0.5)
            job.settle(0.3, 0.25)
            assert second.spent == pytest.approx(0.75)


def test_a_reservation_that_was_never_settled_stays_spent(tmp_path: Path) -> None:
    with budget(tmp_path, 1.0) as killed:
        killed.reserve(0.7)
    with budget(tmp_path, 1.0) as other, pytest.raises(BudgetSpent):
        other.reserve(0.7)


def test_the_cost_of_a_request_follows_from_its_tokens() -> None:
    tokens = Tokens(input=1000, output=100, cached=400)
    assert cost(Price(2.0, 10.0, 0.5), tokens) == pytest.approx((1200 + 200 + 1000) / 1e6)
    assert cost(None, tokens) == 0


@pytest.mark.parametrize(
    ("bound", "output"),
    [({"max_tokens": 7}, 7), ({"max_completion_tokens": 9}, 9), ({}, 1024)],
)
def test_the_estimate_counts_what_is_sent_and_the_bound_of_the_output(
    bound: dict[str, int], output: int
) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x" * 3000}], **bound}
    found = estimate(body)
    assert found.output == output
    assert found.input >= 1000
    assert estimate({**body, "tools": [{"description": "y" * 300}]}).input >= found.input + 100

"""The spending limit of a matrix, over all processes that share a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotbench.asking import budget as budgets
from pilotbench.asking.budget import Balance, Budget
from pilotbench.ground.errors import BudgetSpent

LIBRARY = Path(__file__).resolve().parents[2] / "workflow" / "scripts"


@contextmanager
def budget(folder: Path, limit: float | None) -> Iterator[Budget]:
    """Yield the budget of a folder, as another process would see it."""
    made = Budget(folder / "limits" / "budget", limit)
    try:
        yield made
    finally:
        made.close()


def test_a_budget_continues_from_earlier_spending(tmp_path: Path) -> None:
    with budget(tmp_path, 1.0) as one, budget(tmp_path, None) as other:
        one.begin(lambda: 0.9)
        one.reserve(0.05)
        assert not one.reserve(0.06), "it fits when the other turns out to cost less"
        with pytest.raises(BudgetSpent, match=r"budget_usd: 0\.9000 of 1\.0 USD"):
            one.reserve(0.11)
        one.settle(0.05, 0.01)
        one.reserve(0.06)
        assert other.spent == pytest.approx(0.97)


RUN = """
import sys
from pathlib import Path
from pilotbench.asking.budget import Budget
budget = Budget(Path(sys.argv[1]), 1.0)
budget.begin(lambda: 0.9)
print("begun", flush=True)
sys.stdin.read()
"""


def test_a_run_never_forgets_the_spending_of_another_live_run(tmp_path: Path) -> None:
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


def test_spending_of_another_run_during_a_lookup_is_not_forgotten(
    tmp_path: Path,
) -> None:
    with budget(tmp_path, 1.0) as first, budget(tmp_path, 1.0) as second:
        first.begin(lambda: 0.0)

        def looked_up() -> float:
            first.reserve(0.9)
            return 0.0

        second.begin(looked_up)
        assert second.spent == pytest.approx(0.9)


def test_spending_during_a_lookup_counts_once(tmp_path: Path) -> None:
    journal: list[float] = []

    def spend() -> None:
        with budget(tmp_path, 1.0) as job:
            job.reserve(0.1)
            journal.append(0.1)
            job.settle(0.1, 0.1)

    with budget(tmp_path, 1.0) as run:
        spending = threading.Thread(target=spend)

        def looked_up() -> float:
            spending.start()
            spending.join(timeout=0.5)
            return sum(journal)

        run.begin(looked_up)
        spending.join()
        assert run.spent == pytest.approx(0.1)


def test_the_jobs_of_a_run_look_up_earlier_spending_once(tmp_path: Path) -> None:
    looked: list[str] = []

    def look(run: str, usd: float) -> Callable[[], float]:
        return lambda: looked.append(run) or usd

    with budget(tmp_path, 1.0) as old:
        old.begin(look("first", 0.9), run="first")
    with budget(tmp_path, 1.0) as one, budget(tmp_path, 1.0) as two:  # both start at once
        for job in (one, two, one):
            job.begin(look("second", 0.2), run="second")
        assert one.spent == pytest.approx(0.2), "the sum of an earlier run is not kept"
        one.reserve(0.1)
        one.settle(0.1, 0.1)
    with budget(tmp_path, 1.0) as three:  # a job that starts when the first ones have ended
        three.begin(look("second", 0.2), run="second")
        assert three.spent == pytest.approx(0.3)
    assert looked == ["first", "second"]


def test_a_process_that_is_killed_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "limits" / "budget"
    env = {**os.environ, "PYTHONPATH": str(LIBRARY)}
    holders = file.with_suffix(".holders")
    for begins in (False, True):
        subprocess.run([sys.executable, "-c", KILLED, str(file)], env=env, check=False)
        assert len(list(holders.iterdir())) == 1
        with budget(tmp_path, 1.0) as other:
            if begins:
                other.begin(lambda: 0.0)
            else:
                with pytest.raises(BudgetSpent):
                    other.room(0.5)
            names = {path.name for path in holders.iterdir()}
            assert names <= {other._users.name}
            other.begin(lambda: 0.0, afresh=True)


def test_a_waiting_request_takes_no_lock_and_rarely_checks_for_ended_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Path] = []
    monkeypatch.setattr(budgets, "is_locked", lambda path: bool(looks.append(path)) or True)
    with budget(tmp_path, 1.0) as one, budget(tmp_path, 1.0) as other:
        assert one.reserve(0.9)
        got: list[bool] = []
        waiting = threading.Thread(
            target=lambda: got.extend(other.reserve(0.2) for _ in range(50)), daemon=True
        )
        with one._ledger.locked():
            waiting.start()
            waiting.join(timeout=300)
        assert got == [False] * 50
        assert len(looks) <= 3


def test_a_job_that_outlives_its_run_keeps_its_reservations(tmp_path: Path) -> None:
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
    with budget(tmp_path, 1.0) as other:
        other.begin(lambda: 0.0)
        with pytest.raises(BudgetSpent):
            other.reserve(0.7)


KILLED = """
import os, signal, sys
from pathlib import Path
from pilotbench.asking.budget import Budget
Budget(Path(sys.argv[1]), 1.0).reserve(0.7)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_reservations_of_a_killed_process_stay_spent_and_block_nobody(
    tmp_path: Path,
) -> None:
    file = tmp_path / "limits" / "budget"
    env = {**os.environ, "PYTHONPATH": str(LIBRARY)}
    subprocess.run([sys.executable, "-c", KILLED, str(file)], env=env, check=False)
    with budget(tmp_path, 1.0) as other:
        assert other.balance.held
        assert other.reserve(0.3)
        with pytest.raises(BudgetSpent):
            other.reserve(0.31)
        assert other.balance.lost == pytest.approx(0.7)


def test_lost_reservations_are_remembered_until_the_journal_is_deleted(tmp_path: Path) -> None:
    with budget(tmp_path, 1.0) as run:
        run.reserve(0.4)
        run.lose(0.4, 0.4)
    with budget(tmp_path, 1.0) as run:
        run.begin(lambda: 0.1)
        assert run.spent == pytest.approx(0.5)
        run.begin(lambda: 0.0, afresh=True)
        assert run.spent == 0


RESERVE_BATCH = """
import os, sys
from pathlib import Path
from pilotbench.asking.budget import Budget
budget = Budget(Path(sys.argv[1]), 1.0)
budget.begin(lambda: 0.1)
budget.reserve(0.01)
assert budget.reserve_batch("tag", 0.5)
os._exit(9)
"""


def test_what_is_reserved_for_a_batch_outlives_its_process_and_no_request_waits_for_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "limits" / "budget"
    words = [sys.executable, "-c", RESERVE_BATCH, str(file)]
    assert subprocess.run(words, env={**os.environ, "PYTHONPATH": str(LIBRARY)}).returncode == 9
    with budget(tmp_path, 1.0) as one:
        one.begin(lambda: 0.1)
        assert one.balance == Balance(0.1, 0.01, {"batch tag": 0.5}, [])
        assert not one.reserve_batch("other", 0.4)
        with pytest.raises(BudgetSpent, match=r"used and 0\.5000 are reserved for batches that"):
            one.reserve(0.4)
        assert one.reserve(0.3)
        one.settle_batch("tag", 0.1, lost=0.02, part=0.3)
        assert one.balance.held == {"batch tag": pytest.approx(0.2), one._name: 0.3}
        one.settle_batch("tag", 0.05)
        one.settle_batch("tag", 0.0)
        assert one.balance.spent == pytest.approx(0.25)
        assert one.balance.lost == pytest.approx(0.03)
        assert one.balance.held == {one._name: 0.3}


def test_one_request_too_large_stops_no_other(tmp_path: Path) -> None:
    with budget(tmp_path, 1.0) as one:
        with pytest.raises(BudgetSpent, match=r"may cost up to 1\.5"):
            one.reserve(1.5)
        assert one.reserve(0.9)


ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
BOOKS = st.fixed_dictionaries(
    {},
    optional={
        "usd": ANY, "spent": ANY, "lost": ANY,
        "held": ANY | st.dictionaries(st.text(max_size=3), ANY, max_size=3),
    },
)  # fmt: skip


@given(BOOKS | ANY)
def test_any_content_of_a_budget_file_can_be_read_and_written(value: Any) -> None:
    book = Balance.from_json(json.loads(json.dumps(value)))
    assert book.total >= 0
    assert Balance.from_json(json.loads(json.dumps(book.as_json(), allow_nan=False))) == book


def test_a_budget_of_release_0_1_continues(tmp_path: Path) -> None:
    (tmp_path / "limits").mkdir()
    (tmp_path / "limits" / "budget").write_text('{"usd": 0.8}')
    with budget(tmp_path, 1.0) as one, pytest.raises(BudgetSpent):
        one.reserve(0.3)


SPENDER = """
import random, sys, time
from pathlib import Path
from pilotbench.ground.errors import BudgetSpent
from pilotbench.asking.budget import Budget
budget, draw, paid = Budget(Path(sys.argv[1]), 1.0), random.Random(int(sys.argv[2])), 0.0
try:
    while True:
        while not budget.reserve(0.02):
            time.sleep(0.001)
        real = draw.uniform(0.0, 0.004)
        budget.settle(0.02, real)
        paid += real
except BudgetSpent:
    print(paid)
"""


def test_many_processes_spend_nearly_all_of_it_and_never_more(tmp_path: Path) -> None:
    file = tmp_path / "limits" / "budget"
    env = {**os.environ, "PYTHONPATH": str(LIBRARY)}
    spenders = [
        subprocess.Popen(
            [sys.executable, "-c", SPENDER, str(file), str(seed)], env=env, stdout=subprocess.PIPE
        )
        for seed in range(4)
    ]
    paid = sum(float(spender.communicate()[0]) for spender in spenders)
    assert 0.9 <= paid <= 1.0

"""What an experiment may spend: reserved before a request, settled after it, in one shared file.

The limit is hard: the spent, lost and reserved amounts together never exceed it. A reservation is
the most that a request can cost, so the settled amount is never higher. An amount that may have
been paid without an answer that reports its cost (a timeout, an unreadable body, a killed process)
is lost, also for the runs that follow.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilotbench.asking.keys.adaptive_limit import number
from pilotbench.asking.keys.opened_limiter import default_folder
from pilotbench.asking.keys.usage_file import SharedFile
from pilotbench.ground.errors import BudgetSpent
from pilotbench.ground.file_locks import is_locked
from pilotbench.matrix.config import Settings

Json = dict[str, Any]
ROUNDING = 1e-9
MOST_USD = 1e12
BATCH = "batch "
"""What the names of the reservations of batches begin with; they outlast every process."""
REAP_S = 1.0
"""How often a waiting process looks for processes that have ended."""
MOST_RUNS = 8


@dataclass
class Balance:
    """The content of a budget's file, in USD.

    `spent` is the cost of answers, `lost` what may have been paid without a reported cost, `held`
    what the requests in flight of each process and those of each batch have reserved. `runs` are
    the runs that have looked up what was spent before them.
    """

    spent: float = 0.0
    lost: float = 0.0
    held: dict[str, float] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)

    @property
    def gone(self) -> float:
        """Return the amount that no settlement brings back."""
        return self.spent + self.lost

    @property
    def in_batches(self) -> float:
        """Return the amount that is reserved for batches."""
        return sum(usd for name, usd in self.held.items() if name.startswith(BATCH))

    @property
    def total(self) -> float:
        """Return everything that is no longer available."""
        return self.gone + sum(self.held.values())

    @property
    def processes(self) -> list[str]:
        """The names of the processes with reservations."""
        return [name for name in self.held if not name.startswith(BATCH)]

    def lose(self, names: Iterable[str]) -> None:
        """Count the reservations of these processes as lost."""
        self.lost += sum(self.held.pop(name, 0.0) for name in names)

    def add_run(self, run: str | None) -> None:
        """Record that a run has looked up what was spent."""
        if run is not None:
            self.runs = [*self.runs, run][-MOST_RUNS:]

    def as_json(self) -> Json:
        """Return plain JSON types."""
        return {"spent": self.spent, "lost": self.lost, "held": self.held, "runs": self.runs}

    @classmethod
    def from_json(cls, value: Any) -> Balance:
        """Return the balance in a file, including one of release 0.1; unreadable values are 0."""
        found = value if isinstance(value, dict) else {}
        held, runs = found.get("held"), found.get("runs")
        return cls(
            _usd(found.get("spent", found.get("usd"))),
            _usd(found.get("lost")),
            {str(name): _usd(usd) for name, usd in held.items()} if isinstance(held, dict) else {},
            [str(run) for run in runs][-MOST_RUNS:] if isinstance(runs, list) else [],
        )


def _usd(value: Any) -> float:
    return float(number(value, 0, MOST_USD) or 0.0)


class Budget:
    """The USD spent by all processes that share `path`; there is no limit if `limit` is None.

    Each process that spends locks its own file while it has the budget open. So the reservations of
    a killed process are known to be lost, and a new run knows whether another one still spends.
    """

    def __init__(self, path: Path, limit: float | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._ledger = SharedFile(path)
        self._limit = limit
        self._users = BudgetUsers(path.with_suffix(".holders"))
        self._beginning = path.with_suffix(".begin")
        self._next_reap = 0.0

    @property
    def balance(self) -> Balance:
        """Return the amounts spent, lost and reserved."""
        return Balance.from_json(self._ledger.read())

    @property
    def spent(self) -> float:
        """The sum of what is spent, lost and reserved, in USD."""
        return self.balance.total

    def left(self) -> float:
        """Return the USD that are neither spent nor lost nor reserved."""
        return math.inf if self._limit is None else max(0.0, self._limit - self.spent)

    def begin(
        self, spent: Callable[[], float], afresh: bool = False, run: str | None = None
    ) -> None:
        """Set what the experiment has spent so far, in USD; once for all jobs of a `run`.

        If other processes use the budget (another run, a job of a killed run), what they spend and
        reserve is kept, even while `spent` looks up the total. If none does, none can begin until
        the look-up is done. What was lost is kept too, unless the experiment starts `afresh`,
        without a journal.
        """
        with self._one_at_a_time():
            if self._begin_alone(spent, afresh, run):
                return
            usd = spent()
            with self._changing() as balance:
                balance.spent = max(usd, balance.spent)
                balance.add_run(run)

    def room(self, usd: float) -> bool:
        """Return whether `usd` fits now; False if it may fit once others have settled.

        A process that must wait takes no lock, since those that settle need it. Raises BudgetSpent
        if `usd` does not fit however little the others cost; a batch takes too long to be waited
        for.
        """
        if not self._fits(self.balance.total + usd):
            self._reap()
        balance = self.balance
        if self._fits(balance.total + usd):
            return True
        if not self._fits(balance.gone + balance.in_batches + usd):
            with self._changing() as balance:
                now = balance
            self._check(now, usd)
        return False

    def reserve(self, usd: float) -> bool:
        """Reserve `usd` if it fits now; return whether it did. Raises BudgetSpent like `room`."""
        if not self.room(usd):
            return False
        with self._changing() as balance:
            fits = self._fits(balance.total + usd)
            if fits:
                self._users.join()
                balance.held[self._name] = balance.held.get(self._name, 0.0) + usd
            now = balance
        if not fits:
            self._check(now, usd)
        return fits

    def settle(self, reserved: float, usd: float) -> None:
        """Replace a reservation by the cost of the answer."""
        with self._changing() as balance:
            self._give_back(balance, reserved)
            balance.spent += usd

    def lose(self, reserved: float, usd: float) -> None:
        """Replace a reservation by what may have been paid without a reported cost."""
        with self._changing() as balance:
            self._give_back(balance, reserved)
            balance.lost += usd

    def reserve_batch(self, tag: str, usd: float) -> bool:
        """Reserve `usd` for a batch if it fits now; return whether it did.

        It is held until `settle_batch`, whatever becomes of this process.
        """
        with self._changing() as balance:
            fits = self._fits(balance.total + usd)
            if fits:
                balance.held[BATCH + tag] = balance.held.get(BATCH + tag, 0.0) + usd
        return fits

    def settle_batch(
        self, tag: str, usd: float, lost: float = 0.0, part: float | None = None
    ) -> None:
        """Replace `part` of what a batch has reserved (None: all that is left) by its cost.

        `lost` is what may have been paid without a reported cost.
        """
        with self._changing() as balance:
            held = balance.held.pop(BATCH + tag, 0.0)
            left = 0.0 if part is None else held - part
            if left > ROUNDING:
                balance.held[BATCH + tag] = left
            balance.spent += usd
            balance.lost += lost

    def close(self) -> None:
        """Close the file; what this process has not settled is lost."""
        try:
            if self._users.joined:
                with self._changing() as balance:
                    balance.lose([self._name])
                    self._users.leave()
        finally:
            self._ledger.close()

    @property
    def _name(self) -> str:
        return self._users.name

    def _begin_alone(self, spent: Callable[[], float], afresh: bool, run: str | None) -> bool:
        """Set what was spent if it is known already or no other process spends; else return False.

        The lock is held during the look-up: what is spent meanwhile would be counted twice.
        """
        with self._changing() as balance:
            others = self._users.others()
            balance.lose([n for n in balance.processes if n not in {*others, self._name}])
            self._users.join()
            if run is not None and run in balance.runs:
                return True
            if others:
                return False
            balance.spent, balance.lost = spent(), 0.0 if afresh else balance.lost
            balance.runs = []
            balance.add_run(run)
            return True

    def _fits(self, usd: float) -> bool:
        return self._limit is None or usd <= self._limit + ROUNDING

    def _check(self, balance: Balance, usd: float) -> None:
        gone, out = balance.gone, balance.in_batches
        if not self._fits(gone + out + usd):
            held = f" and {out:.4f} are reserved for batches that are out" if out else ""
            raise BudgetSpent(
                f"budget_usd: {gone:.4f} of {self._limit} USD are used{held}; "
                f"this request may cost up to {usd:.4f}"
            )

    def _give_back(self, balance: Balance, reserved: float) -> None:
        left = balance.held.pop(self._name, 0.0) - reserved
        if left > ROUNDING:
            balance.held[self._name] = left

    def _reap(self) -> None:
        """Count the reservations of ended processes as lost; look rarely, without lock."""
        if time.monotonic() < self._next_reap:
            return
        self._next_reap = time.monotonic() + REAP_S
        gone = self._users.gone(self.balance.processes)
        if gone:
            with self._changing() as balance:
                balance.lose(gone)
                self._users.forget(gone)

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Keep other processes, of any run, from looking up what was spent meanwhile."""
        with self._beginning.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _changing(self) -> Iterator[Balance]:
        with self._ledger.locked() as value:
            balance = Balance.from_json(value)
            yield balance
            value.clear()
            value.update(balance.as_json())


class BudgetUsers:
    """The processes that use a budget: each locks its own file in `folder` as long as it lives.

    Files are created and removed only under the lock of the budget, so an unlocked file is that of
    a killed process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: int | None = None
        self.name = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"

    @property
    def joined(self) -> bool:
        """Return whether this process is one of the users."""
        return self._lock is not None

    def join(self) -> None:
        """Join the users. Needs the lock of the budget."""
        if self._lock is not None:
            return
        self._folder.mkdir(exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._lock = os.open(self._folder / self.name, flags, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def leave(self) -> None:
        """Leave the users. Needs the lock of the budget."""
        if self._lock is not None:
            self._remove(self.name)
            os.close(self._lock)
            self._lock = None

    def gone(self, names: Iterable[str]) -> list[str]:
        """Return those of `names`, of processes that have joined, that have ended."""
        return [n for n in names if n != self.name and not is_locked(self._folder / n)]

    def forget(self, names: Iterable[str]) -> None:
        """Remove the files of processes that have ended. Needs the lock of the budget."""
        for name in names:
            self._remove(name)

    def others(self) -> set[str]:
        """Return all other living users; remove the files of the others. Needs the lock."""
        files = self._folder.iterdir() if self._folder.is_dir() else ()
        names = {file.name for file in files} - {self.name}
        gone = self.gone(names)
        self.forget(gone)
        return names - set(gone)

    def _remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)


def budget_of(settings: Settings) -> Budget:
    """Return the budget that all shards of a journal share."""
    name = hashlib.sha256(str(settings.journal_dir.resolve()).encode()).hexdigest()[:32]
    folder = settings.limits_dir or default_folder()
    return Budget(folder / f"budget-{name}", settings.budget_usd)

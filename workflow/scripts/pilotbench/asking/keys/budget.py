"""What a matrix may spend: reserved before a request, settled after it, in one shared file.

The bound is hard: spent, lost and reserved together never exceed it. A reservation is the most that
a request can cost, so what is settled is never more. What may have been paid without an answer that
tells its cost (a time-out, an unreadable body, a process that was killed) is lost, also for the
runs that follow.
"""

from __future__ import annotations

import fcntl
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilotbench.asking.keys.adaptive_limit import number
from pilotbench.asking.keys.holders import Holders
from pilotbench.asking.keys.usage_file import Ledger
from pilotbench.ground.errors import BudgetSpent, ConfigError
from pilotbench.providers.provider import MOST_TOKENS, Tokens
from pilotbench.providers.settings import Model, Price

Json = dict[str, Any]
CHARACTERS_PER_TOKEN = 3.0
"""Fewer than English has (about 4), so that a request is rather over- than underestimated."""
OUTPUT_TOKENS = 1024
"""Taken for a request that names no bound on its output, where nothing depends on it."""
MESSAGE_TOKENS = 16
"""The most that a service adds to each message in its template."""
TOOLS_TOKENS = 512
"""The most that a service says to introduce tools."""
ROUNDING = 1e-9
MOST_USD = 1e12
REAP_S = 1.0
"""How often a process that must wait looks for those that are gone."""
MOST_RUNS = 8


@dataclass
class Book:
    """The content of a budget's file, in USD.

    `spent` is what answers have cost, `lost` what may have been paid without one that tells its
    cost, `held` what the requests in flight of each process have reserved. `runs` are those that
    have looked up what was spent before them.
    """

    spent: float = 0.0
    lost: float = 0.0
    held: dict[str, float] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)

    @property
    def gone(self) -> float:
        """Return what no settlement brings back."""
        return self.spent + self.lost

    @property
    def total(self) -> float:
        """Return all that is not left."""
        return self.gone + sum(self.held.values())

    def lose(self, names: Iterable[str]) -> None:
        """Count as lost what processes had reserved."""
        self.lost += sum(self.held.pop(name, 0.0) for name in names)

    def add_run(self, run: str | None) -> None:
        """Keep that a run has looked up what was spent."""
        if run is not None:
            self.runs = [*self.runs, run][-MOST_RUNS:]

    def as_json(self) -> Json:
        """Return plain JSON types."""
        return {"spent": self.spent, "lost": self.lost, "held": self.held, "runs": self.runs}

    @classmethod
    def from_json(cls, value: Any) -> Book:
        """Return the book in a file, also one of release 0.1; what cannot be read is 0."""
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
    """USD spent by all processes that share `path`. `limit` None records without a bound.

    Each process that spends locks a file of its own while it has the budget open, so that what a
    killed one had reserved is known to be lost, and a run that begins knows whether somebody still
    spends.
    """

    def __init__(self, path: Path, limit: float | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._ledger = Ledger(path)
        self._limit = limit
        self._holders = Holders(path.with_suffix(".holders"))
        self._beginning = path.with_suffix(".begin")
        self._next_reap = 0.0

    @property
    def book(self) -> Book:
        """Return what is spent, lost and reserved."""
        return Book.from_json(self._ledger.read())

    @property
    def spent(self) -> float:
        """USD spent, lost and reserved."""
        return self.book.total

    def left(self) -> float:
        """Return what is neither spent nor lost nor reserved, in USD."""
        return math.inf if self._limit is None else max(0.0, self._limit - self.spent)

    def begin(
        self, spent: Callable[[], float], afresh: bool = False, run: str | None = None
    ) -> None:
        """Set what the matrix of a run has spent so far, in USD; once for all jobs of a `run`.

        Where others use the budget (another run, a job of a run that was killed), what they have
        spent and reserved stays, also while `spent` looks it up. Where nobody does, nobody can
        begin to until it is looked up. What was lost stays too, unless the matrix starts `afresh`:
        its journal is gone.
        """
        with self._one_at_a_time():
            if self._begin_alone(spent, afresh, run):
                return
            usd = spent()
            with self._changing() as book:
                book.spent = max(usd, book.spent)
                book.add_run(run)

    def room(self, usd: float) -> bool:
        """Return whether `usd` fits now, False where it does when others have settled.

        Who must wait takes no lock: those who settle need it. Raises BudgetSpent where `usd` does
        not fit however little the others cost.
        """
        if not self._fits(self.book.total + usd):
            self._reap()
        book = self.book
        if self._fits(book.total + usd):
            return True
        if not self._fits(book.gone + usd):
            with self._changing() as book:
                gone = book.gone
            self._check(gone, usd)
        return False

    def reserve(self, usd: float) -> bool:
        """Reserve `usd` where it fits now; return whether it did. Raises BudgetSpent as `room`."""
        if not self.room(usd):
            return False
        with self._changing() as book:
            fits = self._fits(book.total + usd)
            if fits:
                self._holders.join()
                book.held[self._name] = book.held.get(self._name, 0.0) + usd
            gone = book.gone
        if not fits:
            self._check(gone, usd)
        return fits

    def settle(self, reserved: float, usd: float) -> None:
        """Replace a reservation by what an answer has cost."""
        with self._changing() as book:
            self._give_back(book, reserved)
            book.spent += usd

    def lose(self, reserved: float, usd: float) -> None:
        """Replace a reservation by what may have been paid, though no answer tells it."""
        with self._changing() as book:
            self._give_back(book, reserved)
            book.lost += usd

    def close(self) -> None:
        """Close the file; its user is gone, and what it has not settled is lost."""
        try:
            if self._holders.joined:
                with self._changing() as book:
                    book.lose([self._name])
                    self._holders.leave()
        finally:
            self._ledger.close()

    @property
    def _name(self) -> str:
        return self._holders.name

    def _begin_alone(self, spent: Callable[[], float], afresh: bool, run: str | None) -> bool:
        """Set what was spent where it is known already, or nobody else spends; else return False.

        The lock is held while `spent` looks it up: who spends meanwhile would be counted twice.
        """
        with self._changing() as book:
            others = self._holders.others()
            book.lose([name for name in book.held if name not in {*others, self._name}])
            self._holders.join()
            if run is not None and run in book.runs:
                return True
            if others:
                return False
            book.spent, book.lost = spent(), 0.0 if afresh else book.lost
            book.runs = []
            book.add_run(run)
            return True

    def _fits(self, usd: float) -> bool:
        return self._limit is None or usd <= self._limit + ROUNDING

    def _check(self, gone: float, usd: float) -> None:
        if not self._fits(gone + usd):
            raise BudgetSpent(
                f"budget_usd: {gone:.4f} of {self._limit} USD are used; "
                f"this request may cost up to {usd:.4f}"
            )

    def _give_back(self, book: Book, reserved: float) -> None:
        left = book.held.pop(self._name, 0.0) - reserved
        if left > ROUNDING:
            book.held[self._name] = left

    def _reap(self) -> None:
        """Count as lost what processes had reserved that are gone; look rarely, without lock."""
        if time.monotonic() < self._next_reap:
            return
        self._next_reap = time.monotonic() + REAP_S
        gone = self._holders.gone(self.book.held)
        if gone:
            with self._changing() as book:
                book.lose(gone)
                self._holders.forget(gone)

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Let no other process of any run look up meanwhile what was spent."""
        with self._beginning.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _changing(self) -> Iterator[Book]:
        with self._ledger.locked() as value:
            book = Book.from_json(value)
            yield book
            value.clear()
            value.update(book.as_json())


def check_bounded(model: Model) -> None:
    """Raise ConfigError where the most that a request of `model` can cost is not known."""
    where = f"model_catalog.{model.name}"
    if model.price is None:
        raise ConfigError(
            f"budget_usd: {where} has no price, so no bound in USD can hold for it: write price: "
            "{input: …, output: …} (USD per million tokens)"
        )
    if model.price.output and output_bound(model, model.parameters) is None:
        raise ConfigError(
            f"budget_usd: {where} has no bound on its output, so what a request may cost is not "
            "known: write max_tokens (or max_completion_tokens) in parameters, or max_output: the "
            "most tokens that the model can write"
        )


def output_bound(model: Model, body: Json) -> int | None:
    """Return the most tokens that the answer to `body` can have, None where nothing bounds it."""
    extra = body.get("extra_body")
    sent = {**body, **(extra if isinstance(extra, dict) else {})}
    for name in ("max_completion_tokens", "max_tokens"):
        bound = number(sent.get(name), 1, MOST_TOKENS)
        if bound is not None:
            return math.ceil(bound)
    return model.max_output


def most(model: Model, body: Json) -> Tokens:
    """Return the most tokens that a request can count: no token is shorter than a byte."""
    text = json.dumps({**body, "model": ""}, ensure_ascii=False)
    size = len(text.encode("utf-8", "surrogatepass"))
    template = MESSAGE_TOKENS * (len(body.get("messages", ())) + 1)
    tools = TOOLS_TOKENS if body.get("tools") else 0
    return Tokens(input=size + template + tools, output=output_bound(model, body) or 0)


def estimate(body: dict[str, Any]) -> Tokens:
    """Return a likely number of tokens, for limits per minute; what was counted corrects it."""
    size = sum(len(str(body[part])) for part in ("messages", "tools") if part in body)
    bound = body.get("max_completion_tokens") or body.get("max_tokens") or OUTPUT_TOKENS
    return Tokens(input=int(size / CHARACTERS_PER_TOKEN), output=int(bound))


def cost(price: Price | None, tokens: Tokens) -> float:
    """Return USD; 0.0 where the price is not known."""
    if price is None:
        return 0.0
    fresh = max(0, tokens.input - tokens.cached)
    total = fresh * price.input + tokens.cached * price.cached + tokens.output * price.output
    return total / 1e6

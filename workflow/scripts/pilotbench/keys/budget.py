"""What a matrix may spend: reserved before a request, settled after it, in one shared file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pilotbench.config import Price
from pilotbench.errors import BudgetSpent
from pilotbench.keys.ledger import Ledger
from pilotbench.providers.provider import Tokens

CHARACTERS_PER_TOKEN = 3.0
"""Fewer than English has (about 4), so that a request is rather over- than underestimated."""
OUTPUT_TOKENS = 1024
"""Taken for a request that names no bound on its output."""


class Budget:
    """USD spent by all processes that share `path`. `limit` None records without a bound.

    A reservation that is never settled (its process died) stays spent: the answer may have been
    paid for. Everyone who has opened the budget shares a lock until `close`, so that a run that
    begins knows whether somebody still spends.
    """

    def __init__(self, path: Path, limit: float | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._ledger = Ledger(path)
        self._limit = limit
        self._users = os.open(
            path.with_suffix(".users"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        fcntl.flock(self._users, fcntl.LOCK_SH)

    @property
    def spent(self) -> float:
        """USD spent and reserved."""
        return float(self._ledger.read().get("usd", 0.0))

    def begin(self, spent: Callable[[], float]) -> None:
        """Set what the matrix of a run has spent so far, in USD.

        Where others use the budget (another run, a job of a run that was killed), what they have
        spent and reserved stays, also while `spent` looks it up.
        """
        with self._ledger.locked() as value:
            if self._alone():
                value["usd"] = 0.0
        usd = spent()
        with self._ledger.locked() as value:
            value["usd"] = max(usd, float(value.get("usd", 0.0)))

    def reserve(self, usd: float) -> None:
        """Reserve `usd`. Raises BudgetSpent where that would exceed the bound."""
        with self._ledger.locked() as value:
            spent = float(value.get("usd", 0.0))
            if self._limit is not None and spent + usd > self._limit:
                raise BudgetSpent(
                    f"budget_usd: {spent:.4f} of {self._limit} USD are spent or reserved; "
                    f"the next request may cost {usd:.4f}"
                )
            value["usd"] = spent + usd

    def settle(self, reserved: float, usd: float) -> None:
        """Replace a reservation by what was really paid."""
        with self._ledger.locked() as value:
            value["usd"] = max(0.0, float(value.get("usd", 0.0)) + usd - reserved)

    def close(self) -> None:
        """Close the file; its user is gone."""
        self._ledger.close()
        os.close(self._users)

    def _alone(self) -> bool:
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            fcntl.flock(self._users, fcntl.LOCK_SH)
        return True


def estimate(body: dict[str, Any]) -> Tokens:
    """Return an upper guess of the tokens of a request: its characters, and its output's bound."""
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

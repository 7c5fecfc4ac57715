"""What the client of the keys needs of whatever pays for its requests."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from pilotbench.providers.answer import Answer
from pilotbench.providers.request import Request


class MustWait(Exception):
    """A request that may cost `args[0]` USD fits into the budget once others are settled."""


class Charge(Protocol):
    """The payment of one request."""

    def send(self) -> None:
        """Reserve the most that the request can cost. Raises BudgetSpent or MustWait."""
        ...

    def answer(self, answer: Answer) -> None:
        """Record that an answer arrived."""
        ...


class Payer(Protocol):
    """What pays for requests."""

    def paying(self, request: Request) -> AbstractContextManager[Charge]:
        """Return the payment of a request, settled at the end. Raises BudgetSpent or MustWait."""
        ...

    def tell(self, usd: float) -> None:
        """Notify the user that a request has waited long for room in the budget."""
        ...

    def close(self) -> None:
        """Close the budget."""
        ...

"""What the requests of one model reserve of a budget, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from pilotbench.asking.keys.budget import Budget, check_bounded, cost, most
from pilotbench.ground import notices
from pilotbench.ground.errors import ProviderError, Stopping, UnusableAnswer
from pilotbench.providers.provider import Request, Tokens
from pilotbench.providers.settings import Model

GATEWAY_TIMED_OUT = frozenset({408, 499, 504, 524})
"""The service behind the gateway may have answered, and counted."""


class MustWait(Exception):
    """A request, which may cost `args[0]`, fits into the budget only when others are settled."""


class Bill:
    """What came of a request: `sent` from when its cost is reserved, since it may be paid for.

    `tokens` is None where the provider did not count.
    """

    def __init__(self, budget: Budget | None, most: float) -> None:
        self._budget, self.reserved = budget, most
        self.sent = False
        self.answered = False
        self.tokens: Tokens | None = None

    def send(self) -> None:
        """Reserve the most that the request can cost, right before it is sent.

        Raises BudgetSpent, or MustWait where it will fit when others are settled.
        """
        if self._budget is not None and not self._budget.reserve(self.reserved):
            raise MustWait(self.reserved)
        self.sent = True

    def answer(self, tokens: Tokens | None) -> None:
        """Say that an answer came."""
        self.answered, self.tokens = True, tokens


class Purse:
    """Pays the requests of one model; without a budget it does nothing.

    Raises ConfigError where the most that a request can cost is not known.
    """

    def __init__(self, budget: Budget | None, model: Model) -> None:
        if budget is not None:
            check_bounded(model)
        self.budget, self._model = budget, model

    @contextmanager
    def paying(self, request: Request) -> Iterator[Bill]:
        """Yield the bill of a request that the budget has room for, and settle it if it was sent.

        Nothing is reserved before it is sent: what waits for a slot holds nobody up, and a process
        that is killed loses what it has in flight and no more. Raises as `Bill.send`.
        """
        if self.budget is None:
            yield Bill(None, 0.0)
            return
        bill = Bill(self.budget, self._most(request))
        if not self.budget.room(bill.reserved):
            raise MustWait(bill.reserved)
        error: BaseException | None = None
        try:
            yield bill
        except BaseException as caught:
            error = caught
            raise
        finally:
            # A full disk: the next request may stop, not this answer.
            with suppress(Stopping, OSError):
                self._settle(self.budget, bill, error)

    def _most(self, request: Request) -> float:
        largest = most(self._model, request.body)
        cached = replace(largest, cached=largest.input)  # some ask more for what they have cached
        return max(cost(self._model.price, one) for one in (largest, cached))

    def tell(self, usd: float) -> None:
        """Tell the person that a request has long been waiting for room in the budget."""
        if self.budget is not None:
            left = self.budget.left()
            notices.say(
                f"budget {self._model.name}",
                f"budget_usd: {self._model.name} waits for requests in flight: {left:.4f} USD are "
                f"free, and its next request may cost up to {usd:.4f}",
            )

    def close(self) -> None:
        """Close the budget."""
        if self.budget is not None:
            self.budget.close()

    def _settle(self, budget: Budget, bill: Bill, error: BaseException | None) -> None:
        reserved = bill.reserved
        if not bill.sent:
            return
        if bill.answered and bill.tokens is not None:
            keep = budget.settle if error is None else budget.lose  # it could not be written
            keep(reserved, cost(self._model.price, bill.tokens))
        elif isinstance(error, UnusableAnswer) and error.tokens is not None:
            budget.settle(reserved, cost(self._model.price, error.tokens))
        elif isinstance(error, ProviderError) and not bill.answered and _is_free(error):
            budget.settle(reserved, 0.0)
        else:
            budget.lose(reserved, reserved)


def _is_free(error: ProviderError) -> bool:
    """Return whether a failed attempt cost nothing: it was not sent, or answered by an error."""
    if not error.sent:
        return True
    return error.status is not None and error.status not in GATEWAY_TIMED_OUT

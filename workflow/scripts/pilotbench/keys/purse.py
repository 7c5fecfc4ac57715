"""What the requests of one model reserve of a budget, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from pilotbench.config import Model
from pilotbench.errors import ProviderError, Stopping, UnusableAnswer
from pilotbench.keys.budget import Budget, check_bounded, cost, most
from pilotbench.providers.provider import Request, Tokens

GATEWAY_TIMED_OUT = frozenset({408, 499, 504, 524})
"""The service behind the gateway may have answered, and counted."""


class MustWait(Exception):
    """A request fits into the budget only when others have been settled."""


class Bill:
    """What came of a request: `sent` from when it may cost something.

    `tokens` is None where the provider did not count.
    """

    def __init__(self) -> None:
        self.sent = False
        self.answered = False
        self.tokens: Tokens | None = None

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
        """Reserve the most that a request can cost, and settle it by the bill.

        Raises BudgetSpent, or MustWait where it will fit when others are settled.
        """
        bill = Bill()
        if self.budget is None:
            yield bill
            return
        largest = most(self._model, request.body)
        cached = replace(largest, cached=largest.input)  # some ask more for what they have cached
        reserved = max(cost(self._model.price, one) for one in (largest, cached))
        if not self.budget.reserve(reserved):
            raise MustWait
        error: BaseException | None = None
        try:
            yield bill
        except BaseException as caught:
            error = caught
            raise
        finally:
            # A full disk: the next request may stop, not this answer.
            with suppress(Stopping, OSError):
                self._settle(self.budget, reserved, bill, error)

    def close(self) -> None:
        """Close the budget."""
        if self.budget is not None:
            self.budget.close()

    def _settle(
        self, budget: Budget, reserved: float, bill: Bill, error: BaseException | None
    ) -> None:
        if not bill.sent:
            budget.settle(reserved, 0.0)
        elif bill.answered and bill.tokens is not None:
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

"""What the requests of one model reserve of a budget, and how each reservation is settled."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pilotbench.asking.bill import labels_usd
from pilotbench.asking.budget import Budget, budget_of
from pilotbench.asking.keys.adaptive_limit import number
from pilotbench.asking.keys.payer import MustWait
from pilotbench.asking.prices import cost_usd, prices_to_come
from pilotbench.ground import job_context, notices
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import ConfigError, ProviderError, Stopping, UnusableAnswer
from pilotbench.matrix.config import Settings
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.verdict_shards import Asked
from pilotbench.providers.answer import MOST_TOKENS, Answer, Tokens
from pilotbench.providers.price import Price
from pilotbench.providers.request import Request, output_limits, turns, without_images
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_formats import shortest_body

Json = dict[str, Any]
MESSAGE_TOKENS = 16
"""The most that a service adds to each message in its template."""
TOOLS_TOKENS = 512
"""The most that a service adds to introduce tools."""
IMAGE_TOKENS = 50_000
"""The most that an image counts; the smallest models of OpenAI count images many times over."""
GATEWAY_TIMED_OUT = frozenset({408, 499, 504, 524})
"""The service behind the gateway may have answered and charged."""


class Payment:
    """The payment of one request; it counts as sent once its cost is reserved.

    `usd` is what the answer costs, None if that is not known.
    """

    def __init__(self, model: Model, budget: Budget | None, most: float) -> None:
        self._model, self._budget, self.reserved = model, budget, most
        self.sent = False
        self.answered = False
        self.usd: float | None = None

    def send(self) -> None:
        """Reserve the most that the request can cost, right before it is sent.

        Raises BudgetSpent, or MustWait if it will fit once other requests are settled.
        """
        if self._budget is not None and not self._budget.reserve(self.reserved):
            raise MustWait(self.reserved)
        self.sent = True

    def answer(self, answer: Answer) -> None:
        """Record that an answer arrived."""
        tokens, price = answer.completion.tokens, self._model.price
        self.answered, self.usd = True, cost_usd(price, tokens, answer.tier, answer.started)


class Payments:
    """Pays for the requests of one model; does nothing without `budget_usd`.

    Raises ConfigError if the most that a request can cost is unknown.
    """

    def __init__(self, settings: Settings, model: Model) -> None:
        self.budget: Budget | None = None
        self._model = model
        if settings.budget_usd is not None:
            check_bounded(model)
            self.budget = budget_of(settings)

    @contextmanager
    def paying(self, request: Request) -> Iterator[Payment]:
        """Yield the payment of a request that the budget has room for; settle it if it was sent.

        Nothing is reserved before the request is sent: a request that waits for a slot does not
        block others, and a killed process loses only what it has in flight. Raises as
        `Payment.send`.
        """
        if self.budget is None:
            yield Payment(self._model, None, 0.0)
            return
        payment = Payment(self._model, self.budget, self.most_usd(request))
        if not self.budget.room(payment.reserved):
            raise MustWait(payment.reserved)
        error: BaseException | None = None
        try:
            yield payment
        except BaseException as caught:  # settled whatever ends the request
            error = caught
            raise
        finally:
            # If the disk is full, the next request may stop, but this answer is kept.
            with suppress(Stopping, OSError):
                self._settle(self.budget, payment, error)

    def most_usd(self, request: Request, batch: bool = False) -> float:
        """Return the most that a request can cost, in a `batch` or online.

        That is the most tokens at the dearest price that may apply: service tier, length of the
        input, reading from the cache or writing to it. What is not known counts nothing here:
        `check_bounded` refuses such a model.
        """
        return most_usd(self._model, most_tokens(self._model, request.body), batch)

    def tell(self, usd: float) -> None:
        """Notify the user that a request has waited long for room in the budget."""
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

    def _settle(self, budget: Budget, payment: Payment, error: BaseException | None) -> None:
        reserved = payment.reserved
        if not payment.sent:
            return
        if payment.answered and payment.usd is not None:
            keep = budget.settle if error is None else budget.lose  # the answer was not written
            keep(reserved, payment.usd)
        elif (lost := self._unusable_usd(error)) is not None:
            budget.settle(reserved, lost)
        elif isinstance(error, ProviderError) and not payment.answered and _is_free(error):
            budget.settle(reserved, 0.0)
        else:
            budget.lose(reserved, reserved)

    def _unusable_usd(self, error: BaseException | None) -> float | None:
        """Return the cost of a paid answer that could not be used, None if it is unknown."""
        if not isinstance(error, UnusableAnswer) or error.tokens is None:
            return None
        return cost_usd(self._model.price, error.tokens, error.tier)


def _is_free(error: ProviderError) -> bool:
    """Return whether a failed attempt cost nothing: it was not sent, or answered by an error."""
    if not error.sent:
        return True
    return error.status is not None and error.status not in GATEWAY_TIMED_OUT


_begun: list[Budget] = []
"""The budget of this process's run, open as long as the process lives."""


def begin_budget(
    experiment: Experiment,
    shards: Iterable[Asked],
    spent: Callable[[Asked], float],
) -> None:
    """Set the budget to what the experiment has cost so far; `spent` returns this for one shard.

    What other programs have asked through the gateway counts too.

    The first job of a run does so for all of them and looks up every shard of the plan. `shards`
    are those about to be evaluated. Raises ConfigError if the cost of one of their models cannot
    be limited.
    """
    if experiment.settings.budget_usd is None:
        return
    for model in dict.fromkeys(shard.asked for shard in shards):
        check_bounded(experiment.settings.catalog[model])
    budget = budget_of(experiment.settings)
    while _begun:
        _begun.pop().close()
    _begun.append(budget)
    budget.begin(
        lambda: experiment.total(spent) + labels_usd(experiment.settings),
        afresh=not experiment.settings.journal_dir.exists(),
        run=_run(),
    )


def _run() -> str | None:
    """Return the name of this process's run, None outside a run."""
    began = job_context.read().began
    return None if began is None else digest(dict(began))[:32]


def check_bounded(model: Model) -> None:
    """Raise ConfigError if the most that a request of `model` can cost is unknown."""
    where = f"model_catalog.{model.name}"
    tier = model.service_tier
    prices = prices_to_come(model.price, tier, batch=False)
    if None in prices:
        missing, tiers = "price", ""
        if cost_usd(model.price, Tokens()) is not None:
            missing, tiers = f"price of tier {tier}", f", tiers: {{{tier}: …}}"
        raise ConfigError(
            f"budget_usd: {where} has no {missing}, so no bound in USD can hold for it: write "
            f"price: {{input: …, output: …{tiers}}} (USD per million tokens)"
        )
    charged = any(size.output for price in prices if price for size in price.sizes)
    if charged and output_bound(model, shortest_body(model)) is None:
        raise ConfigError(
            f"budget_usd: {where} has no bound on its output, so what a request may cost is not "
            "known: write max_tokens (or max_completion_tokens) in parameters, or max_output: the "
            "most tokens that the model can write"
        )


def most_usd(model: Model, largest: Tokens, batch: bool = False) -> float:
    """Return the most that a request of at most these tokens can cost; see `Payments.most_usd`."""
    prices = prices_to_come(model.price, model.service_tier, batch)
    return max((_most_usd(price, largest) for price in prices if price is not None), default=0.0)


def _most_usd(price: Price, largest: Tokens) -> float:
    """Return the most at one tier: any length up to the longest, cached, written or neither."""
    reached = (price, *(longer for start, longer in price.above if largest.input > start))
    return max(_bound_usd(one, largest) for one in reached)


def _bound_usd(price: Price, largest: Tokens) -> float:
    sent, made, *cache = price.rates
    return (largest.input * max(sent, *cache) + largest.output * made) / 1e6


def output_bound(model: Model, body: Json) -> int | None:
    """Return the most tokens that the answer to `body` can have, None if nothing limits it."""
    for limit in output_limits(body):
        bound = number(limit, 1, MOST_TOKENS)
        if bound is not None:
            return math.ceil(bound)
    return model.max_output


def most_tokens(model: Model, body: Json) -> Tokens:
    """Return the most tokens that a request can count: no token is shorter than a byte."""
    seen = without_images(body, IMAGE_TOKENS)
    text = json.dumps({**seen, "model": ""}, ensure_ascii=False)
    size = len(text.encode("utf-8", "surrogatepass"))
    template = MESSAGE_TOKENS * (turns(body) + 1)
    tools = TOOLS_TOKENS if body.get("tools") else 0
    return Tokens(input=size + template + tools, output=output_bound(model, body) or 0)

"""The pool: one request in, one completion out, through whichever key has a free slot.

Retries belong here and nowhere else. Each attempt has a total deadline (`attempt_deadline_s`); all
attempts of a request with the pauses between them have another (`retry_for_s`, after which no new
attempt starts); waiting for a slot counts toward neither.
"""

from __future__ import annotations

import hashlib
import math
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from pilotbench.config import Key, Settings
from pilotbench.errors import (
    ConfigError,
    ConnectionFailed,
    KeyDead,
    ProviderError,
    RateLimited,
    Retryable,
    Stopping,
    TimedOut,
    UnusableAnswer,
)
from pilotbench.keys.budget import Budget, cost, estimate
from pilotbench.keys.clock import CLOCK
from pilotbench.keys.limiter import Limiter, Slot, default_folder, limiter_of, with_slots
from pilotbench.keys.line import Line
from pilotbench.keys.routing import usable_keys
from pilotbench.keys.secrets import Access, access, environment
from pilotbench.providers import connect
from pilotbench.providers.provider import Asked, Completion, Request, Tokens
from pilotbench.run import orders

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
MOST_UNUSABLE = 3
"""Paid answers that cannot be used, to one request: one, and at most two tries more."""
LONG_PAUSE_S = 5.0
"""A key paused for longer lends its work to the provider's other keys, `borrow` or not."""


class StopFlag(Protocol):
    """What says that nothing more may be asked; `threading.Event` is one."""

    def is_set(self) -> bool:
        """Return whether to stop."""
        ...


class _PausedTooLong(RateLimited):
    """Every key is paused, or answers nothing but 429, for longer than a request is tried."""


@dataclass
class _Trials:
    """The attempts of one request; `tried_s` is the time in them and in the pauses between."""

    attempts: int = 0
    unusable: int = 0
    tried_s: float = 0.0
    queued_s: float = 0.0
    not_before: dict[str, float] = field(default_factory=dict)


class Pool:
    """Answers the requests of one shard; `ask` may be called from several threads at once.

    `borrow`: use free slots of the home key, and (routing balanced) of the provider's other keys,
    beyond `tokens`; without it at most `tokens` requests are in flight. `slots` has the slots in
    force by alias where the command line named others than the config. `parent` is the process id
    that must stay this process's parent, None for a shard that runs remotely.
    """

    def __init__(
        self,
        settings: Settings,
        model: str,
        home_key: str,
        tokens: int,
        borrow: bool,
        *,
        stop: StopFlag | None = None,
        parent: int | None = None,
        slots: Mapping[str, int] | None = None,
    ) -> None:
        self._provider_settings = settings.provider_of(model)
        self._price = settings.catalog[model].price
        self._home = usable_keys(settings, model, home_key, borrow)
        self._strict = settings.routing == "by_prompt"
        self._stop, self._parent = stop or threading.Event(), parent
        self._tokens = None if borrow else threading.Semaphore(tokens)
        self._dead: dict[str, str] = {}
        self._random = random.Random()
        self._next_look, self._began = 0.0, orders.told().since()
        keys = self._keys_with(slots or {})
        variables = environment()
        opened = self._opened(keys, variables)
        self._limiters: dict[str, Limiter] = {
            alias: limiter_of(settings.limits_dir, keys[alias], opened[alias], len(opened))
            for alias in opened
        }
        for limiter in self._limiters.values():
            limiter.probe(self._began)
        self._line = Line(self._limiters, self.check)
        self._budget = budget_of(settings) if settings.budget_usd is not None else None
        self._counts_tokens = any(key.tpm for key in keys.values()) or self._budget is not None
        self._provider = connect(self._provider_settings, settings.catalog[model], opened)

    def ask(
        self,
        request: Request,
        keep: Callable[[UnusableAnswer], None] = lambda _: None,
        most_unusable: int = MOST_UNUSABLE,
    ) -> Asked:
        """Return the answer to a request and how it was got.

        `keep` is called with each answer that cannot be used, since it was paid for; after
        `most_unusable` of them the last is raised.

        Raises Stopping, BudgetSpent, KeyDead (no key of the provider is left), ContextOverflow,
        Refused, Rejected, Untrusted, UnusableAnswer, or the last Retryable when `retry_for_s` is
        over.
        """
        trials = _Trials()
        while True:
            try:
                return self._attempt(request, trials)
            except KeyDead:
                self._candidates()  # raises where no key is left
            except _PausedTooLong:
                raise
            except UnusableAnswer as error:
                keep(error)
                trials.unusable += 1
                if trials.unusable >= most_unusable:
                    raise
                self._before_next(error, trials)
            except Retryable as error:
                self._before_next(error, trials)

    def close(self) -> None:
        """Close connections and files."""
        if self._line.close():
            for limiter in self._limiters.values():
                limiter.close()
        if self._budget is not None:
            self._budget.close()
        close = getattr(self._provider, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keys_with(self, slots: Mapping[str, int]) -> dict[str, Key]:
        keys = self._provider_settings.keys
        wanted = self._home if self._strict else (*self._home, *keys)
        return {alias: with_slots(keys[alias], slots.get(alias)) for alias in wanted}

    def _opened(self, keys: Mapping[str, Key], variables: Mapping[str, str]) -> dict[str, Access]:
        """Return what opens each key. One that is not set is dead: its work goes to the others.

        Raises ConfigError where none is set.
        """
        opened = {}
        for alias, key in keys.items():
            try:
                opened[alias] = access(self._provider_settings, key, variables)
            except ConfigError as error:
                self._dead[alias] = str(error)
        if not opened:
            raise ConfigError(next(iter(self._dead.values())))
        return opened

    def _attempt(self, request: Request, trials: _Trials) -> Asked:
        guess = estimate(request.body) if self._counts_tokens else Tokens()
        with _Ticket(self, trials, guess.input + guess.output) as ticket, self._paid(guess) as bill:
            started, clock = time.time(), time.monotonic()
            trials.attempts += 1
            try:
                completion = self._complete(request, ticket)
            finally:
                latency = time.monotonic() - clock
                trials.tried_s += latency
            paid = completion.tokens or guess  # not reported: what was reserved stays
            bill.append(paid)
            with suppress(Stopping):  # it is paid for: the next request may stop, not this answer
                ticket.slot.settle(paid.input + paid.output)
        queued_s, slots = trials.queued_s, self._limiters[ticket.alias].slots
        return Asked(completion, ticket.alias, started, latency, queued_s, trials.attempts, slots)

    @contextmanager
    def _paid(self, guess: Tokens) -> Iterator[list[Tokens]]:
        """Reserve the cost of a request, and settle it by the tokens put into what is yielded.

        Where no answer was seen (a timeout, a broken connection) the reservation stays: it may have
        been paid for. Any answer that is an error costs nothing.
        """
        bill: list[Tokens] = []
        if self._budget is None:
            yield bill
            return
        reserved = cost(self._price, guess)
        self._budget.reserve(reserved)
        try:
            yield bill
        except (TimedOut, ConnectionFailed):
            raise
        except UnusableAnswer as error:  # paid for: where its tokens are not told, as reserved
            paid = reserved if error.tokens is None else cost(self._price, error.tokens)
            self._budget.settle(reserved, paid)
            raise
        except ProviderError:
            self._budget.settle(reserved, 0.0)
            raise
        with suppress(Stopping):
            self._budget.settle(reserved, cost(self._price, sum(bill, Tokens())))

    def _complete(self, request: Request, ticket: _Ticket) -> Completion:
        try:
            return self._provider.complete(
                request, ticket.alias, self._provider_settings.attempt_deadline_s
            )
        except RateLimited as error:
            ticket.slot.rejected(error.retry_after, error.exhausted)
            wait = error.retry_after or self._backoff(ticket.trials) / 2
            ticket.trials.not_before[ticket.alias] = time.monotonic() + wait
            raise
        except KeyDead as error:
            self._dead[ticket.alias] = str(error)
            raise

    def _before_next(self, error: Retryable | UnusableAnswer, trials: _Trials) -> None:
        """Wait before the next attempt. Raises `error` when no time is left for one."""
        if isinstance(error, RateLimited):  # by this key: another may take it at once
            left = [trials.not_before.get(a, 0.0) - time.monotonic() for a in self._candidates()]
            seconds = max(0.0, min(left))
        else:
            asked_to_wait = error.retry_after if isinstance(error, Retryable) else None
            seconds = asked_to_wait or self._backoff(trials)
        if trials.tried_s + seconds > self._provider_settings.retry_for_s:
            tried = f"{trials.attempts} attempts in {trials.tried_s:.0f} s"
            error.args = (f"{self._provider_settings.name}: {error} ({tried})",)
            raise error
        trials.tried_s += seconds
        self._rest(seconds)

    def _backoff(self, trials: _Trials) -> float:
        longest = FIRST_BACKOFF_S * 2.0 ** min(trials.attempts - 1, 10)
        return min(LONGEST_BACKOFF_S, longest) * self._random.uniform(0.5, 1.0)

    def _rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, 0.2))

    def check(self) -> None:
        """Raise Stopping where nothing more may be asked in this process.

        Raises RateLimited where every key is paused for longer than a request is tried.
        """
        if self._stop.is_set():
            raise Stopping("asked to stop")
        if self._parent is not None and os.getppid() != self._parent:
            raise Stopping("the run that started this shard is gone")
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + 1.0
            self._check_pauses()

    def _check_pauses(self) -> None:
        alive = self._candidates()
        left = min(self._limiters[alias].pause_left() for alias in alive)
        if left > self._provider_settings.retry_for_s:
            raise _PausedTooLong(
                f"{', '.join(alive)}: the provider asks to wait {left:.0f} s, over retry_for_s"
            )
        since = [self._limiters[alias].refused_since() or math.inf for alias in alive]
        refused = CLOCK.now() - max(self._began, *since)
        if refused > self._provider_settings.retry_for_s:
            raise _PausedTooLong(
                f"{', '.join(alive)}: nothing but 429 for {refused:.0f} s, over retry_for_s"
            )

    def _candidates(self) -> Sequence[str]:
        """Return the aliases to try, home first. Raises KeyDead when none is left."""
        alive = [alias for alias in self._home if alias not in self._dead]
        if any(self._limiters[alias].pause_left() < LONG_PAUSE_S for alias in alive):
            return alive
        if not self._strict:
            others = [a for a in self._limiters if a not in self._dead and a not in alive]
            alive += others
        if alive:
            return alive
        reasons = "; ".join(f"{alias}: {reason}" for alias, reason in self._dead.items())
        raise KeyDead(f"provider {self._provider_settings.name}: no key is left ({reasons})")


class _Ticket:
    """A slot of some key, and where tokens bound the requests in flight, one of those."""

    def __init__(self, pool: Pool, trials: _Trials, tokens: int) -> None:
        self._pool, self.trials, self._wanted = pool, trials, tokens
        self.alias = ""
        self.slot: Slot

    def __enter__(self) -> _Ticket:
        began = time.monotonic()
        self._take_token()
        try:
            self._take_slot()
        except BaseException:
            self._return_token()
            raise
        self.trials.queued_s += time.monotonic() - began
        return self

    def __exit__(self, *_: object) -> None:
        self.slot.release()
        self._return_token()

    def _take_slot(self) -> None:
        while True:
            pool, now = self._pool, time.monotonic()
            keys = pool._candidates()
            ready = [a for a in keys if self.trials.not_before.get(a, 0.0) <= now] or keys
            self.alias, self.slot = pool._line.take(ready, self._wanted)
            try:
                pool.check()  # the wait may have been long
            except BaseException:
                self.slot.release()
                raise
            if self.alias not in pool._dead:
                return
            self.slot.release()

    def _take_token(self) -> None:
        self._pool.check()
        tokens = self._pool._tokens
        while tokens is not None and not tokens.acquire(timeout=0.25):
            self._pool.check()

    def _return_token(self) -> None:
        if self._pool._tokens is not None:
            self._pool._tokens.release()


def budget_of(settings: Settings) -> Budget:
    """Return the budget that all shards of a journal share."""
    name = hashlib.sha256(str(settings.journal_dir.resolve()).encode()).hexdigest()[:32]
    folder = settings.limits_dir or default_folder()
    return Budget(folder / f"budget-{name}", settings.budget_usd)

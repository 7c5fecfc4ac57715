"""The client of a provider's keys: one request in, one answer out, through any free key.

Retries belong here and nowhere else. Each attempt has a total deadline (`attempt_deadline_s`); all
attempts of a request with the pauses between them have another (`retry_for_s`, after which no new
attempt starts); waiting for a slot counts toward neither. What is then known about a key or a
service (see `available_keys`) ends the other requests at once.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from copy import copy
from typing import Protocol

from pilotbench.asking.keys.available_keys import LONG_PAUSE_S, SILENT_S, AvailableKeys, GivenUp
from pilotbench.asking.keys.circuit_breaker import CircuitBreaker
from pilotbench.asking.keys.opened_limiter import default_folder, limiter_of, with_slots
from pilotbench.asking.keys.payer import Charge, MustWait, Payer
from pilotbench.asking.keys.rejections import ENOUGH, NOT_FOUND, Rejections
from pilotbench.asking.keys.request_slot import Attempts, RequestSlot, SlotSource
from pilotbench.asking.keys.secrets import opened_keys
from pilotbench.asking.keys.slot_queue import SlotQueue
from pilotbench.asking.keys.usage_file import likely_tokens
from pilotbench.ground import job_context, notices
from pilotbench.ground.clock import CLOCK
from pilotbench.ground.errors import (
    AuthenticationFailed,
    KeyDead,
    ProviderError,
    RateLimited,
    Rejected,
    Retryable,
    Stopping,
    UnusableAnswer,
)
from pilotbench.matrix.config import Settings
from pilotbench.matrix.key_routing import usable_keys
from pilotbench.providers.answer import Answer, Completion, Tokens
from pilotbench.providers.kinds import connect
from pilotbench.providers.request import Request
from pilotbench.providers.served import complaint

log = logging.getLogger(__name__)
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
MOST_UNUSABLE = 3
"""Paid answers to one request that cannot be used: one, and at most two retries."""
SETTLED_S = 0.2
"""How long a request waits if it fits into the budget only once others are settled."""
NOT_FOUND_WAITS_S = (1.0, 2.0)
"""A deployment that was just created answers 404 for a moment."""


class StopFlag(Protocol):
    """Says whether nothing more may be sent; `threading.Event` is one."""

    def is_set(self) -> bool:
        """Return whether to stop."""
        ...


class KeyClient:
    """Answers the requests of one shard; `ask` may be called from several threads at once.

    `borrow`: use free slots of the home key, and (routing balanced) of the provider's other keys,
    beyond `tokens`; without it at most `tokens` requests are in flight. `slots` has the slots in
    force by alias if the command line overrides the config. `parent` is the process id that must
    stay this process's parent, None for a shard that runs remotely. `payments` pays for the
    requests. `room` is entered before each request is sent and left when its answer is written.
    `most_rejections` equal ones without an answer stop the model.
    """

    def __init__(
        self,
        settings: Settings,
        model: str,
        home_key: str,
        tokens: int,
        borrow: bool,
        payments: Payer,
        *,
        stop: StopFlag | None = None,
        parent: int | None = None,
        slots: Mapping[str, int] | None = None,
        room: Callable[[], AbstractContextManager[None]] = nullcontext,
        most_rejections: float = ENOUGH,
    ) -> None:
        self._most_rejections = most_rejections
        self._provider_settings, self._model = settings.provider_of(model), settings.catalog[model]
        self._home = usable_keys(settings, model, home_key, borrow)
        self._strict = settings.routing == "by_prompt"
        self._stop, self._parent = stop or threading.Event(), parent
        self._payments = payments
        self._random, self._room = random.Random(), room
        self._next_look, began = 0.0, job_context.read().since()
        self._available = self._open_keys(settings, slots or {}, began)
        self._limiters = self._available.limiters
        self._queue = SlotQueue(self._limiters, self.check)
        few = None if borrow else threading.Semaphore(tokens)
        self._source = SlotSource(self._available, self._queue, few, self.check)
        self._counts_tokens = any(limiter.tpm for limiter in self._limiters.values())

    def ask(
        self,
        request: Request,
        keep: Callable[[ProviderError], None] = lambda _: None,
        most_unusable: int = MOST_UNUSABLE,
        write: Callable[[Answer], None] = lambda _: None,
    ) -> Answer:
        """Return the answer to a request and how it was obtained.

        `write` is called with it to store it: only then it counts as spent, so that the budget does
        not forget an answer that is lost by a kill or a full disk. `keep` is called with each
        answer that cannot be used, since it was paid for, and with each stream that breaks off
        after its first piece, since it may be; after `most_unusable` of them the last is raised.

        Raises Stopping, BudgetSpent, KeyDead (no key of the provider is left), ContextOverflow,
        Refused, Rejected, Untrusted, UnusableAnswer, or the last Retryable when `retry_for_s` is
        over.
        """
        try:
            return self._ask(request, keep, most_unusable, write)
        except GivenUp as end:
            error = copy(end.error)  # each thread its own: a raised error is not shared
            error.key, error.received = None, {}  # they are of another request
            raise error from None

    def _ask(
        self,
        request: Request,
        keep: Callable[[ProviderError], None],
        most_unusable: int,
        write: Callable[[Answer], None],
    ) -> Answer:
        attempts = Attempts()
        while True:
            try:
                return self._attempt(request, attempts, write)
            except MustWait as wait:
                self._await_budget(attempts, *wait.args)
            except KeyDead as error:
                self._after_refusal(error, attempts)
            except Rejected as error:
                self._after_rejection(error, attempts)
            except UnusableAnswer as error:
                keep(error)
                attempts.unusable += 1
                if attempts.unusable >= most_unusable:
                    raise
                self._before_next(error, attempts)
            except Retryable as error:
                if error.begun:
                    keep(error)
                    attempts.unusable += 1
                    if attempts.unusable >= most_unusable:
                        raise
                self._before_next(error, attempts)

    def close(self) -> None:
        """Close connections and files."""
        if self._queue.close():
            for limiter in self._limiters.values():
                limiter.close()
        for breaker in self._available.breakers.values():
            breaker.close()
        self._rejections.close()
        self._payments.close()
        close = getattr(self._provider, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> KeyClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_keys(
        self, settings: Settings, slots: Mapping[str, int], began: float
    ) -> AvailableKeys:
        """Open all keys that may be used. Raises ConfigError if none is set."""
        provider, entry = self._provider_settings, self._model
        wanted = self._home if self._strict else (*self._home, *provider.keys)
        keys = {alias: with_slots(provider.keys[alias], slots.get(alias)) for alias in wanted}
        opened, unset = opened_keys(provider, keys)
        limiters = {
            alias: limiter_of(
                settings.limits_dir, keys[alias], opened[alias], len(opened), entry.deployment
            )
            for alias in opened
        }
        breakers = {}
        for alias, limiter in limiters.items():
            limiter.probe(began)
            times = provider.retry_for_s, provider.attempt_deadline_s
            breakers[alias] = CircuitBreaker(limiter.folder, entry.deployment, *times, began)
        limits = settings.limits_dir or default_folder()
        url = next(iter(opened.values())).base_url
        self._rejections = Rejections(limits, entry, url, began, most=self._most_rejections)
        self._provider = connect(provider, entry, opened)
        return AvailableKeys(provider, self._home, self._strict, limiters, breakers, unset, began)

    def _attempt(
        self, request: Request, attempts: Attempts, write: Callable[[Answer], None]
    ) -> Answer:
        """Send a request once. A failure after the answer has arrived does not lose the answer."""
        answered: list[Answer] = []
        self._rejections.check()
        with ExitStack() as kept, self._payments.paying(request) as payment:
            try:
                self._send(request, attempts, payment, answered, kept)
            except Exception as error:  # whatever it is, a paid answer is kept
                if not answered:
                    raise
                log.warning("after an answer: %s: %s", type(error).__name__, error)
            write(answered[0])
        return answered[0]

    def _send(
        self,
        request: Request,
        attempts: Attempts,
        payment: Charge,
        answered: list[Answer],
        kept: ExitStack,
    ) -> None:
        """Send a request in its turn; append the answer to `answered` as soon as it arrives.

        `kept` ends when the answer is written: notices about it wait until then.
        """
        guess = likely_tokens(request.body) if self._counts_tokens else Tokens()
        with RequestSlot(self._source, attempts, guess.input + guess.output) as held:
            self._clear(held, payment, kept)
            attempts.unfunded_since = None
            started, clock = time.time(), time.monotonic()
            attempts.sent += 1
            try:
                completion = self._complete(request, held)
            finally:
                latency = time.monotonic() - clock
                attempts.tried_s += latency
            queued_s, slots = attempts.queued_s, self._limiters[held.alias].slots
            how = (held.alias, started, latency, queued_s, attempts.sent, slots)
            answered.append(Answer(completion, *how))
            payment.answer(answered[0])
            counted = completion.tokens or guess
            with suppress(Stopping, OSError):  # the next request may stop, not this answer
                if held.slot.settle(counted, completion.limits):
                    self._available.learned(held.alias)
            with suppress(Stopping, OSError):
                self._available.breakers[held.alias].answered()
                self._rejections.answered()

    def _clear(self, held: RequestSlot, payment: Charge, kept: ExitStack) -> None:
        """Reserve the cost of a request that has its slot, and disk space for its answer.

        Raises Rejected if its model was stopped meanwhile, MustWait or BudgetSpent, and Stopping
        if there is no space.
        """
        try:
            self._rejections.check()
            kept.enter_context(self._room())
            payment.send()
            kept.enter_context(notices.held())
        except Exception:  # nothing was sent: the slot goes back unused
            self._available.breakers[held.alias].unused()
            held.slot.unused()
            raise

    def _await_budget(self, attempts: Attempts, usd: float) -> None:
        """Wait a little for others to be settled, without a slot; report a long wait."""
        now = time.monotonic()
        since = attempts.unfunded_since = attempts.unfunded_since or now
        if now - since > SILENT_S:
            self._payments.tell(usd)
        self._rest(SETTLED_S)

    def _complete(self, request: Request, held: RequestSlot) -> Completion:
        sent, alias = CLOCK.now(), held.alias
        try:
            completion = self._provider.complete(
                request, alias, self._provider_settings.attempt_deadline_s
            )
        except ProviderError as error:
            error.key = alias
            if isinstance(error, RateLimited):
                held.slot.rejected(error.retry_after, error.exhausted, error.stated)
                wait = error.retry_after or self._backoff(held.attempts) / 2
                held.attempts.not_before[alias] = time.monotonic() + wait
            elif isinstance(error, Rejected):
                self._rejections.rejected(error)
            self._available.failed(alias, error, sent, request.body)
            raise
        self._warn_of_another(completion.model)
        return completion

    def _warn_of_another(self, answered: str | None) -> None:
        """Notify the user once if another model answered than was requested."""
        model = self._model
        if wrong := complaint(model.deployment, model.reports, answered):
            notices.say(
                f"served {model.name} {answered}", f"{model.name}: {wrong}", f"served {model.name}"
            )

    def _after_refusal(self, error: KeyDead, attempts: Attempts) -> None:
        """Continue after a key has refused a request. Raises `error` if no other may be used."""
        alias = attempts.alias
        attempts.refusals[alias] += 1
        if isinstance(error, AuthenticationFailed) and attempts.refusals[alias] >= 2:
            attempts.barred.add(alias)
        if not set(self._available.candidates()) - attempts.barred:
            raise error  # the key answers other requests: it refuses this one

    def _after_rejection(self, error: Rejected, attempts: Attempts) -> None:
        """Wait a little if a deployment does not exist yet. Raises `error` otherwise."""
        if error.status != NOT_FOUND or attempts.missed >= len(NOT_FOUND_WAITS_S):
            raise error
        attempts.missed += 1
        self._rest(NOT_FOUND_WAITS_S[attempts.missed - 1])

    def _before_next(self, error: Retryable | UnusableAnswer, attempts: Attempts) -> None:
        """Wait before the next attempt. Raises `error` if no time is left for one."""
        keys = self._available.candidates()
        if isinstance(error, RateLimited):  # by this key: another one may take it at once
            left = [attempts.not_before.get(a, 0.0) - time.monotonic() for a in keys]
            seconds = max(0.0, min(left))
        else:
            wait = error.retry_after if isinstance(error, Retryable) else None
            seconds = max(wait or 0.0, self._backoff(attempts))  # a service may ask for 1 ms
        if attempts.tried_s + seconds > self._provider_settings.retry_for_s:
            wait = error.retry_after if isinstance(error, Retryable) else None
            asks = f"; it asks to wait {wait:.0f} s" if wait and wait >= LONG_PAUSE_S else ""
            tried = f"{attempts.sent} attempts in {attempts.tried_s:.0f} s"
            error.args = (f"{self._provider_settings.name}: {error}{asks} ({tried})",)
            raise error
        attempts.tried_s += seconds
        self._rest(seconds)

    def _backoff(self, attempts: Attempts) -> float:
        longest = FIRST_BACKOFF_S * 2.0 ** min(attempts.sent - 1, 10)
        return min(LONGEST_BACKOFF_S, longest) * self._random.uniform(0.5, 1.0)

    def _rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, 0.2))

    def check(self) -> None:
        """Raise Stopping if this process may send nothing more.

        Raises GivenUp if no key may be used for longer than a request is retried.
        """
        if self._stop.is_set():
            raise Stopping("asked to stop")
        if self._parent is not None and os.getppid() != self._parent:
            raise Stopping("the run that started this shard is gone")
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + 1.0
            self._available.check()

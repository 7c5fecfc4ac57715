"""The keys of a provider that a request may be sent through now, and notices about the others.

A key is unavailable if its variable is not set, if it is dead, if its model is down, or if it is
paused for longer than a request is retried; all processes share this knowledge.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pilotbench.asking.keys.circuit_breaker import CircuitBreaker, Standing
from pilotbench.asking.keys.evidence import REFUSALS, Evidence
from pilotbench.asking.keys.learned_limits import rates_of
from pilotbench.asking.keys.limiter import Limiter
from pilotbench.ground import errors, notices
from pilotbench.ground.clock import CLOCK
from pilotbench.ground.errors import KeyDead, ProviderError, RateLimited, Retryable, Untrusted
from pilotbench.providers.settings import ProviderSettings

LONG_PAUSE_S = 5.0
"""A key paused for longer hands its requests to the provider's other keys, `borrow` or not."""
LONG_LIMIT_S = 90.0
"""The user is notified of a longer wait for a rate limit: it is not one per minute."""
SILENT_S = 3.0
"""The user is notified of failures that last longer."""
_AGAIN_S = 600.0
"""A problem that recurs later than this is reported again."""
_PLAIN = (
    (re.compile(r"connection refused", re.IGNORECASE), "connection refused"),
    (re.compile(r"the name \S+ is not known|name or service not known", re.IGNORECASE), ""),
    (re.compile(r"no answer within"), "no answer in time"),
)


class GivenUp(Exception):
    """Nothing may be sent any more: `args[0]` is the ProviderError that ends the request."""

    @property
    def error(self) -> ProviderError:
        """Return the error of the request."""
        found = self.args[0]
        assert isinstance(found, ProviderError)
        return found


@dataclass
class AvailableKeys:
    """The keys of one provider for one model: `home` first, then the others unless `strict`.

    `unset` says why a key has no secret.
    """

    provider: ProviderSettings
    home: Sequence[str]
    strict: bool
    limiters: Mapping[str, Limiter]
    breakers: Mapping[str, CircuitBreaker]
    unset: Mapping[str, str]
    began: float
    _reported: set[str] = field(default_factory=set)

    def candidates(self) -> list[str]:
        """Return the aliases to try, home first. Raises GivenUp if none is left."""
        fit = [alias for alias in self.home if self._is_fit(alias)]
        if any(self._is_free(alias) for alias in fit):
            return fit
        if not self.strict:
            fit += [a for a in self.limiters if a not in self.home and self._is_fit(a)]
        if not fit:
            raise GivenUp(self._none_left())
        return fit

    def ready(self, barred: Collection[str] = ()) -> list[str]:
        """Return the candidates through which a request may be sent at once; none if it must wait.

        `barred` have refused this request and are used only if there is no other.
        """
        fit = self.candidates()
        fit = [alias for alias in fit if alias not in barred] or fit
        return [alias for alias in fit if self.breakers[alias].standing() is Standing.FINE]

    def check(self) -> None:
        """Raise GivenUp if every key is unavailable for longer than a request is retried."""
        alive = self.candidates()
        patience = self.provider.retry_for_s
        left = min(self._notify_of_pause(alias) for alias in alive)
        if left > patience:
            asked = f"the provider asks to wait {left:.0f} s, over retry_for_s"
            raise GivenUp(RateLimited(f"{', '.join(alive)}: {asked}"))
        began = [self.limiters[alias].refused_since() or math.inf for alias in alive]
        refused = CLOCK.now() - max(self.began, *began)
        if refused > SILENT_S:
            tried = f"every request is answered 429; retrying for {duration(patience - refused)}"
            self._notify(", ".join(alive), "throttled", tried)
        if refused > patience:
            said = f"every request is answered 429, for {refused:.0f} s, over retry_for_s"
            raise GivenUp(RateLimited(f"{', '.join(alive)}: {said}"))

    def failed(self, alias: str, error: ProviderError, sent: float, body: Any) -> None:
        """Record the failure of an attempt sent at `sent`, and notify the user if it matters."""
        breaker = self.breakers[alias]
        if isinstance(error, KeyDead):
            row = breaker.failed(error, sent, body)
            if not self._is_fit(alias) or CLOCK.now() - row.since <= SILENT_S:
                return
            self._notify(alias, "refused", f"{error}: trying again before it is given up")
        elif isinstance(error, RateLimited):
            breaker.undecided()
            self._notify_of_pause(alias)
        elif isinstance(error, Retryable):
            self._outage(alias, breaker.failed(error, sent, body))
        elif isinstance(error, Untrusted):
            self._notify(alias, "untrusted", str(error))
        else:
            breaker.answered()

    def learned(self, alias: str) -> None:
        """Notify the user once if a service states a lower limit than the config."""
        key, rates = self.provider.keys[alias], rates_of(self.limiters[alias].learned())
        for name, configured in (("requests", key.rpm), ("tokens", key.tpm)):
            rate = rates.get(name)
            if configured is not None and rate is not None and rate < configured:
                word = "rpm" if name == "requests" else "tpm"
                text = f"the service states {rate:.0f} {name} a minute, which holds"
                if (told := f"limit {word} {alias}") not in self._reported:
                    self._reported.add(told)
                    notices.say(told, f"{alias}: {word} is {configured}, but {text}")

    def _notify_of_pause(self, alias: str) -> float:
        """Notify the user of a long pause, or a long wait for a limit; return its seconds left."""
        left, limit = self.limiters[alias].closed_for()
        if left >= LONG_PAUSE_S:
            self._notify(alias, "paused", f"paused until {until(left)} by 429")
        elif limit > LONG_LIMIT_S:
            self._notify(alias, "limited", f"its rate limit is used up until {until(limit)}")
        return max(left, limit)

    def _outage(self, alias: str, row: Evidence) -> None:
        if self._is_fit(alias) and row.count >= 2:
            lasted = CLOCK.now() - max(row.since, self.began)
            left = duration(self.provider.retry_for_s - lasted)
            self._notify(alias, "failing", f"{plain(row.message)}, retrying for {left}")

    def _is_fit(self, alias: str) -> bool:
        breaker = self.breakers.get(alias)
        if breaker is None:
            return False
        if breaker.standing() is not Standing.CLOSED:
            return True
        row = breaker.worst()
        if row is not None and row.is_refusal():
            self._notify(alias, "dead", f"{row.message}; it is not used any more")
        elif row is not None:
            lasted = duration(CLOCK.now() - max(row.since, self.began))
            said = f"{plain(row.message)} for {lasted}; nothing more is sent until it answers"
            self._notify(alias, "down", said)
        return False

    def _is_free(self, alias: str) -> bool:
        """Return whether a key needs no help from others: it is neither in doubt nor paused."""
        in_doubt = self.breakers[alias].standing() is not Standing.FINE
        return not in_doubt and max(self.limiters[alias].closed_for()) < LONG_PAUSE_S

    def _none_left(self) -> ProviderError:
        rows = {alias: breaker.worst() for alias, breaker in self.breakers.items()}
        if self.strict:
            rows = {alias: row for alias, row in rows.items() if alias in self.home}
        known = {alias: row for alias, row in rows.items() if row is not None}
        down = next((row for row in known.values() if row.kind not in REFUSALS), None)
        if down is not None:
            kind = getattr(errors, down.kind, errors.ConnectionFailed)
            lasted = duration(CLOCK.now() - max(down.since, self.began))
            text = f"{self.provider.name}: {down.message}; so for {lasted}, nothing more is sent"
            return kind(text) if issubclass(kind, Retryable) else errors.ConnectionFailed(text)
        why = {**self.unset, **{alias: row.message for alias, row in known.items()}}
        reasons = "; ".join(f"{alias}: {reason}" for alias, reason in why.items())
        return KeyDead(f"provider {self.provider.name}: no key is left ({reasons})")

    def _notify(self, alias: str, trouble: str, text: str) -> None:
        now = int(CLOCK.now() // _AGAIN_S)
        key = f"{trouble} {alias} {now}"
        if key not in self._reported and f"{trouble} {alias} {now - 1}" not in self._reported:
            self._reported.add(key)
            notices.say(key, f"{alias}: {text}")


def duration(seconds: float) -> str:
    """Return a time span: `45 s`, `14 min`, `3 h`."""
    seconds = max(0.0, seconds)
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def until(left: float, seconds: bool = False) -> str:
    """Return the time of day that is `left` s ahead, with the date if it is not today."""
    then = time.localtime(time.time() + left)
    today = then.tm_yday == time.localtime().tm_yday
    clock = "%H:%M:%S" if seconds else "%H:%M"
    return time.strftime(clock if today else f"%Y-%m-%d {clock}", then)


def plain(message: str) -> str:
    """Return the message of a failure without the name of an exception."""
    for pattern, words in _PLAIN:
        if found := pattern.search(message):
            return words or found[0]
    return re.sub(r"^[A-Z]\w+(Error|Timeout|Exception): ", "", message)

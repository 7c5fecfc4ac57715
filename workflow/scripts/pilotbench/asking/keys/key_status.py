"""The status of a key, read from the files that all processes share, and how to end its pause."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pilotbench.asking.keys.available_keys import duration, plain, until
from pilotbench.asking.keys.circuit_breaker import FILE as HEALTH
from pilotbench.asking.keys.circuit_breaker import KEY, forget, rows_in
from pilotbench.asking.keys.learned_limits import LearnedLimit, rates_of
from pilotbench.asking.keys.limiter import LEDGER
from pilotbench.asking.keys.opened_limiter import key_folder, limiter_of
from pilotbench.asking.keys.secrets import access, environment, missing
from pilotbench.asking.keys.usage_file import KeyUsage, peek
from pilotbench.ground.clock import CLOCK, Clock
from pilotbench.ground.file_locks import is_locked
from pilotbench.matrix.config import Settings
from pilotbench.providers.settings import Access, Key

LATELY_S = 300.0
"""Older failures say nothing about the present."""


def held_slots(limits_dir: Path | None, access: Access, alias: str) -> int:
    """Return how many requests are in flight on a key now, over all processes of the machine."""
    return sum(map(is_locked, key_folder(limits_dir, access, alias).glob("slot-*")))


def learned_limits(
    limits_dir: Path | None, access: Access, alias: str, deployment: str, clock: Clock = CLOCK
) -> dict[str, LearnedLimit]:
    """Return the limits of a model on a key that were learned from headers and 429s, by name."""
    ledger = peek(key_folder(limits_dir, access, alias) / LEDGER)
    return KeyUsage.kept(ledger, clock).learned.get(deployment, {})


def learned_rates(
    settings: Settings, model: str, alias: str, clock: Clock = CLOCK
) -> dict[str, float]:
    """Return how many requests, tokens, input and output tokens a minute allows, if known."""
    provider, deployment = settings.provider_of(model), settings.catalog[model].deployment
    opened = access(provider, provider.keys[alias], environment())
    learned = learned_limits(settings.limits_dir, opened, alias, deployment, clock)
    return rates_of(learned)


@dataclass(frozen=True)
class KeyState:
    """What prevents a key from answering: nothing if `kind` is empty.

    `kind` is one of KINDS; `until` is Unix time in s where the end is known.
    """

    kind: str = ""
    text: str = ""
    until: float | None = None

    def __str__(self) -> str:
        """Return the state in words."""
        if not self.kind:
            return ""
        return f"{self.kind}{' ' if self.kind in ENDING else ': '}{self.text}"


PAUSED, LIMITED, FAILING, REFUSED, DOUBTED, DEAD, UNSET = KINDS = (
    *("paused by 429", "at a rate limit", "retrying", "refused by 429"),
    *("in doubt", "dead", "not set"),
)
ENDING = (PAUSED, LIMITED)
"""States whose end is known."""


def state_of(
    limits_dir: Path | None,
    access: Access,
    alias: str,
    clock: Clock = CLOCK,
    key: Key | None = None,
) -> KeyState:
    """Return what prevents a key from answering now: nothing if it is unused.

    `key` has the rpm and tpm of the config.
    """
    folder, now = key_folder(limits_dir, access, alias), clock.now()
    usage = KeyUsage.kept(peek(folder / LEDGER), clock)
    limit = usage.adaptive
    rows = rows_in(peek(folder / HEALTH), clock)
    failing = {n: row for n, row in rows.items() if row.count and now - row.last < LATELY_S}
    if KEY in failing:
        dead = failing[KEY].count > 1
        return KeyState(DEAD if dead else DOUBTED, failing[KEY].message)
    if (left := limit.paused_until - now) > 0:
        return KeyState(PAUSED, f"until {until(left)}", time.time() + left)
    if failing:
        worst = min(failing.values(), key=lambda row: row.since)
        return KeyState(FAILING, f"{_bare(worst.message)} for {duration(now - worst.since)}")
    if limit.refused_since is not None and now - limit.paused_until < LATELY_S:
        return KeyState(REFUSED, f"every request, for {duration(now - limit.refused_since)}")
    return _limited(usage, now, key)


def _bare(message: str) -> str:
    return plain(message).rstrip(". ")


def _limited(usage: KeyUsage, now: float, key: Key | None) -> KeyState:
    """Return which rate limit the key waits for, and until when; nothing if for none."""
    waits: list[tuple[float, str]] = []
    for name, rpm, tpm in (("rpm", key.rpm, None), ("tpm", None, key.tpm)) if key else ():
        if wait := usage.wait_for(now, rpm, tpm, 1):
            waits.append((wait, f"{name}: {rpm or tpm}"))
    for limits in usage.learned.values():
        for counted, one in limits.items():
            if wait := one.wait(now, 1):
                waits.append((wait, one.in_words(counted)))
    if not waits:
        return KeyState()
    left, words = max(waits)
    return KeyState(LIMITED, f"of {words} until {until(left, seconds=True)}", time.time() + left)


def lift_pauses(settings: Settings) -> dict[str, float]:
    """End the pause of every key that is set; return the seconds that each had left, by alias.

    The records of dead keys and unavailable services are cleared too.
    """
    variables, lifted = environment(), {}
    for alias, key in settings.keys.items():
        if not missing(settings, [alias], variables):
            opened = access(settings.providers[key.provider], key, variables)
            limiter = limiter_of(settings.limits_dir, key, opened)
            lifted[alias] = round(limiter.lift(), 1)
            limiter.close()
            forget(limiter.folder)
    return lifted


def lifted_lines(lifted: Mapping[str, float]) -> Iterator[str]:
    """Return one line for each pause that was lifted."""
    for alias, seconds in lifted.items():
        if seconds:
            yield f"{alias}: its pause is lifted ({seconds:.0f} s were left)"
    if not any(lifted.values()):
        yield "no key is paused"

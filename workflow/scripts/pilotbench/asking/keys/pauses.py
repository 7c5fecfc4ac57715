"""Ending the pauses that providers have asked for, when a person knows better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pilotbench.asking.keys.breaker import forget
from pilotbench.asking.keys.limiter import limiter_of
from pilotbench.asking.keys.secrets import access, environment, missing
from pilotbench.matrix.config import Settings


def lift(settings: Settings) -> dict[str, float]:
    """End the pause of every key that is set; return the seconds that each had left, by alias.

    What was known of dead keys and of services that are down is forgotten too.
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


def lines(lifted: Mapping[str, float]) -> Iterator[str]:
    """Return what was lifted in words."""
    for alias, seconds in lifted.items():
        if seconds:
            yield f"{alias}: its pause is lifted ({seconds:.0f} s were left)"
    if not any(lifted.values()):
        yield "no key is paused"

"""Many comparisons at once: one family is one experiment x one kind of contrast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from string import ascii_lowercase

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.distributions import normal_quantile

HALVINGS = 50
"""Of the range in which a detectable difference is sought: to 1e-15."""


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return Holm-adjusted p-values in the same order; None (not tested) stays None.

    Source: S. Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.
    """
    rising = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    most = 0.0
    for left, (p, place) in zip(range(len(rising), 0, -1), rising, strict=True):
        most = max(most, min(1.0, left * p))
        adjusted[place] = most
    return adjusted


def letters(names: Sequence[str], apart: Mapping[frozenset[str], bool]) -> dict[str, str]:
    """Return letters: two names that share one cannot be distinguished; `names` best first.

    `apart` holds for each pair whether it is distinguished; a missing pair is not.
    Source: H.-P. Piepho, JCGS 13 (2004) 456-466, the insert-and-absorb algorithm.
    """
    groups = [set(names)]
    for pair in (pair for pair, yes in apart.items() if yes):
        first, second = sorted(pair)
        split = [g for g in groups if first in g and second in g]
        groups = [g for g in groups if g not in split]
        groups += [g - {first} for g in split] + [g - {second} for g in split]
        groups = _absorbed(groups)
    groups.sort(key=lambda group: [names.index(n) for n in names if n in group])
    return {
        name: "".join(_letter(i) for i, group in enumerate(groups) if name in group)
        for name in names
    }


def _absorbed(groups: list[set[str]]) -> list[set[str]]:
    kept: list[set[str]] = []
    for group in sorted(groups, key=len, reverse=True):
        if not any(group <= other for other in kept):
            kept.append(group)
    return kept


def _letter(number: int) -> str:
    turns, place = divmod(number, len(ascii_lowercase))
    return ascii_lowercase[place] + "'" * turns


def detectable(
    n: int, discordance: float, tests: int = 1, alpha: float = ALPHA, power: float = 0.8
) -> float | None:
    """Return the smallest difference of two paired rates that `n` instances would show.

    Two-sided at alpha / `tests` (Holm's first step), with the observed `discordance`, or with the
    difference itself where that is larger (no difference exceeds the share of instances that
    differ). None if even a difference of 1 would be missed.
    Source: R. J. Connor, Biometrics 43 (1987) 207-211, equation 3.1, solved for the difference.
    """
    if n < 1:
        return None
    z_alpha, z_power = normal_quantile(1 - alpha / tests / 2), normal_quantile(power)

    def short(delta: float) -> float:
        share = max(discordance, delta)
        return float(z_alpha * sqrt(share) + z_power * sqrt(share - delta**2) - delta * sqrt(n))

    if short(1.0) >= 0:
        return None
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if short(middle) > 0 else (low, middle)
    return high

"""Many comparisons at once: one family is one experiment x one kind of contrast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from string import ascii_lowercase

from pilotbench.results.statistics import ALPHA


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return Holm-adjusted p-values in the same order; None (not tested) stays None.

    Source: S. Holm, Scandinavian Journal of Statistics 6 (1979) 65-70, by statsmodels.
    """
    from statsmodels.stats.multitest import multipletests

    tested = [p for p in p_values if p is not None]
    if not tested:
        return list(p_values)
    adjusted = iter(multipletests(tested, method="holm")[1])
    return [None if p is None else float(next(adjusted)) for p in p_values]


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
    from scipy.optimize import brentq
    from scipy.stats import norm

    if n < 1:
        return None
    z_alpha, z_power = norm.ppf(1 - alpha / tests / 2), norm.ppf(power)

    def short(delta: float) -> float:
        share = max(discordance, delta)
        return float(z_alpha * sqrt(share) + z_power * sqrt(share - delta**2) - delta * sqrt(n))

    return float(brentq(short, 1e-9, 1.0)) if short(1.0) < 0 else None

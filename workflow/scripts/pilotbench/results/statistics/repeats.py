"""Repeats of an instance: pass@k, pass^k, and the parts of the variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np


def pass_at(k: int, repeats: int, successes: int) -> float | None:
    """Return pass@k of one instance: the chance that at least one of k repeats succeeds.

    1 - C(n-c, k) / C(n, k) for c successes in n repeats; None if fewer than k were played.
    Source: M. Chen et al., arXiv:2107.03374 (2021), equation 1.
    """
    if repeats < k:
        return None
    return 1 - comb(repeats - successes, k) / comb(repeats, k)


def pass_all(k: int, repeats: int, successes: int) -> float | None:
    """Return pass^k of one instance: the chance that all of k repeats succeed.

    C(c, k) / C(n, k), otherwise as `pass_at`. Source: S. Yao et al., arXiv:2406.12045 (2024).
    """
    return comb(successes, k) / comb(repeats, k) if repeats >= k else None


@dataclass(frozen=True)
class Split:
    """Variance of a single outcome, within and between instances (both >= 0)."""

    within: float
    between: float

    @property
    def share_between(self) -> float | None:
        """Share of the variance that is between instances; None without any variance."""
        total = self.within + self.between
        return self.between / total if total > 0 else None


def variance_split(outcomes: Sequence[Any]) -> Split | None:
    """Split the variance of outcomes (one sequence of repeats per instance).

    One-way random effects by analysis of variance, unequal repeats allowed; a negative estimate is
    set to 0. None below two instances or without any second repeat.
    Source: S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992), section 3.6.
    """
    groups = [np.asarray(group, float) for group in outcomes if len(group)]
    sizes = np.array([group.size for group in groups])
    spare = int(sizes.sum()) - len(groups)
    if len(groups) < 2 or spare < 1:
        return None
    means = np.array([group.mean() for group in groups])
    grand = float((means * sizes).sum() / sizes.sum())
    within = sum(float(((g - g.mean()) ** 2).sum()) for g in groups) / spare
    between = float((sizes * (means - grand) ** 2).sum()) / (len(groups) - 1)
    size = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(groups) - 1)
    return Split(within, max(0.0, (between - within) / float(size)))

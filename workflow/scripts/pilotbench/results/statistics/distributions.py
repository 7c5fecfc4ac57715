"""Quantiles and tails, from scipy.special: importing scipy.stats takes most of a CPU second."""

from __future__ import annotations

from typing import Any

from scipy.special import bdtrc, ndtr, ndtri, stdtrit


def normal_quantile(p: Any) -> Any:
    """Return the quantile of the standard normal distribution; arrays or numbers."""
    return ndtri(p)


def normal_tail(x: Any) -> Any:
    """Return P(X > x) of the standard normal distribution."""
    return ndtr(-x)


def t_quantile(p: Any, freedom: Any) -> Any:
    """Return the quantile of Student's t distribution with `freedom` degrees of freedom."""
    return stdtrit(freedom, p)


def coin_tail(heads: Any, tosses: Any) -> Any:
    """Return P(X >= heads) of the heads of `tosses` fair coins."""
    return bdtrc(heads - 1.0, tosses, 0.5)

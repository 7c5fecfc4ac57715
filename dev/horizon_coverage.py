"""Coverage of the interval of a horizon, by simulation, and of the methods not chosen.

    python -m dev.horizon_coverage [--draws 2000] [--lengths 8 16 32]

True horizons 1.5 to 100 x 15 to 100 cores x heterogeneity between cores (standard deviation of the
logit) x curves (each item succeeding alike: decay; logistic) x repeats: 336 settings, N = 2 to 64.
With other lengths, the horizons are those up to one doubling beyond them.
An interval covers a horizon if its test does not reject it, as `results.statistics.horizon` finds
its limits. The other methods regress on log2 N only.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm, t

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.length_curve import Outcomes, statistic

Floats = NDArray[np.float64]
LENGTHS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
TRUTHS = (1.5, 3.0, 6.0, 12.0, 24.0, 48.0, 100.0)
CORES, SPREADS, REPEATS = (15, 25, 50, 100), (0.0, 1.0, 2.0), (1, 3)
CURVES = ("decay", "logistic")
STEEPNESS = 0.96
"""Logits per doubling of the logistic curve: as steep at the horizon as the decay."""
WANTED = (0.93, 0.97)
SEED = 5


@dataclass(frozen=True)
class Setting:
    """What is simulated."""

    curve: str
    truth: float
    cores: int
    spread: float
    repeats: int
    lengths: tuple[float, ...] = LENGTHS

    @property
    def sizes(self) -> Floats:
        """The lengths that are asked, in items."""
        return np.array(self.lengths)

    @property
    def chances(self) -> Floats:
        """The success rate by length of a core of mean difficulty."""
        if self.curve == "decay":
            return np.asarray(0.5 ** (self.sizes / self.truth))
        return np.asarray(expit(-STEEPNESS * np.log2(self.sizes / self.truth)))

    def drawn(self, draws: int) -> Outcomes:
        """Return the outcomes of many draws."""
        rng = np.random.default_rng(SEED)
        own = self.spread * rng.standard_normal((draws, self.cores, 1))
        level = logit(np.clip(self.chances, 1e-12, 1 - 1e-12))
        means = rng.binomial(self.repeats, expit(level + own)) / self.repeats
        rates = means.mean(1)
        left = means - rates[:, None]
        spread = np.einsum("dgi,dgj->dij", left, left) / (self.cores - 1)
        counts = np.full(len(self.lengths), float(self.cores))
        return Outcomes(self.sizes, rates, counts, spread, self.cores, self.repeats)


def chosen(found: Outcomes, setting: Setting) -> NDArray[np.bool_]:
    """Return whether the interval of the product covers the truth in each draw."""
    at = np.full(found.rates.shape[0], np.log2(setting.truth))
    return np.asarray(np.abs(statistic(found, at)) <= t.ppf(1 - ALPHA / 2, found.cores - 1))


def fitted(found: Outcomes) -> tuple[Floats, Floats]:
    """Return the intercept and the slope of a logistic regression on log2 N, and its covariance.

    A trace of successes and failures keeps separated outcomes finite, as Firth's penalty does.
    """
    x = np.stack([np.ones(found.lengths.size), np.log2(found.lengths)])
    n = found.counts * found.repeats + 0.2
    wins = found.rates * found.counts * found.repeats + 0.1
    b = np.zeros((found.rates.shape[0], 2))
    for _ in range(40):
        rates = expit(b @ x)
        weights = n * rates * (1 - rates) + 1e-9
        bread = np.linalg.inv(np.einsum("il,dl,jl->dij", x, weights, x))
        step = np.einsum("dij,jl,dl->di", bread, x, wins - n * rates)
        b += step / np.maximum(1.0, np.abs(step).max(1))[:, None]
    return b, bread


def fieller(found: Outcomes, setting: Setting) -> NDArray[np.bool_]:
    """Return whether Fieller's interval of -a/b with the sandwich and Student's t covers."""
    b, bread = fitted(found)
    x = np.stack([np.ones(found.lengths.size), np.log2(found.lengths)])
    meat = found.cores * found.repeats**2 * np.einsum("il,dlk,jk->dij", x, found.spread, x)
    return _within(b, bread @ meat @ bread, setting, float(t.ppf(1 - ALPHA / 2, found.cores - 1)))


def independent(found: Outcomes, setting: Setting) -> NDArray[np.bool_]:
    """Return whether Fieller's interval covers if all outcomes counted as independent."""
    return _within(*fitted(found), setting, float(norm.ppf(1 - ALPHA / 2)))


def _within(b: Floats, errors: Floats, setting: Setting, most: float) -> NDArray[np.bool_]:
    at = np.array([1.0, np.log2(setting.truth)])
    error = np.sqrt(np.einsum("i,dij,j->d", at, errors, at))
    return np.asarray(np.abs(b @ at) <= most * error)


METHODS: dict[str, Callable[[Outcomes, Setting], NDArray[np.bool_]]] = {
    "score test on log2 N and N, by core (chosen)": chosen,
    "log2 N only: Fieller, sandwich by core": fieller,
    "log2 N only: Fieller, outcomes independent": independent,
}


def settings(lengths: tuple[float, ...] = LENGTHS) -> Iterator[Setting]:
    """Yield every setting with these lengths."""
    for words in product(CURVES, TRUTHS, CORES, SPREADS, REPEATS):
        one = Setting(*words, lengths)
        if lengths == LENGTHS or lengths[0] / 2 <= one.truth <= 2 * lengths[-1]:
            yield one


def covered(draws: int, lengths: tuple[float, ...] = LENGTHS) -> dict[str, dict[Setting, float]]:
    """Return the coverage of each method in each setting."""
    found: dict[str, dict[Setting, float]] = {name: {} for name in METHODS}
    for setting in settings(lengths):
        outcomes = setting.drawn(draws)
        for name, method in METHODS.items():
            found[name][setting] = float(method(outcomes, setting).mean())
    return found


def lines(found: dict[str, dict[Setting, float]], worst: int = 8) -> Iterator[str]:
    """Yield the Markdown tables: methods by curve, and the worst settings of the chosen one."""
    yield "| method | curve | mean | lowest | highest | within 93 to 97 % |"
    yield "|---|---|---|---|---|---|"
    for (name, shares), curve in product(found.items(), CURVES):
        each = np.array([share for one, share in shares.items() if one.curve == curve])
        inside = int(((each >= WANTED[0]) & (each <= WANTED[1])).sum())
        numbers = " | ".join(f"{100 * x:.1f} %" for x in (each.mean(), each.min(), each.max()))
        yield f"| {name} | {curve} | {numbers} | {inside} of {each.size} |"
    yield "\n| worst settings: curve | horizon | cores | deviation | repeats | coverage |"
    yield "|---|---|---|---|---|---|"
    shares = next(iter(found.values()))
    for one in sorted(shares, key=lambda one: -abs(shares[one] - 0.95))[:worst]:
        words = f"{one.curve} | {one.truth:g} | {one.cores} | {one.spread:g} | {one.repeats}"
        yield f"| {words} | {100 * shares[one]:.1f} % |"


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Coverage of the interval of a horizon.")
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--lengths", type=float, nargs="+", default=LENGTHS, metavar="N")
    args = parser.parse_args()
    print("\n".join(lines(covered(args.draws, tuple(args.lengths)))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

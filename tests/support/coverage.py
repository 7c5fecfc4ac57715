"""Coverage of the summary's intervals and level of its tests, by simulation.

    PYTHONPATH=tests python -m support.coverage [--draws 2000]

Each line is the worst and the mean of a grid of settings, for release 0.1.0 (`before`) and now:
intervals of a rate, of a paired difference, of pass^k and of a cost per success, which should cover
the truth in 95 % of draws; and how often two equal models are told apart at 5 %, also where
failures are the episodes that are owed. The truth is the mean over the population of instances.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.intervals import limits, wilson
from pilotbench.results.statistics.paired import paired_limits, sign_flip, undecided
from pilotbench.results.statistics.ratios import ratio_limits
from pilotbench.results.statistics.repeats import pass_all

Floats = NDArray[np.float64]
Pair = tuple[float, float]
SIZES = (5, 10, 20, 35, 50)
REPEATS = (2, 3, 5, 10)
MEANS = (0.02, 0.1, 0.5, 0.8, 0.95)
ALIKE = (0.05, 0.3, 0.6, 0.95)  # share of the variance that is between instances
FEW = 10  # release 0.1.0: no bootstrap where fewer instances differ
SEED = 13


@dataclass(frozen=True)
class Line:
    """One line of the report: worst and mean over the settings, before and now."""

    what: str
    wanted: str
    before: Pair
    now: Pair


def chances(rng: np.random.Generator, mean: float, alike: float, shape: tuple[int, int]) -> Floats:
    """Return true chances of instances: Beta with this mean; `alike` sets how far they spread."""
    size = 1 / alike - 1
    return rng.beta(mean * size, (1 - mean) * size, shape)


def old_limits(means: Floats, repeats: int) -> tuple[Floats, Floats]:
    """Return the limits of release 0.1.0 by row: Wilson at the effective number of instances."""
    n, m = means.shape[1], means.mean(1)
    variance = means.var(1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = m * (1 - m) / (variance / n)
    known = np.isfinite(worth) & (variance > 0)
    return wilson(m, np.where(known, np.clip(worth, n, n * repeats), n))


def old_paired(d: Floats, rng: np.random.Generator, draws: int = 400) -> Pair:
    """Return the limits of release 0.1.0: Agresti-Min if few differ, otherwise a bootstrap."""
    if (np.abs(d) > 1e-12).sum() < FEW:
        n, total = d.size + 2, float(d.sum())
        half = norm.ppf(1 - ALPHA / 2) * np.sqrt(float((d**2).sum()) + 1 - total**2 / n) / n
        return total / n - half, total / n + half
    weights = rng.multinomial(d.size - 1, np.full(d.size, 1 / d.size), draws) / (d.size - 1)
    low, high = np.quantile(weights @ d, [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)


def held(found: tuple[Floats, Floats], truth: float) -> float:
    """Return the share of intervals that contain the true value."""
    low, high = found
    return float(((low <= truth + 1e-9) & (truth - 1e-9 <= high)).mean())


def of_rates(draws: int) -> Iterator[Pair]:
    """Yield coverage of a rate with repeats, before and now, of every setting."""
    rng = np.random.default_rng(SEED)
    for n, repeats, mean, alike in product(SIZES, REPEATS, MEANS, ALIKE):
        means = rng.binomial(repeats, chances(rng, mean, alike, (draws, n))) / repeats
        now = limits(means.mean(1), means.var(1, ddof=1), n, repeats)
        yield held(old_limits(means, repeats), mean), held(now, mean)


def of_pass_all(draws: int) -> Iterator[Pair]:
    """Yield coverage of pass^k for k = repeats; release 0.1.0 had no interval (0)."""
    rng = np.random.default_rng(SEED)
    for n, repeats, mean, alike in product(SIZES, (2, 3, 5), MEANS, ALIKE):
        chance = chances(rng, mean, alike, (draws, n))
        counts = rng.binomial(repeats, chance)
        value = np.array([pass_all(repeats, repeats, c) or 0.0 for c in range(repeats + 1)])[counts]
        size = 1 / alike - 1
        truth = np.prod([(mean * size + i) / (size + i) for i in range(repeats)])
        now = limits(value.mean(1), value.var(1, ddof=1), n, repeats)
        yield 0.0, held(now, float(truth))


def of_differences(draws: int) -> Iterator[Pair]:
    """Yield coverage of a paired difference, one repeat and more."""
    rng = np.random.default_rng(SEED)
    for n, repeats, mean, gain, alike in product(
        (10, 20, 50, 100), (1, 3, 10), (0.1, 0.5, 0.8), (0.0, 0.4), (0.1, 0.5, 0.9)
    ):
        base = chances(rng, mean, alike, (draws, n))
        arm = base + gain * (1 - base)
        d = (rng.binomial(repeats, arm) - rng.binomial(repeats, base)) / repeats
        before = np.array([old_paired(row, rng) for row in d]).T
        now = np.array([paired_limits(row) for row in d]).T
        truth = gain * (1 - mean)
        yield held((before[0], before[1]), truth), held((now[0], now[1]), truth)


def of_costs(draws: int, bootstrap: int = 400) -> Iterator[Pair]:
    """Yield coverage of a cost per success; release 0.1.0 had none: a bootstrap stands for it.

    Costs are log-normal over instances and repeats, and a failure may cost up to twice a success.
    """
    rng = np.random.default_rng(SEED)
    for n, repeats, mean, spread, waste in product(
        (20, 35, 50, 100), (1, 3), (0.1, 0.3, 0.5, 0.8, 0.95), (0.2, 0.4, 0.8), (0.0, 1.0)
    ):
        wins = rng.binomial(repeats, chances(rng, mean, 0.4, (draws, n)))
        sigma = np.sqrt(np.log1p(spread**2))
        cost = rng.lognormal(-(sigma**2) / 2, sigma, (draws, n))
        cost *= repeats + waste * (repeats - wins)
        kept = wins.sum(1) > 0
        x, y = cost[kept], wins[kept].astype(float)
        truth = (1 + waste * (1 - mean)) / mean
        sums = {"n": n, "x": x.sum(1), "y": y.sum(1)}
        sums |= {"xx": (x**2).sum(1), "yy": (y**2).sum(1), "xy": (x * y).sum(1)}
        low, high = ratio_limits(sums, repeats)
        now = held((low, np.where(np.isnan(high), np.inf, high)), truth)
        few = slice(min(draws, 100) if bootstrap else 0)
        before = [bootstrapped(*row, rng, bootstrap) for row in zip(x[few], y[few], strict=True)]
        sides = np.array(before).reshape(-1, 2).T
        yield (held((sides[0], sides[1]), truth) if bootstrap else 0.0), now


def bootstrapped(x: Floats, y: Floats, rng: np.random.Generator, draws: int) -> Pair:
    """Return the percentile limits of a ratio, resampled over instances."""
    weights = rng.multinomial(x.size, np.full(x.size, 1 / x.size), draws)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (weights @ x) / (weights @ y)
    low, high = np.quantile(ratios, [ALPHA / 2, 1 - ALPHA / 2], method="nearest")
    return float(low), float(high)


def of_level(draws: int) -> Iterator[Pair]:
    """Yield how often two equal models are told apart by the test, without owed episodes.

    Release 0.1.0 tested from 50 instances on.
    """
    rng = np.random.default_rng(SEED)
    for n, repeats, mean in product((10, 50, 100), (1, 3), (0.1, 0.5, 0.9)):
        chance = chances(rng, mean, 0.5, (draws, n))
        d = (rng.binomial(repeats, chance) - rng.binomial(repeats, chance)) / repeats
        found = float(np.mean([sign_flip(row) <= ALPHA for row in d]))
        yield found if n >= 50 else 0.0, found


def of_level_owed(draws: int) -> Iterator[Pair]:
    """Yield how often two equal models are told apart where one owes some of its failures.

    Release 0.1.0 left owed pairs out.
    """
    rng = np.random.default_rng(SEED)
    for n, mean, lost in product((50, 100, 200), (0.4, 0.7), (0.3, 0.6, 1.0)):
        yield owed_rejections(rng, draws, n, mean, lost)


def owed_rejections(rng: np.random.Generator, draws: int, n: int, mean: float, lost: float) -> Pair:
    """Return the shares told apart before and now, where a share `lost` of failures is owed."""
    told = [0, 0]
    for _ in range(draws):
        chance = chances(rng, mean, 0.5, (1, n))[0]
        base, arm = rng.binomial(1, chance).astype(float), rng.binomial(1, chance).astype(float)
        owed = (arm == 0) & (rng.random(n) < lost)
        told[0] += sign_flip((arm - base)[~owed]) <= ALPHA
        found = undecided((base, base), (arm, np.where(owed, 1.0, arm)), int(owed.sum()))
        told[1] += found.p is not None and found.p <= ALPHA
    return told[0] / draws, told[1] / draws


REPORTS: tuple[tuple[str, str, Callable[[int], Iterator[Pair]], float], ...] = (
    ("rate, 2 to 10 repeats", "cover 95 %", of_rates, 1.0),
    ("pass^k, k = repeats", "cover 95 %", of_pass_all, 1.0),
    ("paired difference", "cover 95 %", of_differences, 0.25),
    ("USD per success", "cover 95 %", of_costs, 1.0),
    ("equal models told apart", "at most 5 %", of_level, 0.5),
    ("the same, failures owed", "at most 5 %", of_level_owed, 0.25),
)


def lines(draws: int) -> Iterator[Line]:
    """Yield the lines of the report; slow settings take a part of the draws."""
    for what, wanted, settings, part in REPORTS:
        found = np.array(list(settings(max(50, int(part * draws)))))
        worst = found.min(0) if wanted.startswith("cover") else found.max(0)
        mean = found.mean(0)
        pairs = [(float(worst[side]), float(mean[side])) for side in (0, 1)]
        yield Line(what, wanted, pairs[0], pairs[1])


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Coverage of intervals and level of tests.")
    parser.add_argument("--draws", type=int, default=2000)
    draws = parser.parse_args().draws
    print(f"{'':26}{'wanted':14}{'before: worst  mean':>22}{'now: worst  mean':>22}")
    for line in lines(draws):
        shown = [f"{100 * a:.1f} %  {100 * b:.1f} %" for a, b in (line.before, line.now)]
        print(f"{line.what:26}{line.wanted:14}{shown[0]:>22}{shown[1]:>22}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

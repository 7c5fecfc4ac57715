"""Coverage of the intervals of metrics that are not yes or no, by simulation.

    PYTHONPATH=tests python -m support.coverage_means [--draws 1000]

Prints the two tables of docs/analysis.md, where they are the numbers of the default. Each cell is
the share of draws whose 95 % interval contains the mean of the population that instances are drawn
from: of a mean, ours and two others for comparison, and of a paired difference. `no interval` are
the draws for which none is stated, which count neither way. The last column is how often arms
without a difference are told apart at 5 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, t

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.means import change, mean

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]
SIZES = (10, 20, 50, 200)
SEED = 17
RESAMPLES = 999  # of the bootstrap that is shown for comparison


@dataclass(frozen=True)
class Population:
    """What instances are drawn from: values, or differences; `truth` is their mean."""

    name: str
    draw: Draw
    truth: float
    share: bool = False


@dataclass(frozen=True)
class Covered:
    """A row of a table: shares by method, draws without an interval, arms told apart."""

    name: str
    n: int
    shares: tuple[float, ...]
    none: float
    apart: float


def _mixed(values: tuple[float, ...], chances: tuple[float, ...]) -> Draw:
    return lambda rng, n: rng.choice(np.array(values), n, p=chances)


def _beta(a: float, b: float) -> Draw:
    return lambda rng, n: rng.beta(a, b, n)


def _lognormal(sigma: float, present: float = 1.0) -> Draw:
    return lambda rng, n: (rng.random(n) < present) * rng.lognormal(0, sigma, n)


MEANS = (
    Population("score: 0 or 1, mean 0.1", _mixed((0, 1), (0.9, 0.1)), 0.1, share=True),
    Population("score: 0 or 1, mean 0.5", _mixed((0, 1), (0.5, 0.5)), 0.5, share=True),
    Population("score: Beta(8, 2)", _beta(8, 2), 0.8, share=True),
    Population("score: Beta(0.5, 5)", _beta(0.5, 5), 0.5 / 5.5, share=True),
    Population("metric: normal", lambda rng, n: rng.normal(100, 15, n), 100),
    Population("metric: Beta(0.5, 5)", _beta(0.5, 5), 0.5 / 5.5),
    Population("metric: lognormal, sigma 0.5", _lognormal(0.5), np.exp(0.125)),
    Population("metric: lognormal, sigma 1", _lognormal(1.0), np.exp(0.5)),
    Population("metric: 0 to 3, 70 % are 0", _mixed((0, 1, 2, 3), (0.7, 0.15, 0.1, 0.05)), 0.5),
    Population("metric: 70 % are 0, lognormal", _lognormal(1.0, 0.3), 0.3 * np.exp(0.5)),
)


def _solved(gain: float) -> Draw:
    def draw(rng: np.random.Generator, n: int) -> Floats:
        chance = rng.random(n)
        arm = rng.random(n) < chance + gain * (1 - chance)
        return arm.astype(float) - (rng.random(n) < chance)

    return draw


def _scores(gain: float) -> Draw:
    def draw(rng: np.random.Generator, n: int) -> Floats:
        skill, size = rng.beta(2, 2, n), 6.0
        arm = skill + gain * (1 - skill)
        parts = ((arm, 1), (skill, -1))
        return sum(
            (sign * rng.beta(size * m, size * (1 - m)) for m, sign in parts), start=np.zeros(n)
        )

    return draw


def _amounts(factor: float) -> Draw:
    def draw(rng: np.random.Generator, n: int) -> Floats:
        noise = rng.lognormal(-0.125, 0.5, (2, n))
        return rng.lognormal(0, 1, n) * (factor * noise[0] - noise[1])

    return draw


def _few(chance: float, shift: float) -> Draw:
    return lambda rng, n: np.where(rng.random(n) < chance, rng.normal(shift, 1, n), 0.0)


DIFFERENCES = (
    Population("score: 0 or 1, equal", _solved(0), 0.0, share=True),
    Population("score: 0 or 1, better by 0.2", _solved(0.4), 0.2, share=True),
    Population("score: Beta, equal", _scores(0), 0.0, share=True),
    Population("score: Beta, better by 0.15", _scores(0.3), 0.15, share=True),
    Population("metric: lognormal, equal", _amounts(1), 0.0),
    Population("metric: lognormal, half more", _amounts(1.5), 0.5 * np.exp(0.5)),
    Population("metric: 20 % differ, equal", _few(0.2, 0), 0.0),
    Population("metric: 20 % differ, by 0.5", _few(0.2, 0.5), 0.1),
)


def student(x: Floats) -> tuple[float, float]:
    """Return the limits of Student's t."""
    half = float(t.ppf(1 - ALPHA / 2, x.size - 1) * x.std(ddof=1) / np.sqrt(x.size))
    return float(x.mean()) - half, float(x.mean()) + half


def accelerated(x: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """Return the limits of the BCa bootstrap."""
    found = bootstrap((x,), np.mean, n_resamples=RESAMPLES, method="BCa", rng=rng)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def holds(limits: tuple[float | None, float | None], truth: float) -> bool:
    """Return whether an interval contains the true value."""
    low, high = limits
    return low is not None and high is not None and low - 1e-12 <= truth <= high + 1e-12


def of_mean(population: Population, n: int, draws: int, others: bool = True) -> Covered:
    """Return the coverage of a mean: ours, BCa and Student's t on the same draws."""
    rng, hits = np.random.default_rng(SEED), []
    for _ in range(draws):
        x = population.draw(rng, n).astype(float)
        found = mean(x, share=population.share)
        if found.low is None:
            continue
        compared = [(found.low, found.high)]
        if others and np.ptp(x) > 0:
            compared += [accelerated(x, rng), student(x)]
        elif others:  # a single point, which both would state
            compared += [(found.value, found.value)] * 2
        hits.append([holds(one, population.truth) for one in compared])
    shares = np.array(hits, float).mean(0) if hits else np.array([np.nan] * 3)
    return Covered(population.name, n, tuple(map(float, shares)), 1 - len(hits) / draws, 0.0)


def of_difference(population: Population, n: int, draws: int) -> Covered:
    """Return the coverage of a paired difference, and how often it is told apart."""
    rng, hits, apart = np.random.default_rng(SEED), [], 0
    for _ in range(draws):
        d = population.draw(rng, n)
        found = change(np.zeros(n), d, share=population.share)
        apart += found.p is not None and found.p <= ALPHA
        if found.low is not None:
            hits.append(holds((found.low, found.high), population.truth))
    share = float(np.mean(hits)) if hits else np.nan
    return Covered(population.name, n, (share,), 1 - len(hits) / draws, apart / draws)


def tables(draws: int) -> Iterator[str]:
    """Yield the lines of both tables in Markdown."""
    yield "| values | n | stated | BCa | Student's t | no interval |"
    yield "|---|---:|---:|---:|---:|---:|"
    for population in MEANS:
        for n in SIZES:
            row = of_mean(population, n, draws)
            shares = " | ".join(f"{100 * share:.1f} %" for share in row.shares)
            yield f"| {row.name} | {n} | {shares} | {100 * row.none:.0f} % |"
    yield ""
    yield "| differences | n | stated | no interval | told apart, if equal |"
    yield "|---|---:|---:|---:|---:|"
    for population in DIFFERENCES:
        for n in SIZES:
            row = of_difference(population, n, draws)
            apart = f"{100 * row.apart:.1f} %" if population.truth == 0 else ""
            stated = f"{100 * row.shares[0]:.1f} %"
            yield f"| {row.name} | {n} | {stated} | {100 * row.none:.0f} % | {apart} |"


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Coverage of the intervals of metrics.")
    parser.add_argument("--draws", type=int, default=1000)
    for line in tables(parser.parse_args().draws):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The design of `config/experiments/6.0_frontier.yaml`, by simulation.

    python -m dev.frontier_design [--draws 2000]

Which lengths and how many cores tell two models apart with a power of 80 % for the least money.
The outcomes of a core go together (standard deviation 1 of the logit), the test is the sign-flip
test of the cores' mean successes. Costs are those of a token model at four price points.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.paired import sign_flip

Floats = NDArray[np.float64]
POWER = 0.8
SPREAD = 1.0
SEED = 18
PAIRS = ((16.0, 24.0), (32.0, 40.0))
DESIGNS: tuple[tuple[int, ...], ...] = (
    (8,), (16,), (32,), (64,), (4, 8), (8, 16), (16, 32), (32, 64), (4, 8, 16), (8, 16, 32),
    (16, 32, 64), (4, 8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32, 64), (2, 4, 8, 16, 32, 64),
)  # fmt: skip
CHOSEN = (8, 16, 32)
FEWEST = 3
"""Lengths that a design needs so that a horizon has an interval, and not only a test."""


@dataclass(frozen=True)
class Price:
    """USD per million input tokens, cached ones, and output tokens."""

    fresh: float
    cached: float
    output: float

    @property
    def name(self) -> str:
        """Return the price as it is quoted."""
        return f"{self.fresh:g}/{self.cached:g}/{self.output:g}"


PRICES = (Price(0.25, 0.025, 2), Price(1.25, 0.125, 10), Price(3, 0.3, 15), Price(15, 1.5, 75))


@dataclass(frozen=True)
class Tokens:
    """The tokens of an episode: what each request repeats, and what each call adds."""

    system: int = 3000
    request: int = 400
    calls_per_item: float = 3.0
    calls_besides: int = 4
    calls_per_message: int = 4
    output: int = 120
    result: int = 180

    def usd(self, items: int, price: Price) -> float:
        """Return the cost of an episode: each request repeats the history, which is cached."""
        calls = ceil(self.calls_per_item * items) + self.calls_besides
        messages = ceil(calls / self.calls_per_message)
        first, each = self.system + self.request, calls / messages * (self.output + self.result)
        cached = first * (messages - 1) + each * (messages - 1) * (messages - 2) / 2
        fresh = first + each * (messages - 1)
        paid = fresh * price.fresh + cached * price.cached + calls * self.output * price.output
        return paid / 1e6


@dataclass(frozen=True)
class Design:
    """A design: the cores that give the power for a pair of models, and the power simulated."""

    lengths: tuple[int, ...]
    pair: tuple[float, float]
    cores: int
    power: float

    def usd(self, price: Price) -> float:
        """Return the cost for each of the two models."""
        return self.cores * sum(Tokens().usd(items, price) for items in self.lengths)


def drawn(rng: np.random.Generator, pair: tuple[float, float], lengths: Floats, n: int) -> Floats:
    """Return outcomes of two models: 2 x cores x lengths, each item succeeding alike."""
    own = SPREAD * rng.standard_normal((n, 1))
    found = [
        rng.random((n, lengths.size)) < expit(logit(0.5 ** (lengths / truth)) + own)
        for truth in pair
    ]
    return np.array(found, float)


def cores_for(pair: tuple[float, float], lengths: tuple[int, ...]) -> int:
    """Return the cores for the power, from the mean and deviation of many paired differences."""
    found = drawn(np.random.default_rng(SEED), pair, np.array(lengths, float), 400_000)
    d = (found[1] - found[0]).mean(1)
    sides = float(norm.ppf(1 - ALPHA / 2) + norm.ppf(POWER))
    return ceil((sides * float(d.std()) / float(d.mean())) ** 2) + 2


def power(pair: tuple[float, float], lengths: tuple[int, ...], cores: int, draws: int) -> float:
    """Return the share of draws in which the test tells two models apart."""
    rng, sizes = np.random.default_rng(SEED + 1), np.array(lengths, float)
    told = 0
    for _ in range(draws):
        base, arm = drawn(rng, pair, sizes, cores).mean(2)
        told += sign_flip(arm - base) <= ALPHA
    return told / draws


def designs(pair: tuple[float, float], draws: int) -> Iterator[Design]:
    """Yield every design for a pair of models."""
    for lengths in DESIGNS:
        cores = cores_for(pair, lengths)
        yield Design(lengths, pair, cores, power(pair, lengths, cores, draws))


def table(found: list[Design]) -> Iterator[str]:
    """Yield the lines of a Markdown table, cheapest first."""
    price = " | ".join(f"USD at {price.name}" for price in PRICES)
    yield f"| N | cores | episodes | power | {price} |"
    yield "|---|---|---|---|" + "---|" * len(PRICES)
    for one in sorted(found, key=lambda design: design.usd(PRICES[2])):
        costs = " | ".join(f"{one.usd(price):,.2f}" for price in PRICES)
        sizes = ", ".join(map(str, one.lengths))
        episodes = one.cores * len(one.lengths)
        yield f"| {sizes} | {one.cores:,} | {episodes:,} | {100 * one.power:.0f} % | {costs} |"


def main() -> int:
    """Print a table for each pair of models; costs are per model."""
    parser = argparse.ArgumentParser(description="The design of 6.0_frontier by simulation.")
    parser.add_argument("--draws", type=int, default=2000)
    draws = parser.parse_args().draws
    for pair in PAIRS:
        print(f"\nHorizons {pair[0]:g} and {pair[1]:g}:\n")
        print("\n".join(table(list(designs(pair, draws)))), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Coverage of what the labels of people say about a judge, by simulation.

    PYTHONPATH=tests python -m support.judge_coverage [--draws 1000]

Judges of known error give verdicts on replies whose truth is known, and a random part of the
replies is labelled. Each line is a grid of settings: how many of the intervals contain the truth in
the worst setting and on average, in how many settings that is 93 to 97 %, and how wide they are.
Lines with a bullet are other intervals of the same draws, for comparison.
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
from pilotbench.results.statistics.agreement import Agreement, agreement
from pilotbench.results.statistics.corrected import corrected, difference
from pilotbench.results.statistics.intervals import Interval, wilson
from pilotbench.results.statistics.judge_errors import (
    Judged,
    confusion,
    errors_differ,
    rogan_gladen,
)
from pilotbench.results.statistics.preferences import ratings

Pair = tuple[float, float]
Setting = dict[str, tuple[float, float]]
"""By interval: its coverage and mean width in one setting."""

QUALITY = (0.6, 0.8, 0.9, 0.98)
RATES = (0.1, 0.3, 0.5, 0.7, 0.9)
LABELS = (30, 100, 300)
SIZES = (200, 1000)
SEED = 17
Z = float(norm.ppf(1 - ALPHA / 2))


@dataclass(frozen=True)
class Errors:
    """A judge: how often it calls a right reply right, and a wrong one wrong."""

    sensitivity: float
    specificity: float

    def verdicts(self, truth: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
        """Return its verdicts on replies."""
        draw = rng.random(truth.shape)
        verdicts: NDArray[np.bool_] = np.where(
            truth, draw < self.sensitivity, draw >= self.specificity
        )
        return verdicts


def sample(
    rng: np.random.Generator, judge: Errors, rate: float, n: int, labels: int
) -> tuple[Judged, NDArray[np.bool_]]:
    """Return one model's replies to `n` questions, a random part labelled, and the truth."""
    truth = rng.random(n) < rate
    label = np.full(n, np.nan)
    label[:labels] = truth[:labels]
    return Judged(np.arange(n), judge.verdicts(truth, rng), label), truth


def covered(found: list[Pair], truth: float) -> tuple[float, float]:
    """Return the share of intervals that contain the truth, and their mean width."""
    limits = np.array(found)
    held = (limits[:, 0] <= truth + 1e-9) & (truth - 1e-9 <= limits[:, 1])
    return float(held.mean()), float((limits[:, 1] - limits[:, 0]).mean())


def ends(found: Interval | Agreement, least: float = 0.0) -> Pair:
    """Return the limits; where there are none, all that is possible."""
    return least if found.low is None else found.low, 1.0 if found.high is None else found.high


def own_rogan_gladen(of: Judged) -> Pair:
    """Return the limits by sensitivity and specificity of the same replies."""
    errors = confusion(of)
    return ends(
        rogan_gladen(of.right.mean(), of.right.size, errors.sensitivity, errors.specificity)
    )


def plain_difference(of: Judged) -> Pair:
    """Return the limits of the plain prediction-powered estimate (arXiv:2301.09633)."""
    there = of.labelled
    off = of.label[there] - of.right[there]
    error = np.sqrt(of.right.var() / of.right.size + off.var(ddof=1) / off.size)
    value = of.right.mean() + off.mean()
    return max(0.0, value - Z * error), min(1.0, value + Z * error)


def wilson_of(values: NDArray[np.float64] | NDArray[np.bool_]) -> Pair:
    """Return Wilson's limits of the mean of values."""
    low, high = wilson(values.mean(), values.size)
    return float(low), float(high)


def limits_of(of: Judged) -> Pair:
    """Return the limits of the summary."""
    found = corrected(of)
    assert found is not None
    return found.low, found.high


def of_rates(draws: int) -> Iterator[Setting]:
    """Yield the corrected rate of one model, and other ways."""
    rng = np.random.default_rng(SEED)
    ways: dict[str, Callable[[Judged], Pair]] = {
        "corrected rate": limits_of,
        "• plain prediction-powered": plain_difference,
        "• sensitivity, specificity": own_rogan_gladen,
        "• labels alone": lambda of: wilson_of(of.label[of.labelled]),
        "• verdicts alone": lambda of: wilson_of(of.right),
    }
    for one, two, rate, labels, n in product(QUALITY, QUALITY, RATES, LABELS, SIZES):
        if labels > n:
            continue
        drawn = [sample(rng, Errors(one, two), rate, n, labels)[0] for _ in range(draws)]
        yield {name: covered([way(of) for of in drawn], rate) for name, way in ways.items()}


def of_few(draws: int) -> Iterator[Setting]:
    """Yield the corrected rate with very few labels."""
    rng = np.random.default_rng(SEED)
    for one, two, rate, labels in product((0.8, 0.95), (0.8, 0.95), (0.3, 0.7), (5, 10, 20)):
        drawn = [sample(rng, Errors(one, two), rate, 200, labels)[0] for _ in range(draws)]
        yield {"5 to 20 labels": covered([limits_of(of) for of in drawn], rate)}


def of_chosen(draws: int) -> Iterator[Setting]:
    """Yield the same where people label mostly what the judge calls wrong."""
    rng = np.random.default_rng(SEED)
    for one, two, rate in product((0.8, 0.95), (0.8, 0.95), (0.3, 0.7)):
        drawn = []
        for _ in range(draws):
            of, truth = sample(rng, Errors(one, two), rate, 500, 0)
            chosen = rng.random(500) < np.where(of.right, 0.1, 0.5)
            drawn.append(Judged(of.question, of.right, np.where(chosen, truth, np.nan)))
        yield {
            "mostly wrong ones labelled": covered([limits_of(of) for of in drawn], rate),
            "• sensitivity, specificity of those": covered(
                [own_rogan_gladen(of) for of in drawn], rate
            ),
        }


def alike(
    rng: np.random.Generator, mean: float, share: float, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Return chances of questions, repeated over columns: Beta with this mean."""
    size = 1 / share - 1
    chance = rng.beta(mean * size, (1 - mean) * size, shape[0])
    return np.repeat(chance[:, None], shape[1], axis=1)


def of_repeats(draws: int) -> Iterator[Setting]:
    """Yield the corrected rate with three repeats per question, all or one of them labelled."""
    rng = np.random.default_rng(SEED)
    for quality, rate, labels, whole in product((0.8, 0.95), (0.3, 0.7), (30, 100), (True, False)):
        drawn = []
        for _ in range(draws):
            chance = alike(rng, rate, 0.5, (200, 3))
            truth = rng.random(chance.shape) < chance
            skill = alike(rng, quality, 0.3, (200, 3))
            right = np.where(rng.random(chance.shape) < skill, truth, ~truth)
            label = np.full(chance.shape, np.nan)
            label[:labels, : 3 if whole else 1] = truth[:labels, : 3 if whole else 1]
            question = np.repeat(np.arange(200), 3)
            drawn.append(Judged(question, right.ravel(), label.ravel()))
        yield {"three repeats": covered([limits_of(of) for of in drawn], rate)}


def of_differences(draws: int) -> Iterator[Setting]:
    """Yield the difference of two models that the judge treats differently, and the test's level.

    The truth of both models and the labelled questions depend on each other through the questions.
    """
    rng = np.random.default_rng(SEED)
    judges = (Errors(0.8, 0.9), Errors(0.95, 0.7), Errors(0.98, 0.98))
    for first, second, rate, gain, labels, same in product(
        judges, judges, (0.3, 0.7), (0.0, 0.15), (30, 100), (True, False)
    ):
        found, naive, rejected = [], [], []
        for _ in range(draws):
            chance = alike(rng, rate, 0.5, (300, 1))[:, 0]
            models = []
            for judge, up in ((first, 0.0), (second, gain)):
                truth = rng.random(300) < chance + up * (1 - chance)
                chosen = np.arange(300) < labels if same else rng.permutation(300) < labels
                label = np.where(chosen, truth, np.nan)
                models.append(Judged(np.arange(300), judge.verdicts(truth, rng), label))
            base, arm = (corrected(of) for of in models)
            assert base
            assert arm
            between = difference(base, arm)
            found.append((between.low, between.high))
            rejected.append(between.p <= ALPHA)
            off = models[1].right.astype(float) - models[0].right
            half = Z * off.std(ddof=1) / np.sqrt(off.size)
            naive.append((off.mean() - half, off.mean() + half))
        true = gain * (1 - rate)
        lines = {"difference": covered(found, true), "• of verdicts": covered(naive, true)}
        if gain == 0:
            lines["equal models not told apart"] = (1 - float(np.mean(rejected)), 0.0)
        yield lines


def of_pooled(draws: int) -> Iterator[Setting]:
    """Yield the rate of a model without labels, from labels of three others.

    With equal errors, and where the judge is 10 points milder to that model.
    """
    rng = np.random.default_rng(SEED)
    for one, two, rate, labels in product((0.8, 0.9, 0.98), (0.8, 0.9, 0.98), RATES, LABELS):
        ways: dict[str, list[Pair]] = {"no label, errors alike": [], "• errors not alike": []}
        for _ in range(draws):
            others = [
                sample(rng, Errors(one, two), r, labels // 3, labels // 3)[0]
                for r in (0.3, 0.5, 0.7)
            ]
            pooled = confusion(joined(others))
            milder = Errors(min(1.0, one + 0.1), two - 0.1)
            for judge, found in zip((Errors(one, two), milder), ways.values(), strict=True):
                of, _ = sample(rng, judge, rate, 500, 0)
                limits = rogan_gladen(
                    float(of.right.mean()), 500, pooled.sensitivity, pooled.specificity
                )
                found.append(ends(limits))
        yield {name: covered(found, rate) for name, found in ways.items()}


def joined(models: list[Judged]) -> Judged:
    """Return the replies of several models to the same questions as one."""
    return Judged(
        np.concatenate([of.question for of in models]),
        np.concatenate([of.right for of in models]),
        np.concatenate([of.label for of in models]),
    )


def of_errors(draws: int) -> Iterator[Setting]:
    """Yield sensitivity of a judge over four models whose replies it finds hard together."""
    rng = np.random.default_rng(SEED)
    for quality, rate, questions, share in product(
        QUALITY, (0.3, 0.7), (20, 50, 150), (0.001, 0.2, 0.6)
    ):
        found, apart = [], []
        for _ in range(draws):
            skill = alike(rng, quality, share, (questions, 4))
            truth = rng.random(skill.shape) < rate
            right = np.where(rng.random(skill.shape) < skill, truth, ~truth)
            question = np.repeat(np.arange(questions), 4)
            of = Judged(question, right.ravel(), truth.ravel().astype(float))
            found.append(ends(confusion(of).sensitivity))
            apart.append(wilson_of(of.right[of.label == 1]) if truth.any() else (0.0, 1.0))
        yield {
            "sensitivity": covered(found, quality),
            "• replies as independent": covered(apart, quality),
        }


def of_test(draws: int) -> Iterator[Setting]:
    """Yield how often errors that are alike are not called different."""
    rng = np.random.default_rng(SEED)
    for quality, labels in product((0.8, 0.95), (30, 100)):
        found = []
        for _ in range(max(20, draws // 5)):
            models = [sample(rng, Errors(quality, quality), 0.5, labels, labels)[0] for _ in "abc"]
            found.append(errors_differ({str(i): of for i, of in enumerate(models)}))
        kept = float(np.mean([p is None or p > ALPHA for p in found]))
        yield {"errors alike, not called different": (kept, 0.0)}


def true_alpha(judge: Errors, rate: float) -> float:
    """Return alpha of a judge and the truth in a large sample."""
    apart = rate * (1 - judge.sensitivity) + (1 - rate) * (1 - judge.specificity)
    right = rate * judge.sensitivity + (1 - rate) * (1 - judge.specificity)
    mean = (rate + right) / 2
    return 1 - apart / (2 * mean * (1 - mean))


def bootstrapped(table: NDArray[np.float64], rng: np.random.Generator, draws: int = 300) -> Pair:
    """Return percentile limits of alpha of two raters, resampled over units."""
    n = len(table)
    weights = rng.multinomial(n, np.full(n, 1 / n), draws)
    apart, ones = weights @ (table[:, 0] != table[:, 1]), weights @ table.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = 1 - apart * (2 * n - 1) / (ones * (2 * n - ones))
    low, high = np.quantile(np.nan_to_num(values, nan=1.0), [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)


def of_agreement(draws: int) -> Iterator[Setting]:
    """Yield Krippendorff's alpha of a judge and a person."""
    rng = np.random.default_rng(SEED)
    for one, two, rate, n in product(QUALITY, QUALITY, (0.3, 0.5, 0.9), (20, 30, 100, 300)):
        found, plain = [], []
        for _ in range(max(20, draws // 4)):
            of, truth = sample(rng, Errors(one, two), rate, n, n)
            table = np.column_stack([of.right, truth]).astype(float)
            found.append(ends(agreement(table, range(n)), -1.0))
            plain.append(bootstrapped(table, rng))
        true = true_alpha(Errors(one, two), rate)
        yield {"alpha": covered(found, true), "• bootstrap": covered(plain, true)}


def of_ratings(draws: int) -> Iterator[Setting]:
    """Yield Bradley-Terry ratings of the weakest, a middle and the strongest model.

    A model's reply is better on some questions than on others, so its comparisons on one question
    depend on each other. Every pair is compared on every question: the rating is the share won.
    """
    rng = np.random.default_rng(SEED)
    for models, questions, spread, ties in product((2, 4, 6), (20, 50, 200), (0.3, 1.5), (0, 0.3)):
        strength = np.linspace(-spread, spread, models)
        true = compared(rng, strength, 20_000, ties).sum(2).mean(0) / (models - 1)
        found: list[list[Pair]] = [[] for _ in range(models)]
        for _ in range(max(20, draws // 4)):
            for place, limits in enumerate(
                ratings(compared(rng, strength, questions, ties)).ratings
            ):
                found[place].append(ends(limits))
        for place in sorted({0, models // 2, models - 1}):
            yield {"rating": covered(found[place], float(true[place]))}


def compared(
    rng: np.random.Generator, strength: NDArray[np.float64], questions: int, ties: float
) -> NDArray[np.float64]:
    """Return outcomes of every pair on every question, some of them ties."""
    models = strength.size
    there = strength + rng.normal(0, 1, (questions, models))
    rows, columns = np.triu_indices(models, 1)
    chance = 1 / (1 + np.exp(there[:, columns] - there[:, rows]))
    outcome = (rng.random(chance.shape) < chance).astype(float)
    outcome = np.where(rng.random(chance.shape) < ties, 0.5, outcome)
    wins = np.zeros((questions, models, models))
    wins[:, rows, columns], wins[:, columns, rows] = outcome, 1 - outcome
    return wins


REPORTS: tuple[Callable[[int], Iterator[Setting]], ...] = (
    of_rates,
    of_few,
    of_chosen,
    of_repeats,
    of_differences,
    of_pooled,
    of_errors,
    of_test,
    of_agreement,
    of_ratings,
)


def table(settings: Iterator[Setting]) -> dict[str, NDArray[np.float64]]:
    """Return coverage and width of each interval in every setting."""
    found: dict[str, list[tuple[float, float]]] = {}
    for setting in settings:
        for name, pair in setting.items():
            found.setdefault(name, []).append(pair)
    return {name: np.array(pairs) for name, pairs in found.items()}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Coverage of intervals that use labels.")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--only", help="one report, such as of_rates")
    given = parser.parse_args()
    draws = given.draws
    print(f"{'':36}{'settings':>9}{'worst':>9}{'mean':>9}{'93 to 97 %':>12}{'width':>8}")
    for settings in (r for r in REPORTS if given.only in (None, r.__name__)):
        for name, found in table(settings(draws)).items():
            cover, width = found[:, 0], found[:, 1].mean()
            inside = ((cover >= 0.93) & (cover <= 0.97)).mean()
            print(
                f"{name:36}{len(found):9}{100 * cover.min():7.1f} %{100 * cover.mean():7.1f} %"
                f"{100 * inside:10.0f} %{width:8.3f}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Success rates that are corrected for a judge's errors, by labels of people."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.distributions import normal_quantile, normal_tail
from pilotbench.results.statistics.intervals import Floats
from pilotbench.results.statistics.judge_errors import Judged

PRECISE = 0.05  # half the width of an interval that is called precise


@dataclass(frozen=True)
class Corrected:
    """A success rate as people would give it, from all verdicts and some labels.

    `influence` is what each question adds to the estimate, for differences of two models.
    `needed` more labels would give limits of 5 points either side; None where no number does.
    """

    value: float
    low: float
    high: float
    centre: float
    variance: float
    influence: Floats
    needed: int | None


def corrected(of: Judged, questions: int | None = None) -> Corrected | None:
    """Return the corrected rate of one model's replies; None without a label.

    Replies judged right and replies judged wrong are two strata: of each, the labels say how many
    are right. It assumes nothing about the judge, and that the labelled replies of a stratum are a
    random part of it. It equals prediction-powered inference with the best weight of the verdicts
    (A. Angelopoulos et al., arXiv:2311.01453) for yes-or-no verdicts; for limits that hold with
    few labels, half a right and half a wrong reply are added to each stratum, and two of each
    verdict to the verdicts. `python -m support.judge_coverage` shows their coverage.
    Source: W. G. Cochran, Sampling Techniques (1977), section 5A.9 and chapter 12.
    """
    n, labels = of.right.size, of.labels
    if not labels:
        return None
    there, size = of.labelled, questions or int(of.question.max()) + 1
    share_right = (of.right.sum() + 2) / (n + 4)
    weights = np.array([1 - share_right, share_right])
    met = np.array([(there & (of.right == verdict)).sum() for verdict in (False, True)])
    held = np.array([of.label[there & (of.right == verdict)].sum() for verdict in (False, True)])
    rates = (held + 0.5) / (met + 1)
    by_labels = float((weights**2 * rates * (1 - rates) / (met + 1)).sum())
    by_verdicts = float((rates[1] - rates[0]) ** 2 * share_right * (1 - share_right) / (n + 4))
    influence = _influence(of, rates, size)
    variance = (by_labels + by_verdicts) * _together(of, rates, influence)
    centre = float(weights @ rates)
    value = _plain(of, met, held)
    half = float(normal_quantile(1 - ALPHA / 2)) * sqrt(variance)
    return Corrected(
        value,
        min(value, max(0.0, centre - half)),
        max(value, min(1.0, centre + half)),
        centre,
        variance,
        influence,
        _needed(by_labels * labels, by_verdicts, labels, n),
    )


def _plain(of: Judged, met: Floats, held: Floats) -> float:
    """Return the estimate without what limits add; half of a stratum without labels is right."""
    rates = np.where(met > 0, held / np.maximum(met, 1), 0.5)
    right = float(of.right.mean())
    return float((1 - right) * rates[0] + right * rates[1])


def _residuals(of: Judged, rates: Floats) -> Floats:
    """Return what each reply adds to the estimate."""
    n, there = of.right.size, of.labelled
    guess = rates[of.right.astype(int)]
    found: Floats = guess - guess.mean()
    for verdict in (False, True):
        stratum = of.right == verdict
        chosen = stratum & there
        if chosen.any():
            found[chosen] += (of.label[chosen] - guess[chosen]) * stratum.sum() / chosen.sum()
    return found / n


def _influence(of: Judged, rates: Floats, size: int) -> Floats:
    return np.bincount(of.question, _residuals(of, rates), size).astype(float)


def _together(of: Judged, rates: Floats, influence: Floats) -> float:
    """Return by how much the variance grows because replies to one question are alike."""
    if np.bincount(of.question).max() < 2:
        return 1.0
    alone = float((_residuals(of, rates) ** 2).sum())
    return max(1.0, float((influence**2).sum()) / alone) if alone > 0 else 1.0


def _needed(per_label: float, by_verdicts: float, labels: int, n: int) -> int | None:
    """Return how many more random labels give limits of `PRECISE`; None if all are too few."""
    spare = (PRECISE / float(normal_quantile(1 - ALPHA / 2))) ** 2 - by_verdicts
    if spare <= 0 or per_label / spare > n:
        return None
    return max(0, ceil(per_label / spare) - labels)


@dataclass(frozen=True)
class Difference:
    """The difference of two corrected rates on the same questions, and its test."""

    value: float
    low: float
    high: float
    p: float


def difference(base: Corrected, arm: Corrected) -> Difference:
    """Return arm - base, whose influences are of the same questions in the same order."""
    shared = float(base.influence @ arm.influence)
    sizes = sqrt(float((base.influence**2).sum()) * float((arm.influence**2).sum()))
    alike = shared / sizes if sizes > 0 else 0.0
    error = sqrt(
        max(base.variance + arm.variance - 2 * alike * sqrt(base.variance * arm.variance), 1e-12)
    )
    value, centre = arm.value - base.value, arm.centre - base.centre
    half = float(normal_quantile(1 - ALPHA / 2)) * error
    p = 2 * float(normal_tail(abs(centre) / error))
    return Difference(
        value, min(value, max(-1.0, centre - half)), max(value, min(1.0, centre + half)), p
    )

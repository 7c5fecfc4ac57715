"""A judge's errors, found by labels of people, and what they mean for a model without labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pilotbench.results.statistics import ALPHA
from pilotbench.results.statistics.distributions import normal_quantile, t_quantile
from pilotbench.results.statistics.intervals import Floats, Interval, wilson

SEED = 20_260_102


@dataclass(frozen=True)
class Judged:
    """Replies with a verdict each, some of them labelled.

    `question` says which replies belong together; `right` is the verdict; `label` is the share of
    people who call the reply right, NaN where nobody has labelled it.
    """

    question: NDArray[np.int_]
    right: NDArray[np.bool_]
    label: Floats

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Which replies have a label."""
        return ~np.isnan(self.label)

    @property
    def labels(self) -> int:
        """How many do."""
        return int(self.labelled.sum())


def judged(question: Iterable[Any], right: Any, label: Any) -> Judged:
    """Return replies as `Judged`; questions may have any names."""
    places: dict[Any, int] = {}
    codes = [places.setdefault(name, len(places)) for name in question]
    return Judged(np.asarray(codes, int), np.asarray(right, bool), np.asarray(label, float))


@dataclass(frozen=True)
class Confusion:
    """Verdicts against labels: a reply that people disagree about counts in two cells."""

    right_right: float
    right_wrong: float
    wrong_right: float
    wrong_wrong: float
    sensitivity: Interval
    specificity: Interval


def confusion(of: Judged) -> Confusion:
    """Return how verdicts and labels meet (verdict first), sensitivity and specificity.

    Sensitivity is the share of replies that people call right which the judge calls right too;
    specificity the same of wrong ones. Their limits are Wilson's at the effective number of
    replies, which is smaller where errors concentrate on some questions.
    """
    there = of.labelled
    right, label, question = of.right[there], of.label[there], of.question[there]
    return Confusion(
        float(label[right].sum()),
        float((1 - label[right]).sum()),
        float(label[~right].sum()),
        float((1 - label[~right]).sum()),
        share(right, label, question),
        share(~right, 1 - label, question),
    )


def share(hit: NDArray[np.bool_], weight: Floats, question: NDArray[np.int_]) -> Interval:
    """Return the weighted share of hits with Wilson's limits, replies of a question together."""
    total = float(weight.sum())
    if total <= 0:
        return Interval(None, None, None)
    value = float((weight * hit).sum()) / total
    low, high = wilson(value, effective(hit, weight, question))
    return Interval(value, float(low), float(high), round(total))


def effective(hit: NDArray[np.bool_], weight: Floats, question: NDArray[np.int_]) -> float:
    """Return how many independent replies are worth as much: at most their number.

    Source: E. Korn, B. Graubard, Survey Methodology 24 (1998) 193-201, with its factor of Student's
    t for few questions.
    """
    total = float(weight.sum())
    value = (float((weight * hit).sum()) + 1) / (total + 2)
    sums = np.bincount(question, weight * (hit - value))
    groups = int((np.bincount(question, weight) > 0).sum())
    if groups < 2:
        return min(total, 1.0)
    spread = float((sums**2).sum()) * groups / (groups - 1)
    few = float((normal_quantile(1 - ALPHA / 2) / t_quantile(1 - ALPHA / 2, groups - 1)) ** 2)
    return total * min(1.0, few * total * value * (1 - value) / spread) if spread > 0 else total


def errors_differ(models: Mapping[str, Judged]) -> float | None:
    """Return the p-value of the test that the judge errs alike on all models; None without data.

    Fisher's exact test of models x verdicts among replies that people call right, and among wrong
    ones; the smaller p-value, doubled. Replies that people disagree about are left out.
    """
    p_values = []
    for truth in (1.0, 0.0):
        rows = [of.right[of.label == truth] for of in models.values()]
        table = np.array(
            [[verdicts.sum(), (~verdicts).sum()] for verdicts in rows if verdicts.size]
        )
        if len(table) > 1 and (table.sum(0) > 0).all():
            p_values.append(_fisher(table))
    return min(1.0, len(p_values) * min(p_values)) if p_values else None


def _fisher(table: NDArray[np.int_]) -> float:
    from scipy.stats import MonteCarloMethod, fisher_exact

    if len(table) == 2:
        return float(fisher_exact(table).pvalue)
    method = MonteCarloMethod(n_resamples=9999, rng=np.random.default_rng(SEED))
    return float(fisher_exact(table, method=method).pvalue)


def rogan_gladen(right: float, n: float, sensitivity: Interval, specificity: Interval) -> Interval:
    """Return the rate of a model without labels, from the judge's errors on other models.

    It assumes that the judge errs on this model as on those. `right` is the share of `n` replies
    that it calls right. Unknown (value None, limits 0 and 1) if the judge cannot be told from
    chance. Sources: W. Rogan, B. Gladen, American Journal of Epidemiology 107 (1978) 71-76;
    limits: Z. Lang, J. Reiczigel, Preventive Veterinary Medicine 113 (2014) 13-22.
    """
    z = float(normal_quantile(1 - ALPHA / 2))
    if sensitivity.value is None or specificity.value is None:
        return Interval(None, 0.0, 1.0, round(n))
    places = sensitivity.n + 2, specificity.n + 2
    hit = (sensitivity.value * sensitivity.n + 1) / places[0]
    reject = (specificity.value * specificity.n + 1) / places[1]
    skill = hit + reject - 1
    spread = hit * (1 - hit) / places[0], reject * (1 - reject) / places[1]
    if skill <= z * sqrt(spread[0] + spread[1]):
        return Interval(None, 0.0, 1.0, round(n))
    seen = (right * n + z**2 / 2) / (n + z**2)
    rate = (seen + reject - 1) / skill
    shift = 2 * z**2 * (rate * spread[0] - (1 - rate) * spread[1])
    error = sqrt(seen * (1 - seen) / (n + z**2) + rate**2 * spread[0] + (1 - rate) ** 2 * spread[1])
    half = z * error / skill
    skill_seen = sensitivity.value + specificity.value - 1
    value = min(1.0, max(0.0, (right + specificity.value - 1) / skill_seen))
    low, high = max(0.0, rate + shift - half), min(1.0, rate + shift + half)
    return Interval(value, min(low, value), max(high, value), round(n))

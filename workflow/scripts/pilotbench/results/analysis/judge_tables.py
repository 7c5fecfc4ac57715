"""The tables about judges, labels of people and pairwise comparisons."""

from __future__ import annotations

import pandas as pd

from pilotbench.results.analysis.corrected_rates import corrected_differences, corrected_table
from pilotbench.results.analysis.labelled import judges_table, raters_table
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.pairwise import pair_judges_table, ratings_table

Described = tuple[str, str, str, pd.DataFrame]


def judge_tables(data: SummaryData, episodes: pd.DataFrame) -> list[Described]:
    """Return name, title, description and frame of each; without labels and judges all are empty.

    `episodes` as `scores.prepared`.
    """
    return [
        (
            "corrected",
            "Corrected for the judge's errors",
            "The share of replies that people would call right: from all verdicts, and the labels "
            "of some replies. More labels: how many more, of replies drawn at random, would give "
            "limits of 5 points either side.",
            corrected_table(data, episodes),
        ),
        (
            "contrasts_corrected",
            "Differences: corrected rates",
            "Two models on the same questions, each corrected by labels of its own replies. One "
            "Holm family per task and prompt. Positive means the arm did better than the base.",
            corrected_differences(data, episodes),
        ),
        (
            "judges",
            "Judges and people",
            "Verdicts against labels: a reply that as many people call right as wrong counts half "
            "in two cells (verdict first). A small p says that the judge does not err alike on all "
            "models.",
            judges_table(data, episodes),
        ),
        (
            "raters",
            "Agreement of raters",
            "Krippendorff's alpha (1 is agreement, 0 what chance gives) among people, among "
            "judges, and of a judge with itself.",
            raters_table(data),
        ),
        (
            "pairwise",
            "Pairwise comparisons",
            "Ratings by Bradley and Terry's model: the expected share of comparisons won against "
            "the other models, ties half. The question is the unit of the intervals.",
            ratings_table(data),
        ),
        (
            "pair_judges",
            "Judges of pairs",
            "Consistent: the same reply wins in both orders, otherwise it is a tie. Without a bias "
            "for the position a judge prefers the reply that it is shown first in 50 %.",
            pair_judges_table(data),
        ),
    ]

"""Replies with verdicts and labels, from counts."""

from __future__ import annotations

import numpy as np

from pilotbench.results.statistics.judge_errors import Judged, judged


def replies(
    right_right: int,
    right_wrong: int,
    wrong_right: int,
    wrong_wrong: int,
    more_right: int = 0,
    more_wrong: int = 0,
) -> Judged:
    """Return labelled replies by (verdict, label), and unlabelled ones by verdict."""
    counts = (right_right, right_wrong, wrong_right, wrong_wrong, more_right, more_wrong)
    kinds = ((1, 1), (1, 0), (0, 1), (0, 0), (1, np.nan), (0, np.nan))
    cells = np.repeat(np.array(kinds, float), counts, axis=0)
    return judged(range(len(cells)), cells[:, 0], cells[:, 1])

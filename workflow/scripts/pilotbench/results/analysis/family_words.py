"""What stands above and in the rows of a table of comparisons, in words."""

from __future__ import annotations

import pandas as pd

from pilotbench.results.analysis.load import SummaryData


def named_sides(contrasts: pd.DataFrame, data: SummaryData) -> pd.DataFrame:
    """Return the contrasts of models with the protocol of both sides."""
    if contrasts.empty:
        return contrasts
    protocol = {name: facts.protocol for name, facts in data.models.items()}
    named = contrasts.drop(columns="model")
    for side in ("base", "arm"):
        place = list(named.columns).index(side) + 1
        named.insert(place, f"{side}_protocol", [protocol[name] for name in contrasts[side]])
    return named


BETTER = "Positive means the arm did better than the base."
MEANS = {"followed": "Positive means the flaw was followed, not only met by chance."}
"""What a positive difference means where it is not success."""


def family_words(frame: pd.DataFrame, positive: str = BETTER) -> str:
    """Return a description of the family, for the line above its table."""
    tests = sorted({str(test) for test in frame["test"] if test})
    tested, owing = int(frame["p"].notna().sum()), int((frame["owed"] > 0).sum())
    kind = "screening, " if (frame["note"] == "screening").any() else ""
    sentences = []
    if tested:
        sentences.append(
            f"One Holm family of {tested} {'comparison' if tested == 1 else 'comparisons'} "
            f"({kind}{' and '.join(tests)}) on {_counts(frame['n'])} shared instances."
        )
    if owing:
        sentences.append(
            f"{owing} {'comparison has' if owing == 1 else 'comparisons have'} owed episodes: "
            "worst cases are shown, and no conclusion is drawn."
        )
    return " ".join([*sentences, positive])


def _counts(n: pd.Series) -> str:
    low, high = int(n.min()), int(n.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"

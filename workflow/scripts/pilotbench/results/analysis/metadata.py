"""Success by the metadata of a pack's questions: language, topic, whatever its table has."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pandas as pd

from pilotbench.results.analysis.measures import means
from pilotbench.results.analysis.scores import COUNTS, scores

MOST = 12
UNFINISHED = ["owed", "mean_lower", "mean_upper"]
KEYS = ["model", "prompt", "task", "column", "value"]
SHOWN = [
    *("completed", "n", "success_rate", "success_rate_low", "success_rate_high"),
    *("flexible_match", "strict_match", "score", "score_low", "score_high"),
]


def metadata_table(episodes: pd.DataFrame) -> pd.DataFrame:
    """Return one row per model, prompt, task and value of each column with few values."""
    if "metadata" not in episodes or not episodes["metadata"].notna().any():
        return pd.DataFrame()
    found = [_scores(part) for part in _columns(episodes[episodes["metadata"].notna()])]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def metadata_means(found: pd.DataFrame) -> pd.DataFrame:
    """Return the same for each score and further number; `found` as of `measures`."""
    if found.empty or "metadata" not in found:
        return pd.DataFrame()
    parts = [means(part, [*KEYS, "metric"]) for part in _columns(found[found["metadata"].notna()])]
    return pd.concat(parts, ignore_index=True).drop(columns=UNFINISHED) if parts else pd.DataFrame()


def _columns(episodes: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield, for each task and column with few values, the episodes with that value."""
    for _, of_task in episodes.groupby("task", sort=False):
        known = {text: json.loads(text) for text in of_task["metadata"].unique()}
        for column in dict.fromkeys(name for values in known.values() for name in values):
            words = {
                text: _word(values[column]) for text, values in known.items() if column in values
            }
            value = of_task["metadata"].map(words)
            there = of_task[value.notna()].assign(column=column, value=value.dropna())
            if _are_few(there):
                yield there


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _are_few(there: pd.DataFrame) -> bool:
    """Return whether a column groups questions: a few values, each of several questions."""
    values, questions = there["value"].nunique(), there["index"].nunique()
    return bool(2 <= values <= MOST and 2 * values <= questions)


def _scores(there: pd.DataFrame) -> pd.DataFrame:
    counts = there.groupby(KEYS, sort=True).size().rename("planned").reset_index()
    cells = counts.assign(**{name: 0 for name in COUNTS if name != "planned"})
    return scores(there, cells, KEYS).reindex(columns=[*KEYS, *SHOWN])

"""Success by the metadata of a pack's questions, and of the instances of benchmark version 4."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pandas as pd

from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scorers.scorer import as_text
from pilotbench.results.analysis.measures import means
from pilotbench.results.analysis.scores import COUNTS, scores

MOST = 12
SUBJECTS = 13
"""The most values of a column of version 4: the subjects of its instances."""
UNFINISHED = ["owed", "mean_lower", "mean_upper"]
KEYS = ["model", "prompt", "task", "column", "value"]
SHOWN = [
    *("completed", "n", "success_rate", "success_rate_low", "success_rate_high"),
    *("flexible_match", "strict_match", "score", "score_low", "score_high"),
]


def metadata_table(episodes: pd.DataFrame) -> pd.DataFrame:
    """Return one row per model, prompt, task and value of each column with few values.

    The instances of version 4 are left out: see `instance_table`.
    """
    known = _with_metadata(episodes)
    if known.empty:
        return pd.DataFrame()
    return _joined(_columns(known[~known["task"].isin(LEVELS)]))


def instance_table(episodes: pd.DataFrame) -> pd.DataFrame:
    """Return the same by what the instances of version 4 are; `episodes` are those of its tasks.

    Register and subject are those of a core, which occurs at every level: all tasks are taken
    together, with the core as the unit. The wording is compared within `wording`, and how a task
    has to end within `abstention` and `workflow`: elsewhere they do not vary.
    """
    known = _with_metadata(episodes)
    if known.empty:
        return pd.DataFrame()
    facts = [
        json.loads(text) | _of_level(task, level)
        for text, task, level in zip(
            known["metadata"], known["task"], known["difficulty"], strict=True
        )
    ]
    parts = [known.assign(task="all", metadata=_only(facts, "register", "subject"))]
    for column, tasks in (("wording", ["wording"]), ("end", ["abstention", "workflow"])):
        part = known.assign(metadata=_only(facts, column))
        parts.append(part[part["task"].isin(tasks)])
    return _joined(there for part in parts for there in _columns(part, SUBJECTS))


def _with_metadata(episodes: pd.DataFrame) -> pd.DataFrame:
    there = "metadata" in episodes
    return episodes[episodes["metadata"].notna()] if there else episodes.iloc[:0]


def _of_level(task: str, level: str) -> dict[str, str]:
    """Return what the level says of an instance."""
    point = LEVELS[task][level]
    told = {"wording": point.wording}
    return told | ({"end": "injected"} if (task, point.injected) == ("abstention", True) else {})


def _only(facts: list[dict[str, str]], *columns: str) -> list[str]:
    """Return some of the facts as metadata, in lower case."""
    return [json.dumps({name: one[name].lower() for name in columns}) for one in facts]


def _joined(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    found = [_scores(part) for part in parts]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def metadata_means(found: pd.DataFrame) -> pd.DataFrame:
    """Return the same for each score and further number; `found` as of `measures`."""
    if found.empty or "metadata" not in found:
        return pd.DataFrame()
    parts = [means(part, [*KEYS, "metric"]) for part in _columns(found[found["metadata"].notna()])]
    return pd.concat(parts, ignore_index=True).drop(columns=UNFINISHED) if parts else pd.DataFrame()


def _columns(episodes: pd.DataFrame, most: int = MOST) -> Iterator[pd.DataFrame]:
    """Yield, for each task and column with few values, the episodes with that value."""
    for _, of_task in episodes.groupby("task", sort=False):
        known = {text: json.loads(text) for text in of_task["metadata"].unique()}
        for column in dict.fromkeys(name for values in known.values() for name in values):
            words = {
                text: as_text(values[column]) for text, values in known.items() if column in values
            }
            value = of_task["metadata"].map(words)
            there = of_task[value.notna()].assign(column=column, value=value.dropna())
            if _are_few(there, most):
                yield there


def _are_few(there: pd.DataFrame, most: int) -> bool:
    """Return whether a column groups questions: a few values, each of several questions."""
    values, questions = there["value"].nunique(), there["index"].nunique()
    return bool(2 <= values <= most and 2 * values <= questions)


def _scores(there: pd.DataFrame) -> pd.DataFrame:
    counts = there.groupby(KEYS, sort=True).size().rename("planned").reset_index()
    cells = counts.assign(**{name: 0 for name in COUNTS if name != "planned"})
    return scores(there, cells, KEYS).reindex(columns=[*KEYS, *SHOWN])

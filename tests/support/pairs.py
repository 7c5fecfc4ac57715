"""Pairwise verdicts of one judge on all pairs of models."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

from support.judged_data import MODELS, PLACE

Json = dict[str, Any]


def pair(data: Any, index: int, first: str, second: str, **said: Any) -> Json:
    """Return a verdict on the replies of two models to a question."""
    frame = data.episodes.set_index([data.episodes["model"].astype(str), "index"])
    one, other = frame.loc[(first, index)], frame.loc[(second, index)]
    place = {name: one[name] for name in PLACE if name not in ("repeat", "index", "model")}
    place |= {"index": index, "model": first, "episode_repeat": one["repeat"]}
    return {**place, "kind": "pair", "judge": "j", "other": other["episode"], **said}


def verdicts(
    data: Any, outcome: Callable[[int, str, str, bool], str], questions: int, **said: Any
) -> list[Json]:
    """Return verdicts on all pairs in both orders; `outcome(index, first, second, swapped)`."""
    return [
        pair(data, index, first, second, swapped=swapped, **said)
        | {"winner": outcome(index, first, second, swapped)}
        for index in range(questions)
        for first, second in combinations(MODELS, 2)
        for swapped in (False, True)
    ]


def all_pairs(data: Any, outcome: Callable[[int, str, str], str], questions: int) -> list[Json]:
    """Return the same verdict in both orders of each pair."""
    return verdicts(data, lambda index, first, second, _: outcome(index, first, second), questions)

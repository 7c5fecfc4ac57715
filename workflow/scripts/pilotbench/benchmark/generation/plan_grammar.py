"""What the plans of a task type are made of: only data, so that listing tasks is fast.

A recipe is a sequence of tokens (see `plan_steps`); `plan_catalogue` makes catalogues of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Recipe = tuple[str, ...]

SINKS = ("write", "post", "push", "put", "notify", "schedule", "log")
FIGURES = ("aggregate", "analyze", "predict")
SHAPES = ("filter", "transform", "validate", "map", "optimize", "group")
FORMATS = ("convert", "compress")

ONE_STEP: tuple[Recipe, ...] = (
    *((token,) for token in ("read", "fetch", "connect", "get", "pull", "simulate")),
    *((f"{token}>ask",) for token in ("scan", "note", "track", "check", "monitor")),
    *(
        ("given", token)
        for token in (
            *("filter", "transform", "validate", "map", "optimize", *FIGURES, *FORMATS),
            *("write", "post", "notify", "schedule", "log"),
        )
    ),
)


@dataclass(frozen=True, eq=False)
class Grammar:
    """What the plans of a task type are made of; one object per type, compared by identity.

    `least` and `most` count steps; `lookups` and `moves` are the minimum numbers of lookups and of
    operations between source and sink.
    """

    task: str
    least: int
    most: int
    sources: tuple[str, ...]
    sinks: tuple[str, ...] = SINKS
    lookups: int = 0
    moves: int = 0
    more_sinks: float = 0.0
    looks: float = 0.5
    accept: Callable[[Recipe], bool] = lambda recipe: True
    extra: tuple[Recipe, ...] = ()
    size: int = 120

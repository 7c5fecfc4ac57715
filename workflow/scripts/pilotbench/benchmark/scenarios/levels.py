"""The tasks of version 4, one per axis, and their levels in the order of the axis.

The first level of each task but `horizon` and `workflow` is the same point as `n4` of `horizon`:
the control of the paired contrast. Equal points ask the same, so they share a folder of the journal
(`shared_place`), which answers all of them once one has been asked. `workflow` has the five names
of difficulty as points on all axes together.
"""

from __future__ import annotations

from functools import cache

from pilotbench.benchmark.scenarios.point import Point

LEVELS: dict[str, dict[str, Point]] = {
    "workflow": {
        "very_easy": Point(items=1, end="mixed"),
        "easy": Point(items=2, end="mixed"),
        "medium": Point(items=4, end="mixed", observation=("hidden",)),
        "hard": Point(items=8, end="mixed", rules=1000, observation=("hidden", "searched")),
        "very_hard": Point(
            items=16,
            end="mixed",
            rules=2000,
            observation=("hidden", "searched", "named"),
            recovery=("committed",),
            injected=True,
        ),
    },
    "horizon": {f"n{items}": Point(items=items) for items in (2, 4, 8, 16, 32, 64)},
    "policy": {
        "no_rules": Point(items=4),
        "rules_1000": Point(items=4, rules=1000),
        "rules_2000": Point(items=4, rules=2000),
        "rules_4000": Point(items=4, rules=4000),
    },
    "observation": {
        "in_view": Point(items=4),
        "hidden": Point(items=4, observation=("hidden",)),
        "named": Point(items=4, observation=("named",)),
        "joined": Point(items=4, observation=("joined",)),
        "searched": Point(items=4, observation=("searched",)),
    },
    "recovery": {
        "calm": Point(items=4),
        "committed": Point(items=4, recovery=("committed",)),
        "down": Point(items=4, recovery=("down",)),
        "undo": Point(items=4, recovery=("undo",)),
        "partial": Point(items=4, recovery=("partial",)),
    },
    "abstention": {
        "possible": Point(items=4),
        "impossible": Point(items=4, end="impossible"),
        "forbidden": Point(items=4, end="forbidden", rules=1000),
        "injected": Point(items=4, injected=True),
    },
    "wording": {
        "public": Point(items=4),
        "held_out": Point(items=4, wording="held_out"),
    },
    "dialogue": {
        "alone": Point(items=4),
        "completes": Point(items=4, speaker="completes"),
        "changes": Point(items=4, speaker="changes"),
        "asked": Point(items=4, speaker="asked"),
    },
}


@cache
def shared_place(task: str, level: str) -> tuple[str, str]:
    """Return the first task and level with the same point: the given ones outside version 4."""
    point = LEVELS.get(task, {}).get(level)
    places = ((name, one) for name, levels in LEVELS.items() for one in levels)
    return next((place for place in places if LEVELS[place[0]][place[1]] == point), (task, level))

"""The slots in force, told to the jobs of a cluster, which do not see the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping

VARIABLE = "PILOTBENCH_SLOTS"


def tell(slots: Mapping[str, int]) -> None:
    """Put the slots of each key alias into the environment that jobs inherit."""
    os.environ[VARIABLE] = as_text(slots)


def told() -> dict[str, int]:
    """Return the slots that the run has told this job; nothing where it told none."""
    return from_text(os.environ.get(VARIABLE, ""))


def as_text(slots: Mapping[str, int]) -> str:
    """Return `alias:n alias:n`."""
    return " ".join(f"{alias}:{count}" for alias, count in slots.items())


def from_text(text: str) -> dict[str, int]:
    """Return what `as_text` made `text` from."""
    return {alias: int(count) for alias, count in (pair.split(":") for pair in text.split())}

"""The Berkeley Function Calling Leaderboard (BFCL v4), read from the installed `bfcl-eval`.

Each category is a task, `bfcl_` and its name. Nothing of the package is imported, and no task made,
before one is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilotbench.benchmark.bfcl.categories import NAMES as NAMES
from pilotbench.benchmark.bfcl.official import NotThere
from pilotbench.ground.errors import TaskError

if TYPE_CHECKING:
    from pilotbench.benchmark.bfcl.task import BfclTask


def load(name: str) -> BfclTask:
    """Return a category as a task. Raises TaskError where the package is not installed."""
    from pilotbench.benchmark.bfcl.task import BfclTask

    try:
        return BfclTask(name)
    except NotThere as problem:
        raise TaskError(f"tasks: {name} {problem}") from None

"""What a run tells its jobs by the environment: they do not see its command line."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pilotbench.errors import Stopping

VARIABLE = "PILOTBENCH_ORDERS"


@dataclass(frozen=True)
class Orders:
    """The slots in force of each key alias, whether anything may be asked, the run's process.

    `notices` is the file that collects what the person at the terminal has to know.
    """

    slots: Mapping[str, int] = field(default_factory=dict)
    may_ask: bool = True
    run: int | None = None
    notices: str | None = None

    def parent(self) -> int:
        """Return this process's parent, which must stay it as long as the run lives.

        Raises Stopping where the run ended while this process was starting: it has a new parent.
        """
        parent = os.getppid()
        if self.run is not None and not _alive(self.run):
            raise Stopping("the run that started this shard is gone")
        return parent


def _alive(pid: int) -> bool:
    """Say whether a process lives: one that ended and is not yet waited for (Z) does not."""
    try:
        state = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def tell(orders: Orders) -> None:
    """Put the orders into the environment that jobs inherit."""
    os.environ[VARIABLE] = json.dumps(asdict(orders))


def told() -> Orders:
    """Return what the run has told this job: no slots, and to ask, where it told nothing."""
    return Orders(**json.loads(os.environ.get(VARIABLE, "{}")))

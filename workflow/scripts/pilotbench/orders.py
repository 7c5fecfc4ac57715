"""What a run tells its jobs by the environment: they do not see its command line."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

VARIABLE = "PILOTBENCH_ORDERS"


@dataclass(frozen=True)
class Orders:
    """The slots in force of each key alias, and whether anything may be asked."""

    slots: Mapping[str, int] = field(default_factory=dict)
    may_ask: bool = True


def tell(orders: Orders) -> None:
    """Put the orders into the environment that jobs inherit."""
    os.environ[VARIABLE] = json.dumps(asdict(orders))


def told() -> Orders:
    """Return what the run has told this job: no slots, and to ask, where it told nothing."""
    return Orders(**json.loads(os.environ.get(VARIABLE, "{}")))

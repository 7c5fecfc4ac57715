"""What came of the episodes of a shard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pilotbench.episodes.owed import Owed

Json = dict[str, Any]


@dataclass(frozen=True)
class ShardOutcome:
    """The finished episodes of a shard in order, the system messages they name, and owed ones."""

    episodes: list[Json] = field(default_factory=list)
    system: dict[str, str] = field(default_factory=dict)
    owed: list[Owed] = field(default_factory=list)
    unusable: Json = field(default_factory=dict)
    """What was paid for answers that could not be used, as in the header of a file."""
    header: Json = field(default_factory=dict)
    """What else the header of the file says."""

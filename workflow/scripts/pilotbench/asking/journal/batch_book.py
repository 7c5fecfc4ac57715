"""The record of batches: what is out, written before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

EXPIRES_S = 24 * 3600.0
"""Every service ends a batch after so many seconds."""


@dataclass(frozen=True)
class OutBatch:
    """A batch that is out: submitted, or perhaps submitted, and not collected.

    `tag` is our name of it, `name` the service's, None while it is unknown whether the service has
    the batch. `model` is the entry of model_catalog that it was submitted for. `since` is Unix time
    in s. `done` and `failed` are the counts that the service reported last. `reserved_usd` is what
    the budget holds for it, None without a budget.
    """

    tag: str
    name: str | None
    provider: str
    model: str
    deployment: str
    key: str
    requests: int
    since: float
    done: int = 0
    failed: int = 0
    reserved_usd: float | None = None

    @property
    def expected(self) -> float:
        """The Unix time in s at which the service ends it at the latest."""
        return self.since + EXPIRES_S


def batches_out(journal_dir: Path) -> list[OutBatch]:
    """Return the batches of a journal that are out, oldest first; no lock is taken."""
    raise NotImplementedError

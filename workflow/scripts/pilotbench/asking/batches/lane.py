"""The batch lane of a model: submits requests as batches, and writes the answers to the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pilotbench.asking.asker import KeyAllowance, Spent
from pilotbench.asking.journal.batch_book import OutBatch, batches_out
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.request import Request

__all__ = ["BatchLane", "Collected", "Left", "OutBatch", "Submitted", "batches_out"]


@dataclass(frozen=True)
class Left:
    """A request of a wave that was not submitted, and why."""

    shard: Shard
    request: Request
    why: str


@dataclass(frozen=True)
class Submitted:
    """What became of a wave.

    `later` may be submitted in a later wave: the service or the budget has no room now, another
    process works on the shard, or the request is out already. `online` is left to the online lane:
    the service refuses it in batches, or it was not answered in three of them.
    """

    batches: list[OutBatch] = field(default_factory=list)
    later: list[Left] = field(default_factory=list)
    online: list[Left] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """The number of requests submitted."""
        return sum(batch.requests for batch in self.batches)


@dataclass(frozen=True)
class Collected:
    """The batches whose results are in the journal now; `answered` counts verdicts too.

    `unanswered` are the requests that the next wave has again, and those left to the online lane.
    `usd` is the cost as far as it is known.
    """

    batches: list[OutBatch] = field(default_factory=list)
    answered: int = 0
    unanswered: int = 0
    usd: float = 0.0


class BatchLane:
    """The batches of the requests that one model sends; also those of earlier and killed runs.

    Enter it to use it. `submit`, `collect` and `cancel_overdue` hold the lane for this process
    while they work, not while they wait: other processes are waited for. Everything that is sent is
    on record before, so a process may be killed at any point, and the next one goes on.

    `allowance` says which keys may be used, the slots in force, and when to stop (then each call
    raises Stopping or returns early; nothing is lost).
    """

    def __init__(
        self, experiment: Experiment, model: str, allowance: KeyAllowance, spent: Spent
    ) -> None:
        raise NotImplementedError

    def __enter__(self) -> BatchLane:
        return self

    def __exit__(self, *_: object) -> None: ...

    def out(self) -> list[OutBatch]:
        """Return the batches of this lane that are out, oldest first; nothing is requested."""
        raise NotImplementedError

    def submit(self, wave: Sequence[tuple[Shard, Request]]) -> Submitted:
        """Submit the requests of a wave in as few batches as the service and the budget allow.

        A request that is out or has been answered meanwhile is not submitted again. Raises
        ConfigError if no key is set, KeyDead if every key is refused, Stopping.
        """
        raise NotImplementedError

    def collect(
        self, wait_s: float = 0.0, watch: Callable[[Sequence[OutBatch]], None] = lambda _: None
    ) -> Collected:
        """Write the results of the batches that are over to the journal of their cells.

        Look at each batch that is out, again and again for `wait_s` seconds; return as soon as one
        was collected or none is out. `watch` is called after each look with what is out. A batch
        whose key is not set any more is named in a notice and stays out.
        """
        raise NotImplementedError

    def cancel_overdue(self, deadline_s: float) -> list[OutBatch]:
        """Cancel the batches that have been out for longer than `deadline_s` seconds; return them.

        They stay out until `collect` finds that they have ended: what was finished is paid for and
        kept.
        """
        raise NotImplementedError

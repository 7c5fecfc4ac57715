"""The batch lane of a model: submits requests as batches, and writes the answers to the journal."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pilotbench.asking.asker import KeyAllowance, Spent, prove
from pilotbench.asking.batches.calls import STEP_S, Calls
from pilotbench.asking.batches.collection import Collected, Collection
from pilotbench.asking.batches.parts import Parts
from pilotbench.asking.batches.room import Room
from pilotbench.asking.batches.submission import NO_BUDGET, Left, Submission, Submitted
from pilotbench.asking.journal.batch_book import Book, batches_out
from pilotbench.asking.journal.batch_file import Entry, OutBatch
from pilotbench.asking.payments import Payments
from pilotbench.ground import notices
from pilotbench.ground.errors import Stopping, UserError
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.request import Request

__all__ = ["NO_BUDGET", "BatchLane", "Collected", "Left", "OutBatch", "Submitted", "batches_out"]
FIRST_LOOK_S, LONGEST_LOOK_S = 1.0, 60.0
"""The time between two looks at what is out grows from the one to the other."""
_GROWTH = 1.5
_SAY_S = 5.0


class BatchLane:
    """The batches of the requests that one model sends; also those of earlier and killed runs.

    Enter it to use it. `submit`, `collect` and `cancel_overdue` hold the lane for this process
    while they work, not while they wait: other processes are waited for. Everything that is sent is
    on record before, so a process may be killed at any point, and the next one goes on.

    `allowance` says which keys may be used, the slots in force, and when to stop: then `collect`
    returns and the others raise Stopping; nothing is lost.
    """

    def __init__(
        self, experiment: Experiment, model: str, allowance: KeyAllowance, spent: Spent
    ) -> None:
        self._experiment, self._model = experiment, experiment.settings.catalog[model]
        self._allowance, self._spent = allowance, spent
        self._book = Book(experiment.settings.journal_dir, self._model)
        self._calls = Calls(experiment.settings, self._model, allowance)
        self._payments = Payments(experiment.settings, self._model)
        self._room, self._parts = Room(), Parts()
        self._collection = Collection(
            experiment.settings,
            self._model,
            self._calls,
            self._book,
            self._payments,
            self._room,
            self._parts,
        )
        self._refused = self._collection.refused
        self._pause, self._is_proven = FIRST_LOOK_S, allowance.proven

    def __enter__(self) -> BatchLane:
        return self

    def __exit__(self, *_: object) -> None:
        self._calls.close()
        self._payments.close()

    def out(self) -> list[OutBatch]:
        """Return the batches of this lane that are out, oldest first; nothing is requested."""
        return [entry.out for entry in self._entries()]

    def submit(self, wave: Sequence[tuple[Shard, Request]]) -> Submitted:
        """Submit the requests of a wave in as few batches as the service and the budget allow.

        A request that is out or has been answered meanwhile is not submitted again. Raises
        ConfigError if no key is set, KeyDead if every key is refused, Stopping.
        """
        if not wave:
            return Submitted()
        with self._held():
            if not self._is_proven:
                prove(self._experiment, list(dict.fromkeys(s for s, _ in wave)), self._spent)
                self._is_proven = True
            self._collection.drop_unsent()
            submission = Submission(
                self._experiment,
                self._model,
                self._calls,
                self._book,
                self._payments,
                self._room,
                self._parts,
                self._refused,
                self._allowance.key,
            )
            self._pause = FIRST_LOOK_S
            return submission.run(wave)

    def collect(
        self, wait_s: float = 0.0, watch: Callable[[Sequence[OutBatch]], None] = lambda _: None
    ) -> Collected:
        """Write the results of the batches that are over to the journal of their cells.

        Look at each batch that is out, again and again for `wait_s` seconds; return as soon as one
        was collected or none is out. `watch` is called after each look with what is out. A batch
        whose key is not set any more stays out and is named in a notice, or, if there is no other,
        by ConfigError.
        """
        until, found = time.monotonic() + wait_s, Collected()
        try:
            while self._book.entries():
                with self._held():
                    found = self._collection.look()
                out = self.out()
                watch(out)
                left = until - time.monotonic()
                if found.batches or not out or left <= 0:
                    break
                self._calls.rest(min(max(self._pause, self._collection.pause), left))
                self._pause = min(_GROWTH * self._pause, LONGEST_LOOK_S)
        except Stopping:
            if not self._calls.is_stopped:  # the journal cannot be written
                raise
        if found.batches:
            self._pause = FIRST_LOOK_S
        return found

    def cancel_overdue(self, deadline_s: float) -> list[OutBatch]:
        """Cancel the batches that have been out for longer than `deadline_s` seconds; return them.

        They stay out until `collect` finds that they have ended: what was finished is paid for and
        kept, and the rest is left to the online lane.
        """
        before = time.time() - deadline_s
        if not any(entry.out.since < before and not entry.cancelled for entry in self._entries()):
            return []
        with self._held():
            overdue = [
                entry
                for entry in self._entries()
                if entry.out.since < before and not entry.cancelled
            ]
            return [entry.out for entry in overdue if self._collection.cancel(entry)]

    def _entries(self) -> list[Entry]:
        found = self._book.entries()
        return [entry for entry in found if entry.sent is not None and not entry.closed]

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the lane; wait for another process that does. Raises Stopping and UserError."""
        folder = self._book.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._book.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            words = f"journal_dir: {folder} must be writable ({error.strerror})"
            raise UserError(words) from None
        try:
            self._lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        began = time.monotonic()
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                self._calls.rest(STEP_S)
            if time.monotonic() - began > _SAY_S:
                text = f"{self._model.name}: another process works with its batches; waiting for it"
                notices.say(f"lane {self._model.name}", text)

"""The way from a request of another program to its answer: the journal, else a key, the journal.

Such a request is a body under a label, not a turn of an episode: its identity is the provider, the
body, the label, and how many equal ones came before it (`occurrence`). All else is as for a shard:
the same keys, slots, limits, prices, budget and journal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

from pilotbench.asking.asker import NOT_ASKED, NotAnswered
from pilotbench.asking.body_payments import BodyPayments
from pilotbench.asking.journal import Journal
from pilotbench.asking.journal.identity import labelled_identity
from pilotbench.asking.journal.segments import label_folder
from pilotbench.asking.keys.key_client import KeyClient
from pilotbench.asking.keys.opened_limiter import default_folder
from pilotbench.asking.payments import begin_budget
from pilotbench.asking.sender import Room, Sender
from pilotbench.benchmark.instances import Instance
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import Stopping
from pilotbench.matrix.config import Settings
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.verdict_shards import Asked
from pilotbench.providers.answer import Answer
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

Json = dict[str, Any]
WHO = "gateway"


@dataclass(frozen=True)
class Replayable:
    """An answer, and whether the journal had it."""

    answer: Answer
    replayed: bool


@dataclass(frozen=True)
class Job:
    """The job of a run that asks under a label: the indices of its shard, and what it may use.

    `slots` are the slots in force by alias; `parent` is the process that must stay this one's
    parent; `halt` stops all jobs of the run. Without `may_ask` the journal is only read.
    """

    indices: tuple[int, int] = (0, 0)
    waits: bool = False
    may_ask: bool = True
    halt: Callable[[], None] | None = None
    slots: Mapping[str, int] = field(default_factory=dict)
    parent: int | None = None


class LabelAsker:
    """Answers the requests to one model under one label; safe among threads.

    While it is entered it holds the label: another process that holds it raises Stopping. `stop`
    ends what is not sent yet. The parameters of the entry are not used: bodies come as they are.
    In a `job` it holds the indices of the job's shard under the label, and waits for them.
    """

    def __init__(
        self,
        settings: Settings,
        model: str,
        label: str,
        stop: Event,
        job: Job | None = None,
    ) -> None:
        entry = replace(
            settings.catalog[model],
            parameters={},
            protocol=WHO,
            reasoning_history=Model.USUAL["reasoning_history"],
            user_after_results=Model.USUAL["user_after_results"],
        )
        self._settings = replace(
            settings, routing="balanced", catalog={**settings.catalog, model: entry}
        )
        self._model, self._label, self._stop = entry, label, stop
        self._job = job or Job()
        self._journal = Journal(settings.journal_dir, label_folder(entry, label), elsewhere=False)
        self._open = ExitStack()

    def __enter__(self) -> LabelAsker:
        if not self._job.may_ask:
            self._answers = self._journal.read(*self._job.indices)
            return self
        try:
            stopped = self._stop.is_set if self._job.waits else lambda: True
            opened = self._journal.open(*self._job.indices, stopped=stopped)
            self._segment = self._open.enter_context(opened)
        except Stopping:
            holders = "; ".join(self._journal.holders(*self._job.indices))
            raise Stopping(f"label {self._label} is served by another process: {holders}") from None
        halt, again = self._job.halt or self._stop.set, self._settings.ask_unusable
        self._sender = Sender(self._segment, self._key_client, again, halt)
        return self

    def __exit__(self, *_: object) -> None:
        with self._open:
            if self._job.may_ask:
                self._sender.close()

    @property
    def folder(self) -> Path:
        """The folder of the journal that holds its answers."""
        return self._journal.folder

    def __call__(self, body: Json, occurrence: int) -> Replayable:
        """Return the answer to a body, which is in the journal when this returns."""
        wanted = labelled_identity(self._model, body, self._label, occurrence)
        wanted = replace(wanted, index=self._job.indices[0])
        if not self._job.may_ask:
            if (known := self._answers.answer(wanted)) is None:
                raise NotAnswered(NOT_ASKED)
            return Replayable(known, replayed=True)
        with self._sender.alone(wanted):
            found = self._segment.answers.answer(wanted)
            if found is not None:
                return Replayable(found, replayed=True)
            self._segment.check()
            request = Request(body, Instance(WHO, "none", 0, ""), "none", occurrence, 0)
            return Replayable(self._sender.ask(request, wanted), replayed=False)

    def _key_client(self, room: Room) -> KeyClient:
        keys, job = self._settings.provider_of(self._model.name).keys, self._job
        return KeyClient(
            self._settings,
            self._model.name,
            next(iter(keys)),
            sum(key.slots for key in keys.values()),
            True,
            BodyPayments(self._settings, self._model),
            stop=self._stop,
            parent=job.parent,
            slots=job.slots,
            room=room,
            most_rejections=math.inf,
        )


def begin(experiment: Experiment, spent: Callable[[Asked], float]) -> None:
    """Set the budget to what was spent so far, by a run or by other programs."""
    begin_budget(experiment, [], spent)


def state_folder(settings: Settings) -> Path:
    """Return the folder for what other programs need to ask, beside the limits of the keys."""
    name = digest(str(settings.journal_dir.resolve()))[:32]
    return (settings.limits_dir or default_folder()) / f"gateway-{name}"

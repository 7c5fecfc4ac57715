"""The only way from a request to its answer: the journal, else a key, then the journal.

`Asker` requests what the journal does not hold; `JournalOnly` never requests anything. Both are
called with a request and return its answer. What limits a run (budget, slots, stopping) holds
inside, wherever an Asker is used.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain
from pathlib import Path
from threading import Event
from typing import Any

from pilotbench.asking.body_payments import BodyPayments
from pilotbench.asking.journal import Journal, Segment, journal_folder, request_identity
from pilotbench.asking.journal.answers import Answers, Failure
from pilotbench.asking.journal.batch_book import Book
from pilotbench.asking.journal.batch_file import EXPIRES_S
from pilotbench.asking.journal.identity import RequestIdentity
from pilotbench.asking.journal.records import Damage
from pilotbench.asking.journal.segments import judge_folder
from pilotbench.asking.keys.key_client import MOST_UNUSABLE, KeyClient, StopFlag
from pilotbench.asking.payments import Payments, begin_budget
from pilotbench.asking.sender import Room, Sender
from pilotbench.asking.unusable import Unusable
from pilotbench.benchmark.packs.external_task import is_external
from pilotbench.ground.errors import OutInBatch, ProviderError
from pilotbench.matrix.config import Settings
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.key_routing import usable_keys
from pilotbench.matrix.verdict_shards import Asked, VerdictShard
from pilotbench.providers.answer import Answer
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

Json = dict[str, Any]
Spent = Callable[[Asked], float]
"""Returns what the answers of a shard have cost so far, in USD."""
NOT_ASKED = "not asked yet"


class NotAnswered(ProviderError):
    """The journal has no answer, and nothing may be requested."""


@dataclass(frozen=True)
class KeyAllowance:
    """What a job may use of the keys: `tokens` slots of its home `key`, and more with `borrow`.

    `slots` are the slots in force of each alias. With `proven` the run has done what `prove` does.
    `parent` is the process that must stay this one's parent (None for a job that runs remotely).
    `halt` stops all jobs of the run.
    """

    key: str
    tokens: int
    borrow: bool
    slots: Mapping[str, int]
    parent: int | None = None
    stop: StopFlag = field(default_factory=Event)
    proven: bool = False
    halt: Callable[[], None] = lambda: None

    def in_flight(self, settings: Settings, model: str) -> int:
        """Return how many episodes to keep in flight."""
        if not self.borrow:
            return self.tokens
        keys = usable_keys(settings, model, self.key, self.borrow)
        return sum(self.slots.get(alias, settings.keys[alias].slots) for alias in keys)


class _Source:
    """What both share: the answers in the journal of one shard, and the counts of those used."""

    def __init__(self, experiment: Experiment, shard: Asked, everywhere: bool = True) -> None:
        self._experiment, self._shard = experiment, shard
        self._model = experiment.settings.catalog[shard.asked]
        self._journal = _journal(experiment, shard, everywhere)
        self._book = Book(experiment.settings.journal_dir, self._model)
        self._unusable: dict[str, list[Failure]] = {}
        self.keys: Counter[str] = Counter()
        """Requests sent, by the alias of the key that answered."""
        self.replayed = 0
        """Requests answered by the journal."""

    @property
    def answers(self) -> Answers:
        """The answers and failures in the journal."""
        raise NotImplementedError

    @property
    def folder(self) -> Path:
        """The folder of the journal that holds the answers of the shard's cell."""
        return self._journal.folder

    @property
    def in_flight(self) -> int:
        """How many episodes to keep in flight."""
        return 1

    @property
    def kept(self) -> str:
        """What became of the answers that were paid for, in words."""
        return "Every answer received is kept"

    @property
    def damaged(self) -> list[Damage]:
        """The lines of the journal that cannot be read."""
        return self.answers.damaged

    @property
    def unusable(self) -> Unusable:
        """The cost of the unusable answers to the requests so far."""
        return Unusable.of(chain.from_iterable(self._unusable.values()))

    def unusable_answers(self, request: Request) -> list[Failure]:
        """Return the unusable answers to a request that were paid for, oldest first."""
        return self.answers.unusable(request_identity(self._model, request))

    def is_exhausted(self, request: Request) -> bool:
        """Return whether as many unusable answers were paid for as one request may cost."""
        return len(self.unusable_answers(request)) >= MOST_UNUSABLE

    def _find(self, wanted: RequestIdentity) -> Answer | None:
        found = self.answers.answer(wanted)
        self.replayed += found is not None
        return found

    def _check_batches(self, wanted: RequestIdentity) -> None:
        """Raise OutInBatch for a request that is out in a batch: it must not be paid twice."""
        since = self._book.out_since(wanted.identity)
        if since is not None:
            form = "%Y-%m-%d %H:%M"
            began, ends = (
                datetime.fromtimestamp(at, UTC).strftime(form) for at in (since, since + EXPIRES_S)
            )
            raise OutInBatch(f"out in a batch since {began}, promised by {ends} UTC")

    @contextmanager
    def _counting(self, wanted: RequestIdentity) -> Iterator[None]:
        try:
            yield
        finally:
            if paid := self.answers.unusable(wanted):
                self._unusable[wanted.identity] = paid


class JournalOnly(_Source):
    """Answers the requests of a shard from the journal; takes no lock and never asks.

    A request without an answer is added to `unanswered` and raises NotAnswered, or OutInBatch if
    its answer is still to come from a batch. Unless
    `everywhere`, only what was recorded for the indices of this shard is read, not what may be
    found under another index or name.
    """

    def __init__(self, experiment: Experiment, shard: Asked, everywhere: bool = True) -> None:
        super().__init__(experiment, shard, everywhere)
        self.unanswered: list[Request] = []
        self._is_empty = False

    @classmethod
    def empty(cls, experiment: Experiment, shard: Asked) -> JournalOnly:
        """Return one that answers nothing: each episode stops at its first request."""
        made = cls(experiment, shard)
        made._is_empty = True
        return made

    def __enter__(self) -> JournalOnly:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __call__(self, request: Request) -> Answer:
        """Return the answer in the journal. Raises NotAnswered or OutInBatch if there is none."""
        wanted = request_identity(self._model, request)
        with self._counting(wanted):
            found = self._find(wanted)
        if found is None:
            self.unanswered.append(request)
            self._check_batches(wanted)
            raise NotAnswered(NOT_ASKED)
        return found

    @cached_property
    def answers(self) -> Answers:
        """The answers and failures in the journal, read once."""
        read = self._journal.read
        return Answers() if self._is_empty else read(self._shard.first, self._shard.last)

    @property
    def is_silent(self) -> bool:
        """Whether the journal has nothing for the shard, and nothing of its lane is out."""
        return self.answers.silent and not self._book.is_out

    @property
    def begun(self) -> bool:
        """Whether anything was written for the indices of the shard; nothing is read."""
        return self._journal.begun(self._shard.first, self._shard.last)

    @property
    def holders(self) -> list[str]:
        """The processes that work on the shard now, each in words."""
        return self._journal.holders(self._shard.first, self._shard.last)


class Asker(_Source):
    """Answers the requests of a shard from the journal, else through a key; counts both.

    While it is entered it holds the shard: another process that holds one of its indices is waited
    for, or, without `wait`, raises Stopping. The client of the keys is made for the first request
    that is sent: a shard that only replays starts no client and needs no key.
    """

    def __init__(
        self,
        experiment: Experiment,
        shard: Asked,
        allowance: KeyAllowance,
        spent: Spent,
        wait: bool = True,
    ) -> None:
        super().__init__(experiment, shard)
        self._allowance, self._spent, self._wait = allowance, spent, wait
        self._open = ExitStack()
        self._segment: Segment
        self._sender: Sender

    def __enter__(self) -> Asker:
        stopped = self._allowance.stop.is_set if self._wait else lambda: True
        opened = self._journal.open(self._shard.first, self._shard.last, stopped=stopped)
        self._segment = self._open.enter_context(opened)
        again, halt = self._experiment.settings.ask_unusable, self._allowance.halt
        self._sender = Sender(self._segment, self._key_client, again, halt)
        return self

    def __exit__(self, *_: object) -> None:
        with self._open:
            self._sender.close()

    def __call__(self, request: Request) -> Answer:
        """Return the answer, which is in the journal when this returns."""
        wanted = request_identity(self._model, request)
        with self._sender.alone(wanted), self._counting(wanted):  # two episodes may send it
            found = self._find(wanted)
            if found is not None:
                return found
            self._segment.check()
            self._check_batches(wanted)
            answer = self._sender.ask(request, wanted)
            self.keys[answer.key] += 1
            return answer

    @property
    def answers(self) -> Answers:
        """The answers and failures in the journal, those of this process included."""
        return self._segment.answers

    @property
    def kept(self) -> str:
        """What became of the answers that were paid for, in words."""
        return self._segment.kept

    @property
    def in_flight(self) -> int:
        """How many episodes to keep in flight."""
        return self._allowance.in_flight(self._experiment.settings, self._model.name)

    def known(self, request: Request) -> Answer | None:
        """Return the answer in the journal, None if there is none; nothing is requested."""
        return self.answers.answer(request_identity(self._model, request))

    def _key_client(self, room: Room) -> KeyClient:
        allowance = self._allowance
        if not allowance.proven:
            prove(self._experiment, [self._shard], self._spent)
        settings, own = self._experiment.settings, {}
        payments = Payments(settings, self._model)
        if is_external(self._experiment.tasks[self._shard.cell.task]):  # another's bodies
            payments, own = BodyPayments(settings, self._model), {"most_rejections": math.inf}
        return KeyClient(
            settings,
            self._model.name,
            allowance.key,
            allowance.tokens,
            allowance.borrow,
            payments,
            stop=allowance.stop,
            parent=allowance.parent,
            slots=allowance.slots,
            room=room,
            **own,
        )


Source = Asker | JournalOnly


def ask_unjournaled(settings: Settings, model: Model, key: str, request: Request) -> Answer:
    """Send one request through one key within its limits and the budget; it is not journaled."""
    payments = Payments(settings, model)
    with KeyClient(settings, model.name, key, 1, False, payments) as client:
        return client.ask(request)


def prove(experiment: Experiment, shards: Collection[Asked], spent: Spent) -> None:
    """Check prompts, packs and whether the budget can hold; begin the budget.

    A run does so for all its shards before its first job; a job outside such a run does it before
    its first request. Raises UserError.
    """
    for prompt in {shard.cell.prompt for shard in shards}:
        experiment.prompts[prompt].check()
    for task in {shard.cell.task for shard in shards}:
        experiment.tasks[task].check()
    begin_budget(experiment, shards, spent)


def _journal(experiment: Experiment, shard: Asked, everywhere: bool) -> Journal:
    """Return the journal of a cell; the questions of a pack may be found under any index.

    Those of an external task stay where they were asked: equal bodies of other shards are others.
    """
    cell, settings = shard.cell, experiment.settings
    names = experiment.folder_names if everywhere else frozenset[str]()
    if isinstance(shard, VerdictShard):
        judge, *judged = (settings.catalog[m] for m in (shard.judge, cell.model, shard.other) if m)
        folder = judge_folder(judge, judged, cell)
        return Journal(settings.journal_dir, folder, True, names, elsewhere=everywhere)
    task = experiment.tasks[cell.task]
    moves = everywhere and task.size is not None and not is_external(task)
    folder = journal_folder(settings.catalog[cell.model], cell)
    return Journal(settings.journal_dir, folder, whole=moves, names=names)

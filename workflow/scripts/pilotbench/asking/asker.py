"""The only way from a request to its answer: the journal, else a key, then the journal.

Nothing that can fail stands between an answer and its line in the journal: what the line says
besides the answer is known before the request is sent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from threading import Event, Lock
from typing import Any

from pilotbench.asking.journal import Journal, Segment, bounded, journal_folder, sought
from pilotbench.asking.journal.answers import Answers, Failure
from pilotbench.asking.journal.identity import Sought
from pilotbench.asking.journal.room import Room
from pilotbench.asking.journal.unusable import Unusable
from pilotbench.asking.keys.key_client import MOST_UNUSABLE, KeyClient, StopFlag
from pilotbench.asking.payments import Payments, begin_budget
from pilotbench.ground import notices, provenance
from pilotbench.ground.errors import ProviderError, UnusableAnswer
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.config import Settings
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.key_routing import usable_keys
from pilotbench.providers.provider import Answer, Request
from pilotbench.providers.settings import Model

Json = dict[str, Any]
NOT_ASKED = "not asked yet"


class NotAnswered(ProviderError):
    """The journal has no answer and nothing may be asked."""


@dataclass(frozen=True)
class KeyAllowance:
    """What a job may use of the keys: `tokens` slots of its home `key`, and more with `borrow`.

    `slots` are the slots in force of each alias. `proven`: the run has done what `preflight.prove`
    does. `parent` is the process that must stay this one's parent (None for a job that runs
    remotely). With `may_ask` False the journal alone answers. `halt` stops the jobs of a whole run.
    """

    key: str
    tokens: int
    borrow: bool
    slots: Mapping[str, int]
    may_ask: bool = True
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


class Asker:
    """Answers a request from the journal, else through the pool; counts both.

    The pool is made at the first request that has to be asked: a shard that only replays starts no
    client and needs no key.
    """

    def __init__(
        self,
        experiment: Experiment,
        shard: Shard,
        segment: Segment,
        share: KeyAllowance,
        spent: Callable[[Shard], float],
    ) -> None:
        self._settings, self._model = (
            experiment.settings,
            experiment.settings.catalog[shard.cell.model],
        )
        self._experiment, self._shard = experiment, shard
        self._segment, self._share, self._spent = segment, share, spent
        self._room = Room(segment)
        self._made: KeyClient | None = None
        self._making = Lock()
        self._asking: defaultdict[str, Lock] = defaultdict(Lock)
        self._stamp: Json = {}
        self.keys: Counter[str] = Counter()
        self._paid: dict[str, list[Failure]] = {}
        self.replayed = 0

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._made is not None:
            self._made.close()

    def __call__(self, request: Request) -> Answer:
        """Return the answer, which stands in the journal when this returns."""
        wanted = sought(self._model, request)
        with self._making:
            asking = self._asking[wanted.identity]
        with asking, self._counting(wanted):  # two episodes may send one request: it is paid once
            found = self._segment.answers.answer(wanted)
            if found is not None:
                self.replayed += 1
                return found
            if not self._share.may_ask:
                raise NotAnswered("the journal has no answer, and nothing may be asked")
            self._segment.check()
            asked = self._ask(request, wanted)
            self.keys[asked.key] += 1
            return asked

    @property
    def unusable(self) -> Unusable:
        """What the paid answers to these requests that could not be used have cost."""
        return Unusable.of(chain.from_iterable(self._paid.values()))

    @contextmanager
    def _counting(self, wanted: Sought) -> Iterator[None]:
        try:
            yield
        finally:
            if paid := self._segment.answers.unusable(wanted):
                self._paid[wanted.identity] = paid

    def _ask(self, request: Request, wanted: Sought) -> Answer:
        """Send a request and write what comes of it; a journal that fails ends the whole run."""
        tries, pool = self._tries(wanted), self._pool()
        try:
            try:
                asked = pool.ask(
                    request,
                    lambda e: self._segment.write_failure(wanted, e),
                    tries,
                    lambda answer: self._segment.write(wanted, bounded(answer), **self._stamp),
                )
            except UnusableAnswer:  # kept when it came
                raise
            except ProviderError as error:
                self._segment.write_failure(wanted, error)
                raise
            return bounded(asked)
        finally:
            self._halt_if_broken()

    def _tries(self, wanted: Sought) -> int:
        """Return how many more answers that cannot be used a request may cost.

        Raises UnusableAnswer where there have been enough, over all runs.
        """
        known = self._segment.answers.unusable(wanted)
        paid = [] if self._settings.ask_unusable else known
        if len(paid) >= MOST_UNUSABLE:
            raise UnusableAnswer(
                f"{paid[-1].message} (paid {len(paid)} times, not asked again; to ask again: "
                "--config ask_unusable=true)"
            )
        return MOST_UNUSABLE - len(paid)

    def _pool(self) -> KeyClient:
        with self._making:
            if self._made is None:
                share = self._share
                if not share.proven:
                    prove(self._experiment, [self._shard], self._spent)
                commit, dirty = provenance.commit()
                self._stamp = {"commit": commit, "dirty": dirty}
                self._made = KeyClient(
                    self._settings,
                    self._model.name,
                    share.key,
                    share.tokens,
                    share.borrow,
                    Payments(self._settings, self._model),
                    stop=share.stop,
                    parent=share.parent,
                    slots=share.slots,
                    room=self._room.one,
                )
            return self._made

    def _halt_if_broken(self) -> None:
        if self._segment.broken is not None:
            self._share.halt()
            notices.say("journal", f"{self._segment.broken}; no job of this run asks any more")


def prove(
    experiment: Experiment, shards: Collection[Shard], spent: Callable[[Shard], float]
) -> None:
    """Check prompts, packs and the limits of the budget, and begin the budget.

    A run does so for all its shards before its first job; a job outside such a run does it before
    its first request. `spent` returns what a shard has cost so far, in USD. Raises UserError.
    """
    for prompt in {shard.cell.prompt for shard in shards}:
        experiment.prompts[prompt].check()
    for task in {shard.cell.task for shard in shards}:
        experiment.tasks[task].check()
    begin_budget(experiment, shards, spent)


def journal_only(
    model: Model, answers: Answers, missing: Callable[[Request], None] = lambda _: None
) -> Callable[[Request], Answer]:
    """Return what answers from the journal and asks nothing.

    `missing` is called with each request that has no answer, which then raises NotAnswered.
    """

    def ask(request: Request) -> Answer:
        found = answers.answer(sought(model, request))
        if found is None:
            missing(request)
            raise NotAnswered(NOT_ASKED)
        return found

    return ask


def journal_of(experiment: Experiment, cell: Cell) -> Journal:
    """Return the journal of a cell; the questions of a pack may stand under any index."""
    folder = journal_folder(experiment.settings.catalog[cell.model], cell)
    packs = experiment.tasks[cell.task].size is not None
    return Journal(
        experiment.settings.journal_dir, folder, whole=packs, names=experiment.folder_names
    )

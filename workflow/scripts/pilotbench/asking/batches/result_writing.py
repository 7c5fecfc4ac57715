"""Writes the results of a batch to the journal of their cells, and settles what they have cost.

An answer that is in the journal already is not written again, so writing may be repeated after a
kill.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilotbench.asking.batches import wording
from pilotbench.asking.batches.calls import Calls
from pilotbench.asking.journal import Journal, Segment, bounded
from pilotbench.asking.journal.answers import VERDICTS
from pilotbench.asking.journal.batch_book import Book
from pilotbench.asking.journal.batch_file import BookedRequest, Entry
from pilotbench.asking.payments import Payments
from pilotbench.asking.prices import answers_usd, cost_usd
from pilotbench.ground import provenance
from pilotbench.ground.errors import Rejected, Stopping, UnusableAnswer
from pilotbench.matrix.config import Settings
from pilotbench.providers.answer import BATCH, Answer, Completion
from pilotbench.providers.batch_api import Phase, Result
from pilotbench.providers.settings import Model

Json = dict[str, Any]
Place = tuple[str, int, int]
UNUSABLE = "paid for, but unusable"
MOST_OPEN = 200
"""Segments that are open at once: a process may have about a thousand files."""


@dataclass
class Kept:
    """What has become of the requests of a batch so far; `unanswered` says why by identity."""

    answered: int = 0
    usd: float = 0.0
    lost: float = 0.0
    unanswered: dict[str, tuple[str, bool]] = field(default_factory=dict)


class ResultWriting:
    """Writes the results of the batches of one lane, which is held by this process."""

    def __init__(
        self, settings: Settings, model: Model, calls: Calls, book: Book, payments: Payments
    ) -> None:
        self._settings, self._model, self._calls, self._book = settings, model, calls, book
        self._payments = payments

    def keep(self, entry: Entry, phase: Phase) -> Kept | None:
        """Write the results to the journal; None if other processes hold some of the shards."""
        requests = {one.id: one for one in entry.requests()}
        places: defaultdict[Place, list[BookedRequest]] = defaultdict(list)
        for one in requests.values():
            if one.place not in entry.kept:
                places[one.place].append(one)
        whole, busy = Kept(), False
        every = sorted(places)
        for start in range(0, len(every), MOST_OPEN):
            chunk = every[start : start + MOST_OPEN]
            with ExitStack() as opened:
                held = self._opened(opened, chunk)
                busy = busy or len(held) < len(chunk)
                wanted = {one.id: one for place in held for one in places[place]}
                kept = self._written(entry, phase, held, wanted, list(requests))
            self.settle(entry, kept, [wanted[name] for name in wanted])
            self._book.note_unanswered(entry, kept.unanswered)
            entry.note("kept", places=sorted(held))
            whole = _sum(whole, kept)
        if busy:
            wording.say(
                self._model.name, entry, "has ended; some of its shards are held by other processes"
            )
            return None
        self.settle(entry, Kept())
        entry.close("collected", answered=whole.answered, unanswered=len(whole.unanswered))
        return whole

    def _opened(self, opened: ExitStack, places: Sequence[Place]) -> dict[Place, Segment]:
        """Return the segments of those places that no other process holds."""
        held: dict[Place, Segment] = {}
        for folder, first, last in places:
            journal = Journal(self._settings.journal_dir, Path(folder))
            try:
                segment = opened.enter_context(journal.open(first, last, stopped=lambda: True))
            except Stopping:
                continue
            opened.enter_context(segment.together())
            held[folder, first, last] = segment
        return held

    def _written(
        self,
        entry: Entry,
        phase: Phase,
        held: Mapping[Place, Segment],
        wanted: Mapping[str, BookedRequest],
        ids: Sequence[str],
    ) -> Kept:
        """Write the results of the `wanted` requests to their segments."""
        kept = Kept()
        commit, dirty = provenance.commit()
        stamp = {"commit": commit, "dirty": dirty}
        seen: set[str] = set()
        for name, result in self._calls.api.results(entry.results, ids):
            request = wanted.get(name)
            if request is None or name in seen:
                continue
            seen.add(name)
            self._write(entry, held[request.place], request, result, kept, stamp)
        why = f"not answered in the batch ({phase.value})"
        for name, request in wanted.items():
            if name not in seen:
                kept.unanswered[request.identity] = (why, entry.cancelled)
        return kept

    def _write(
        self,
        entry: Entry,
        segment: Segment,
        request: BookedRequest,
        result: Result,
        kept: Kept,
        stamp: Json,
    ) -> None:
        """Write one result unless it is in the journal, and count it."""
        is_known = request.identity in segment.answers
        if isinstance(result, Completion):
            answer = _answer(entry, result)
            if not is_known:
                segment.write(request.wanted, bounded(answer), **stamp)
            kept.answered += 1
            self._charge(kept, request, answers_usd(self._model.price, [answer]))
            return
        is_paid = isinstance(result, UnusableAnswer)
        if isinstance(result, UnusableAnswer):
            self._charge(kept, request, cost_usd(self._model.price, result.tokens, BATCH))
        mark = f"(batch {entry.name})"
        if not (is_known or _is_noted(segment, request, mark)):
            result.args = (f"{result} {mark}",)
            result.key, result.batch = entry.key, entry.name
            segment.write_failure(request.wanted, result)
        if type(result).__name__ in VERDICTS:
            kept.answered += 1
        elif not is_paid:
            why = f"{type(result).__name__}: {result}"
            kept.unanswered[request.identity] = (why, isinstance(result, Rejected))
        else:
            kept.unanswered[request.identity] = (f"{UNUSABLE}: {result}", False)

    def _charge(self, kept: Kept, request: BookedRequest, usd: float | None) -> None:
        if usd is None:
            kept.lost += request.usd or 0.0
        else:
            kept.usd += usd

    def settle(
        self, entry: Entry, kept: Kept, requests: Sequence[BookedRequest] | None = None
    ) -> None:
        """Replace what the budget holds for requests (None: all that is left) by their cost."""
        budget = self._payments.budget
        if budget is None:
            return
        part = None if requests is None else sum(one.usd or 0.0 for one in requests)
        budget.settle_batch(entry.tag, kept.usd, kept.lost, part)


def _is_noted(segment: Segment, request: BookedRequest, mark: str) -> bool:
    """Return whether the failure of a request was written before the process was killed."""
    return any(
        one.identity == request.identity and one.message.endswith(mark)
        for one in segment.answers.failures
    )


def _answer(entry: Entry, completion: Completion) -> Answer:
    """Return the answer in a batch: it took as long as the batch did."""
    began = entry.sent or entry.created
    took = max(0.0, (entry.ended or began) - began)
    return Answer(completion, entry.key, began, took, 0.0, 1, batch=entry.name)


def _sum(one: Kept, other: Kept) -> Kept:
    return Kept(
        one.answered + other.answered,
        one.usd + other.usd,
        one.lost + other.lost,
        one.unanswered | other.unanswered,
    )

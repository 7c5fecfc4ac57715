"""From batches to answers in the journal: what has ended is fetched, written, and only then closed.

Each step is on record before the next one, and each may be done again: an answer that is in the
journal already is not written again.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilotbench.asking.batches.calls import Calls
from pilotbench.asking.batches.parts import Parts
from pilotbench.asking.batches.room import Room
from pilotbench.asking.journal import Journal, Segment, bounded
from pilotbench.asking.journal.answers import VERDICTS
from pilotbench.asking.journal.batch_book import Book, batches_out
from pilotbench.asking.journal.batch_file import EXPIRES_S, BookedRequest, Entry, OutBatch
from pilotbench.asking.payments import Payments
from pilotbench.asking.prices import answers_usd, cost_usd
from pilotbench.ground import notices, provenance
from pilotbench.ground.errors import (
    ConfigError,
    ConnectionFailed,
    KeyDead,
    ProviderError,
    Rejected,
    Retryable,
    Stopping,
    Untrusted,
    UnusableAnswer,
)
from pilotbench.ground.plurals import counted
from pilotbench.matrix.config import Settings
from pilotbench.providers.answer import BATCH, Answer, Completion
from pilotbench.providers.batch_api import (
    NOT_FOUND,
    BatchState,
    Phase,
    Result,
    enqueued_limit,
    excess,
)
from pilotbench.providers.settings import Model

Json = dict[str, Any]
Place = tuple[str, int, int]
UNUSABLE = "paid for, but unusable"
MOST_DOWNLOADS = 5
"""Results that are incomplete after so many downloads are taken as they are."""
MOST_OPEN = 200
"""Segments that are open at once: a process may have about a thousand files."""


@dataclass
class Kept:
    """What has become of the requests of a batch so far; `unanswered` says why by identity."""

    answered: int = 0
    usd: float = 0.0
    lost: float = 0.0
    unanswered: dict[str, tuple[str, bool]] = field(default_factory=dict)


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


class Collection:
    """Looks at the batches of a lane, which is held by this process, and collects what is over.

    `pause` is the time in s that the service has asked to wait before the next look.
    """

    def __init__(
        self,
        settings: Settings,
        model: Model,
        calls: Calls,
        book: Book,
        payments: Payments,
        room: Room,
        parts: Parts,
    ) -> None:
        self._settings, self._model, self._calls, self._book = settings, model, calls, book
        self._payments, self._room, self._parts = payments, room, parts
        self._downloads: Counter[str] = Counter()
        self._blocked: dict[str, str] = {}
        self.pause = 0.0
        self.refused: dict[str, str] = {}

    def look(self) -> Collected:
        """Look at each batch once; collect what is over.

        Raises ConfigError if nothing but batches is out whose keys are not set or accepted any
        more.
        """
        self.pause, found = 0.0, Collected()
        self._blocked.clear()
        for entry in self._book.entries():
            self._calls.check()
            kept = self._looked(entry)
            if kept is not None:
                found.batches.append(entry.out)
                found = Collected(
                    found.batches,
                    found.answered + kept.answered,
                    found.unanswered + len(kept.unanswered),
                    found.usd + kept.usd,
                )
        out = {entry.tag for entry in self._book.entries()}
        if not found.batches and out and out <= self._blocked.keys():
            raise ConfigError(next(iter(self._blocked.values())))
        return found

    def drop_unsent(self) -> None:
        """Close what killed processes have recorded and not sent, and finish what they closed."""
        for entry in self._book.entries():
            if entry.sent is None or entry.closed:
                self._looked(entry)

    def cancel(self, entry: Entry) -> bool:
        """Cancel a batch; return whether the service has taken it in."""
        alias = self._alias(entry)
        if alias is None or entry.name is None:
            return False
        name = entry.name
        try:
            self._calls.send(alias, lambda api: api.cancel(alias, name))
        except ProviderError as error:  # it may have ended meanwhile: a later look tells
            self._say(entry, f"cannot be cancelled ({error})")
            if not isinstance(error, Retryable | KeyDead):
                entry.note("cancelled")
            return False
        entry.note("cancelled")
        return True

    def _looked(self, entry: Entry) -> Kept | None:
        """Return what a batch has come to if it is over and written; None while it is out."""
        if entry.closed:  # a process was killed before it moved the file
            entry.close("")
            return None
        if entry.sent is None:  # a process was killed before it sent anything
            self._settle(entry, Kept())
            entry.close("nothing was sent")
            return None
        if entry.phase is not None and entry.results.exists():
            return self._keep(entry, Phase(entry.phase))
        alias = self._alias(entry)
        if alias is None:
            return None
        try:
            return self._followed(alias, entry)
        except Retryable as error:
            self.pause = max(self.pause, error.retry_after or 0.0)
            self._say(entry, f"cannot be looked up now ({error})")
        except ProviderError as error:
            gone = isinstance(error, Rejected) and error.status == NOT_FOUND
            if gone and time.time() > (entry.sent or 0.0) + EXPIRES_S:
                return self._gone(entry, f"{error}")
            if entry.key_folder not in self._calls.folders:
                self._block(entry, f" ({error})")
                return None
            what = f"cannot be looked up ({error})"
            if gone:
                what += "; if so 24 hours after its submission too, its requests are sent again"
            if isinstance(error, KeyDead | Untrusted):  # no later look can succeed
                self._blocked[entry.tag] = self._text(entry, what)
            self._say(entry, what)
        return None

    def _followed(self, alias: str, entry: Entry) -> Kept | None:
        if entry.name is None and not self._found(alias, entry):
            return None
        name = entry.name or ""
        state = self._calls.send(alias, lambda api: api.state(alias, name))
        if (state.done, state.failed) != (entry.done, entry.failed):
            entry.note("seen", done=state.done, failed=state.failed)
        if not state.phase.is_over:
            return None
        if state.phase is Phase.FAILED:
            return self._failed(entry, state)
        self._fetch(alias, entry, state)
        return self._keep(entry, state.phase)

    def _found(self, alias: str, entry: Entry) -> bool:
        """Return whether the service has a batch whose submission was not answered."""
        since, now = entry.sent or entry.created, time.time()
        found = self._calls.send(
            alias, lambda api: api.find(alias, entry.tag, entry.prepared, since, entry.out.requests)
        )
        others = {other.name for other in self._book.entries()}
        found = [one for one in found if one.name not in others]
        ours = [one.name for one in found if one.is_ours]
        if ours:
            entry.note("named", name=ours[0])
            self._say(entry, "was accepted and is found again")
            return True
        late = (entry.lost or since) + self._calls.provider.attempt_deadline_s
        if not found and now > late:
            self._settle(entry, Kept())
            entry.close("the service has no such batch")
            self._say(entry, "was not accepted: its requests are sent again")
        return False

    def _failed(self, entry: Entry, state: BatchState) -> Kept:
        """Close a batch that the service did not accept after all; nothing was run."""
        why = state.why or "the service did not accept the batch"
        requests = list(entry.requests())
        left = self._left_online(entry, requests, state, why)
        kept = Kept(unanswered={name: (reason, False) for name, reason in left.items()})
        self.refused |= left
        self._book.note_unanswered(entry, kept.unanswered)
        count = len(requests) - len(left)
        again = f"; {counted(count, 'request')} submitted again in other batches" if count else ""
        self._say(entry, f"was not run ({why}){again}")
        self._settle(entry, kept)
        entry.close(why)
        return kept

    def _left_online(
        self, entry: Entry, requests: Sequence[BookedRequest], state: BatchState, why: str
    ) -> dict[str, str]:
        """Return which requests of a batch that failed are not submitted again, and why."""
        names, large = [one.identity for one in requests], excess(why)
        if state.is_full:
            if len(names) == 1 and self._never_fits(entry, why):
                reason = f"it fits in no batch, even while no other is out ({why})"
                self._room.never_fits(entry.bytes or 0, reason)
                return dict.fromkeys(names, reason)
            others = [one for one in self._book.entries() if one.tag != entry.tag]
            out = len(names) + sum(one.out.requests for one in others)
            self._room.full(out)
            return {}
        places = state.places or tuple(n for n, one in enumerate(requests) if one.id in why)
        if large is not None and not places and len(names) > 1:
            self._parts.too_large(large, len(names), entry.bytes)
            return {}
        return dict.fromkeys(self._parts.failed(names, places), why)

    def _never_fits(self, entry: Entry, why: str) -> bool:
        """Return whether a request that had no room has none even while nothing else is out.

        Where the service states a limit that the request cannot exceed, others use it up.
        """
        if not entry.alone or entry.bytes is None or entry.bytes <= (enqueued_limit(why) or 0):
            return False
        out = batches_out(self._settings.journal_dir)
        return all(one.provider != entry.provider or one.tag == entry.tag for one in out)

    def _gone(self, entry: Entry, why: str) -> Kept:
        """Close a batch whose results the service no longer has; they may have been paid."""
        kept = Kept(lost=entry.reserved_usd or 0.0)
        kept.unanswered = {one.identity: (why, False) for one in entry.requests()}
        self._say(entry, f"is lost ({why})")
        self._book.note_unanswered(entry, kept.unanswered)
        self._settle(entry, kept)
        entry.close(why)
        return kept

    def _fetch(self, alias: str, entry: Entry, state: BatchState) -> None:
        """Download the results, completely; they are kept until all of them are in the journal."""
        draft = entry.results.with_suffix(".part")
        self._downloads[entry.tag] += 1
        last = self._downloads[entry.tag] >= MOST_DOWNLOADS
        try:
            self._calls.send(alias, lambda api: api.download(alias, state, draft))
            if not self._calls.api.is_whole(draft, state):
                raise ConnectionFailed("the results are incomplete")
        except Retryable as error:
            if not (last and draft.exists()):
                raise
            self._say(entry, f"has incomplete results: what can be read is kept ({error})")
        draft.replace(entry.results)
        entry.note("fetched", phase=state.phase.value, ended=state.ended)

    def _keep(self, entry: Entry, phase: Phase) -> Kept | None:
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
            self._settle(entry, kept, [wanted[name] for name in wanted])
            self._book.note_unanswered(entry, kept.unanswered)
            entry.note("kept", places=sorted(held))
            whole = _sum(whole, kept)
        if busy:
            self._say(entry, "has ended; some of its shards are held by other processes")
            return None
        self._settle(entry, Kept())
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

    def _settle(
        self, entry: Entry, kept: Kept, requests: Sequence[BookedRequest] | None = None
    ) -> None:
        """Replace what the budget holds for requests (None: all that is left) by their cost."""
        budget = self._payments.budget
        if budget is None:
            return
        part = None if requests is None else sum(one.usd or 0.0 for one in requests)
        budget.settle_batch(entry.tag, kept.usd, kept.lost, part)

    def _alias(self, entry: Entry) -> str | None:
        """Return the key that a batch was submitted with, None if it is not set any more.

        A secret or URL that has replaced it may be of the same account: a batch whose name is
        known is looked up with it.
        """
        alias = self._calls.folders.get(entry.key_folder)
        if alias is None and entry.name is not None and entry.key in self._calls.keys:
            return entry.key
        if alias is None:
            self._block(entry)
        return alias

    def _block(self, entry: Entry, why: str = "") -> None:
        """Say that a batch cannot be looked up without the secret that it was submitted with."""
        key = self._calls.provider.keys.get(entry.key)
        variable = (key and key.env) or "the variable of its key"
        what = (
            f"was submitted with key {entry.key}, which has another secret or URL now{why}: "
            f"set {variable} to collect it, or remove {entry.path} to pay for it again"
        )
        self._blocked[entry.tag] = self._text(entry, what)
        self._say(entry, what)

    def _say(self, entry: Entry, what: str) -> None:
        notices.say(f"batch {entry.tag} {what}", self._text(entry, what), f"batch {entry.tag}")

    def _text(self, entry: Entry, what: str) -> str:
        name = entry.name or f"with tag {entry.tag}"
        return f"{self._model.name}: batch {name} ({counted(entry.out.requests, 'request')}) {what}"


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

"""From batches to answers in the journal: what has ended is fetched, written, and only then closed.

Each step is on record before the next one, and each may be done again: an answer that is in the
journal already is not written again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pilotbench.asking.batches import wording
from pilotbench.asking.batches.calls import Calls
from pilotbench.asking.batches.parts import Parts
from pilotbench.asking.batches.result_writing import Kept, ResultWriting
from pilotbench.asking.batches.room import Room
from pilotbench.asking.journal.batch_book import Book, batches_out
from pilotbench.asking.journal.batch_file import EXPIRES_S, BookedRequest, Entry, OutBatch
from pilotbench.asking.payments import Payments
from pilotbench.ground.errors import (
    ConfigError,
    ConnectionFailed,
    KeyDead,
    ProviderError,
    Rejected,
    Retryable,
    Untrusted,
)
from pilotbench.ground.plurals import counted
from pilotbench.matrix.config import Settings
from pilotbench.providers.batch_api import (
    NOT_FOUND,
    BatchState,
    Phase,
    enqueued_limit,
    excess,
)
from pilotbench.providers.settings import Model

MOST_DOWNLOADS = 5
"""Results that are incomplete after so many downloads are taken as they are."""


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
        self._room, self._parts = room, parts
        self._writing = ResultWriting(settings, model, calls, book, payments)
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
            self._writing.settle(entry, Kept())
            entry.close("nothing was sent")
            return None
        if entry.phase is not None and entry.results.exists():
            return self._writing.keep(entry, Phase(entry.phase))
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
                self._blocked[entry.tag] = wording.line(self._model.name, entry, what)
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
        return self._writing.keep(entry, state.phase)

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
            self._writing.settle(entry, Kept())
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
        self._writing.settle(entry, kept)
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
        self._writing.settle(entry, kept)
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
        self._blocked[entry.tag] = wording.line(self._model.name, entry, what)
        self._say(entry, what)

    def _say(self, entry: Entry, what: str) -> None:
        wording.say(self._model.name, entry, what)

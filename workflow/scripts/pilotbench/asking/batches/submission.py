"""From the requests of a wave to batches: which go, in which parts, and how each is submitted."""

from __future__ import annotations

import secrets
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from pilotbench.asking.batches.calls import Calls
from pilotbench.asking.batches.parts import Parts
from pilotbench.asking.batches.room import Room
from pilotbench.asking.journal import Journal, journal_folder, request_identity
from pilotbench.asking.journal.batch_book import Book
from pilotbench.asking.journal.batch_file import BookedRequest, Entry, OutBatch
from pilotbench.asking.journal.identity import RequestIdentity
from pilotbench.asking.keys.key_client import MOST_UNUSABLE
from pilotbench.asking.keys.secrets import opened_keys
from pilotbench.asking.payments import Payments
from pilotbench.ground import notices
from pilotbench.ground.errors import (
    ContextOverflow,
    KeyDead,
    ProviderError,
    RateLimited,
    Refused,
    Rejected,
    Retryable,
)
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.key_routing import home_key
from pilotbench.providers.batch_api import (
    NOT_FOUND,
    BatchApi,
    Excess,
    excess,
    is_refusal,
    places_in,
)
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

Json = dict[str, Any]
LONGEST_WAIT_S = 60.0
"""A service that asks to wait longer has no room for another batch now."""
MOST_WAITS = 3
GIVEN_UP = "batches do not answer"
NO_BUDGET = "budget_usd has no room for it"
FULL = "the service has no room for more requests in batches now"


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
    the service refuses it in batches, or several did not answer it.
    """

    batches: list[OutBatch] = field(default_factory=list)
    later: list[Left] = field(default_factory=list)
    online: list[Left] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """The number of requests submitted."""
        return sum(batch.requests for batch in self.batches)


@dataclass(frozen=True)
class Item:
    """A request that is to go into a batch; `usd` is the most that it can cost, `size` in bytes."""

    shard: Shard
    request: Request
    wanted: RequestIdentity
    usd: float
    size: int

    @property
    def name(self) -> str:
        """The identity of the request."""
        return self.wanted.identity

    def left(self, why: str) -> Left:
        """Return it as one that was not submitted."""
        return Left(self.shard, self.request, why)


class Submission:
    """The submission of one wave; the lane is held by this process."""

    def __init__(
        self,
        experiment: Experiment,
        model: Model,
        calls: Calls,
        book: Book,
        payments: Payments,
        room: Room,
        parts: Parts,
        refused: dict[str, str],
        home: str,
    ) -> None:
        self._experiment, self._model, self._calls, self._book = experiment, model, calls, book
        self._payments, self._refused, self._home = payments, refused, home
        self._room, self._parts = room, parts
        self.done = Submitted()

    def run(self, wave: Sequence[tuple[Shard, Request]]) -> Submitted:
        """Submit what may be submitted."""
        for home, items in self._by_key(self._fresh(wave)).items():
            todo = deque([items])
            while todo:
                self._calls.check()
                # Each refusal may have taught to make the parts smaller.
                first, *others = self._parts.divided(todo.popleft(), self._calls.api)
                todo.extendleft(reversed(others))
                part = self._within_room(first)
                if part:
                    todo.extendleft(reversed(self._submit(home, part)))
        return self.done

    def _fresh(self, wave: Sequence[tuple[Shard, Request]]) -> Iterator[Item]:
        """Yield the requests that are not out, and that batches have not failed to answer."""
        given_up = self._book.given_up()
        out = {one.identity for entry in self._book.entries() for one in entry.requests()}
        seen: set[str] = set()
        for shard, request in wave:
            wanted = request_identity(self._model, request)
            name = wanted.identity
            if name in out:
                self.done.later.append(Left(shard, request, "out in a batch"))
            elif name in self._refused:
                self.done.online.append(Left(shard, request, self._refused[name]))
            elif name in given_up:
                self.done.online.append(Left(shard, request, f"{GIVEN_UP}: {given_up[name]}"))
            elif name not in seen:
                seen.add(name)
                usd = self._payments.most_usd(request, batch=True) if self._payments.budget else 0.0
                size = self._calls.api.size("x" * 64, request.body)
                item = Item(shard, request, wanted, usd, size)
                never = self._room.why_never(size)
                if never is None:
                    yield item
                else:
                    self._online([item], never)

    def _by_key(self, items: Iterator[Item]) -> dict[str, list[Item]]:
        """Return the requests by their home key; routing by prompt ties each to its own."""
        found: defaultdict[str, list[Item]] = defaultdict(list)
        settings = self._experiment.settings
        for item in items:
            strict = settings.routing == "by_prompt"
            found[home_key(settings, item.shard) if strict else self._home].append(item)
        return found

    def _within_room(self, part: list[Item]) -> list[Item]:
        """Return what the service and the budget have room for; the rest is left for later."""
        out = sum(entry.out.requests for entry in self._book.entries())
        most = int(min(self._room.left(out), len(part)))
        if most < len(part):  # where the smallest has no room, no other one has
            part = sorted(part, key=lambda item: item.size)
        self._later(part[most:], FULL)
        part = part[:most]
        if self._payments.budget is not None:
            left, fits = self._payments.budget.left(), 0
            while fits < len(part) and part[fits].usd <= left:
                left -= part[fits].usd
                fits += 1
            self._later(part[fits:], NO_BUDGET)
            part = part[:fits]
        return part

    def _submit(self, home: str, part: list[Item]) -> list[list[Item]]:
        """Submit a part as one batch; return what is to be submitted in other parts."""
        last: KeyDead | None = None
        for alias in self._candidates(home):
            entry = self._recorded(alias, part)
            if entry is None:
                return []
            try:
                self._send(alias, entry, part)
                return []
            except KeyDead as error:
                entry.close(f"{error}")
                last = error
            except (ContextOverflow, Refused, Rejected) as error:
                entry.close(f"{error}")
                return self._after_refusal(part, error)
            except RateLimited as error:
                return self._after_full(entry, part, f"{error}")
            except Retryable as error:
                entry.close(f"{error}")
                self._later(part, f"{error}")
                return []
            except ProviderError as error:
                entry.close(f"{error}")
                self._online(part, f"{error}")
                return []
            finally:
                self._release(entry)
        raise last or KeyDead("no key is left")

    def _release(self, entry: Entry) -> None:
        """Give back what a batch has reserved that was not submitted."""
        if entry.closed and self._payments.budget is not None:
            self._payments.budget.settle_batch(entry.tag, 0.0)

    def _candidates(self, home: str) -> list[str]:
        """Return the keys that may be used, home first."""
        keys = list(self._calls.keys)
        if self._experiment.settings.routing == "by_prompt":
            opened_keys(self._calls.provider, [home])  # raises for one that is not set
            return [home]
        return sorted(keys, key=lambda alias: alias != home)

    def _recorded(self, alias: str, part: list[Item]) -> Entry | None:
        """Record a batch that is about to be submitted, without what must not be; None if empty.

        First it is on record, then others are looked at: an Asker does it the other way round, so
        that a request is never asked in both ways.
        """
        tag, budget = secrets.token_hex(8), self._payments.budget
        head = {
            "tag": tag,
            "provider": self._model.provider,
            "model": self._model.name,
            "deployment": self._model.deployment,
            "key": alias,
            "key_folder": self._calls.folder_of(alias),
            "count": len(part),
            "reserved_usd": None if budget is None else sum(item.usd for item in part),
            "bytes": sum(item.size for item in part),
            "alone": not self._book.entries(),
        }
        entry = self._book.write(head, [self._booked(tag, item) for item in part])
        self._withdraw(entry, part)
        usd = sum(item.usd for item in part)
        if not part or (budget is not None and not budget.reserve_batch(tag, usd)):
            self._later(part, NO_BUDGET)
            entry.close("nothing to submit")
            return None
        return entry

    def _booked(self, tag: str, item: Item) -> BookedRequest:
        folder = journal_folder(self._model, item.shard.cell)
        return BookedRequest(
            id=custom_id(tag, item.wanted.identity),
            identity=item.wanted.identity,
            components=item.wanted.components,
            folder=str(folder),
            first=item.shard.first,
            last=item.shard.last,
            index=item.wanted.index,
            usd=item.usd if self._payments.budget is not None else None,
        )

    def _withdraw(self, entry: Entry, part: list[Item]) -> None:
        """Take back, on record and in `part`, what others have answered or are about to ask."""
        away: set[str] = set()
        for shard, group in groupby(sorted(part, key=lambda i: i.shard), key=lambda i: i.shard):
            items = list(group)
            root = self._experiment.settings.journal_dir
            journal = Journal(root, journal_folder(self._model, shard.cell))
            if journal.holders(shard.first, shard.last):
                self._later(items, "another process works on the shard")
                away.update(item.wanted.identity for item in items)
                continue
            answers = journal.read(shard.first, shard.last)
            for item in items:
                name = item.wanted.identity
                unusable = len(answers.unusable(item.wanted))
                if name in answers:
                    away.add(name)
                elif unusable >= MOST_UNUSABLE and not self._experiment.settings.ask_unusable:
                    self.done.online.append(item.left("paid for without a usable answer"))
                    away.add(name)
        if away:
            entry.note("withdrawn", ids=sorted(custom_id(entry.tag, name) for name in away))
            part[:] = [item for item in part if item.wanted.identity not in away]

    def _send(self, alias: str, entry: Entry, part: list[Item]) -> None:
        """Submit a recorded batch; if the answer is lost, it stays out until that is settled.

        Raises the ProviderError that says why it was certainly not submitted.
        """
        names = (custom_id(entry.tag, item.wanted.identity) for item in part)
        bodies = {name: item.request.body for name, item in zip(names, part, strict=True)}
        file = self._calls.retried(alias, lambda api: api.prepare(alias, entry.tag, bodies))
        entry.note("prepared", file=file)
        waits = 0
        while True:
            try:
                name = self._calls.send(
                    alias, lambda api: _started(api, entry, alias, file, bodies)
                )
            except RateLimited as error:
                wait = error.retry_after
                waits += 1
                if wait is None or wait > LONGEST_WAIT_S or waits > MOST_WAITS:
                    raise
                self._calls.rest(wait)
            except ProviderError as error:
                if is_refusal(error):
                    raise
                entry.note("lost", why=f"{error}")
                notices.say(
                    f"batch {entry.tag}",
                    f"{self._model.name}: a batch of {len(part)} requests was submitted and the "
                    f"answer was lost ({error}); nothing of it is sent again before it is known "
                    "whether the service has it",
                )
                break
            else:
                entry.note("named", name=name)
                break
        self.done.batches.append(entry.out)

    def _after_full(self, entry: Entry, part: list[Item], why: str) -> list[list[Item]]:
        """Leave a part for later, or for smaller parts if nothing else is out."""
        entry.close(why)
        out = sum(one.out.requests for one in self._book.entries())
        self._room.full(out + len(part))
        if out or len(part) == 1:
            self._later(part, FULL if out else why)
            return []
        return [part[: len(part) // 2], part[len(part) // 2 :]]

    def _after_refusal(self, part: list[Item], error: ProviderError) -> list[list[Item]]:
        """Return what of a part that was refused is to be submitted in smaller parts."""
        why, places = f"{error}", places_in(f"{error}")
        size = sum(item.size for item in part)
        large = excess(" ".join((why, *sorted(error.codes))))
        if large is None and isinstance(error, ContextOverflow):
            large = Excess(True, True)
        if len(part) == 1 or error.status == NOT_FOUND:
            self._online(part, why)
            return []
        if large is not None and not places:
            self._parts.too_large(large, len(part), size)
            return [part]
        wrong = self._parts.failed([item.name for item in part], places)
        self._online([item for item in part if item.name in wrong], why)
        rest = [item for item in part if item.name not in wrong]
        return [rest] if rest else []

    def _later(self, items: Sequence[Item], why: str) -> None:
        self.done.later.extend(item.left(why) for item in items)

    def _online(self, items: Sequence[Item], why: str) -> None:
        self._refused.update({item.wanted.identity: why for item in items})
        self.done.online.extend(item.left(why) for item in items)


def _started(api: BatchApi, entry: Entry, alias: str, file: str, bodies: Mapping[str, Json]) -> str:
    """Return the name of a batch that is submitted now, which is on record before."""
    entry.note("sending")
    return api.submit(alias, entry.tag, file, bodies)


def custom_id(tag: str, identity: str) -> str:
    """Return the name of a request in a batch: at most 64 letters, digits and hyphens."""
    return f"{tag}-{identity[:40]}"

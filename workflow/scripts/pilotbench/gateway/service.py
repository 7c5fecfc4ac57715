"""From a request of a client to its reply, and what was asked so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Condition, Event, Lock
from typing import Any, Protocol, Self

from pilotbench.asking.label_asker import Replayable
from pilotbench.asking.prices import cost_usd
from pilotbench.gateway import replies, requests
from pilotbench.gateway.failures import Failed, failed
from pilotbench.gateway.labels import Labels
from pilotbench.gateway.occurrences import Gone, Occurrences
from pilotbench.gateway.requests import Asked
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import Stopping
from pilotbench.providers.settings import Model

Json = dict[str, Any]
MOST_ERRORS = 100
"""Different messages of errors that are counted."""


@dataclass
class Totals:
    """What was asked under a label: `usd` is the known cost of what was `paid`.

    `replayed` came from the journal, `unknown` of the paid answers have an unknown cost.
    """

    paid: int = 0
    replayed: int = 0
    failed: int = 0
    usd: float = 0.0
    unknown: int = 0
    errors: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """A response: a body, or events. A final one is given again to the same request."""

    status: int
    body: Json
    events: tuple[bytes, ...] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_final: bool = True


@dataclass(frozen=True)
class Call:
    """A request of a client to the endpoint of a wire format, under a label and in a run.

    `gone` returns whether the client has closed its connection; `deliver` sends the reply and
    returns whether the client got it.
    """

    api: str
    content: bytes
    label: str
    run: str | None
    gone: Gone
    deliver: Callable[[Reply], bool]


class BodyAsker(Protocol):
    """Answers the bodies that are sent to one model under one label; see LabelAsker."""

    @property
    def folder(self) -> Path:
        """Where its answers are kept: two askers with the same folder are one."""
        ...

    def __call__(self, body: Json, occurrence: int) -> Replayable:
        """Return the answer to a body, the `occurrence`-th (from 0) equal one."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...


Opener = Callable[[str, str, Event], BodyAsker]
"""Makes the asker of a model and a label; the event ends what is not sent yet."""


class Gateway:
    """Answers clients; safe among threads. `stopping` is set when nothing more may be sent."""

    def __init__(
        self,
        catalog: Mapping[str, Model],
        labels: Labels,
        opener: Opener,
        catalog_name: str = requests.CATALOG,
    ) -> None:
        self.labels, self.stopping = labels, Event()
        self._catalog, self._opener, self._catalog_name = catalog, opener, catalog_name
        self._open = ExitStack()
        self._askers: dict[Path, BodyAsker] = {}
        self._runs: defaultdict[tuple[str, str | None], Occurrences] = defaultdict(Occurrences)
        self._totals: dict[str, Totals] = {label: Totals() for label in labels.tokens}
        self._lock, self._changed, self._in_flight = Lock(), Condition(), 0

    def begin(self, label: str, run: str | None) -> None:
        """Count equal requests anew: the program that asks under a label begins again."""
        with self._lock:
            self._runs.pop((label, run), None)

    def models(self) -> Json:
        """Return the list of models."""
        return requests.listed(self._catalog)

    def answer(self, call: Call) -> None:
        """Answer a request of a client."""
        with self._changed:
            self._in_flight += 1
        try:
            self._answer(call)
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def drained(self, timeout_s: float | None = None) -> bool:
        """Wait until no request is in flight; return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._in_flight == 0, timeout_s)

    def totals(self) -> Json:
        """Return what was asked so far, by label, and how much is in flight."""
        with self._lock:
            found = {label: asdict(one) for label, one in self._totals.items()}
        return {"in_flight": self._in_flight, "labels": found}

    def close(self) -> None:
        """Close the journal and the connections."""
        self._open.close()

    def _answer(self, call: Call) -> None:
        try:
            asked = requests.read(call.api, call.content, self._catalog, self._catalog_name)
            asker = self._asker(asked.model.name, call.label)
            body = digest([asked.model.provider, asked.body])
        except Exception as error:  # whatever it is, the client gets one line
            call.deliver(self._failed(call.label, error))
            return
        with self._lock:
            counted = self._runs[call.label, call.run]
        place = f"{asker.folder} {body}"  # two askers count on their own
        number, delivered = counted.take(place, call.gone), False
        try:
            try:
                found = asker(asked.body, number)
                reply = _reply(call.api, asked, found, f"{body[:32]}{number:04d}")
                self._count(call.label, asked, found)
            except Exception as error:
                reply = self._failed(call.label, error)
            delivered = not call.gone() and call.deliver(reply) and reply.is_final
        finally:
            counted.end(place, number, call.gone, delivered)

    def _asker(self, model: str, label: str) -> BodyAsker:
        with self._lock:
            if self.stopping.is_set():
                raise Stopping("the gateway is stopping")
            made = self._opener(model, label, self.stopping)
            if made.folder not in self._askers:  # entries of one deployment share their answers
                self._askers[made.folder] = self._open.enter_context(made)
            return self._askers[made.folder]

    def _count(self, label: str, asked: Asked, found: Replayable) -> None:
        answer = found.answer
        usd = cost_usd(asked.model.price, answer.completion.tokens, answer.tier, answer.started)
        with self._lock:
            total = self._totals[label]
            total.replayed += found.replayed
            if not found.replayed:
                total.paid += 1
                total.usd += usd or 0.0
                total.unknown += usd is None

    def _failed(self, label: str, error: Exception) -> Reply:
        found: Failed = failed(error)
        with self._lock:
            total = self._totals[label]
            total.failed += 1
            if found.message in total.errors or len(total.errors) < MOST_ERRORS:
                total.errors[found.message] = total.errors.get(found.message, 0) + 1
        return Reply(found.status, found.body, None, found.headers, found.is_final)


def _reply(api: str, asked: Asked, found: Replayable, identity: str) -> Reply:
    headers = {"X-Pilotbench-Replayed": str(found.replayed).lower()}
    if api == "chat":
        body = replies.chat(found.answer, identity, asked.body)
        events = replies.chat_events(body, asked.with_usage)
    else:
        body = replies.responses(found.answer, identity, asked.body)
        events = replies.response_events(body)
    return Reply(200, body, tuple(events) if asked.streams else None, headers)

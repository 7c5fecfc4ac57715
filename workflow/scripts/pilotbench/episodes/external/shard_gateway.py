"""The gateway of one shard: on the loopback, with a token of its own, as long as its command runs.

Each request goes through the source of the shard, as those of an episode do: the journal, else the
keys of its job. Further models that the task lists, such as a grader, have a label in the journal
for each task, model and repeat, and take what the limits of their keys leave. A request is
identified by provider, body, repeat and how many equal bodies came before it in this run of the
command, and lies in the journal under the samples of the shard: a shard with
other limits finds what shards asked that overlap with it.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Lock
from typing import Any, Self

from pilotbench.asking.asker import JournalOnly, Source
from pilotbench.asking.label_asker import Job, LabelAsker, Replayable
from pilotbench.benchmark.instances import Instance
from pilotbench.gateway.labels import Labels
from pilotbench.gateway.server import Server
from pilotbench.gateway.service import Gateway
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import PilotbenchError, ProviderError
from pilotbench.matrix.config import Settings
from pilotbench.matrix.experiment import request_fingerprint
from pilotbench.providers.answer import Answer
from pilotbench.providers.request import BOUNDS, TURNS, Request
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_formats import shortest_body

Json = dict[str, Any]
LABEL = "shard"


@dataclass
class Heard:
    """What a command has asked so far; safe among threads.

    `answered` has each answered request once; `failed` those whose last attempt failed. `failures`
    counts all attempts that failed.
    """

    answered: dict[tuple[str, int], tuple[Request, Answer]] = field(default_factory=dict)
    failed: dict[tuple[str, int], tuple[Request, PilotbenchError]] = field(default_factory=dict)
    replayed: int = 0
    failures: int = 0
    _lock: Lock = field(default_factory=Lock)

    def answer(self, place: tuple[str, int], request: Request, answer: Answer, old: bool) -> None:
        """Record an answer; `old` ones were in the journal."""
        with self._lock:
            self.replayed += old and place not in self.answered
            self.answered[place] = (request, answer)
            self.failed.pop(place, None)

    def failure(self, place: tuple[str, int], request: Request, error: PilotbenchError) -> None:
        """Record a failure."""
        with self._lock:
            self.failures += 1
            self.failed[place] = (request, error)

    def __len__(self) -> int:
        """The number of requests that were answered or failed."""
        return len(self.answered) + len(self.failed)


class ShardAsker:
    """Answers the bodies of a command through the source of its shard."""

    def __init__(
        self, model: Model, instance: Instance, repeat: int, ask: Source, heard: Heard
    ) -> None:
        self.folder: Path = ask.folder
        self._instance, self._repeat, self._ask, self._heard = instance, repeat, ask, heard
        self._defaults = defaults(model)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None: ...

    def __call__(self, body: Json, occurrence: int) -> Replayable:
        """Return the answer to a body, which is in the journal when this returns."""
        whole = with_defaults(body, self._defaults)
        request = Request(whole, self._instance, "none", self._repeat, occurrence)
        place = (digest(body), occurrence)
        old = isinstance(self._ask, JournalOnly) or self._known(request)
        try:
            answer = self._ask(request)
        except PilotbenchError as error:
            self._heard.failure(place, request, error)
            raise
        self._heard.answer(place, request, answer, old)
        return Replayable(answer, old)

    def _known(self, request: Request) -> bool:
        try:
            return not isinstance(self._ask, JournalOnly) and self._ask.known(request) is not None
        except ProviderError:  # a verdict of the service, which is found again
            return True


@dataclass(frozen=True)
class Others:
    """The further models that the command of a task may ask for a model, and as which job."""

    settings: Settings
    models: tuple[str, ...]
    task: str
    job: Job

    def label(self, own: Model, other: str, repeat: int) -> str:
        """Return the label of what another model is asked: `own` is the model of the shard."""
        entry = self.settings.catalog[other]
        pair = digest([request_fingerprint(own), request_fingerprint(entry)])[:12]
        return f"task/{self.task}/{pair}/{repeat}"


class OtherAsker:
    """Answers the bodies that a command sends to another model than that of its shard."""

    def __init__(self, model: Model, ask: LabelAsker, repeat: int, heard: Heard) -> None:
        self.folder: Path = ask.folder
        self._ask, self._repeat, self._heard = ask, repeat, heard
        self._defaults = defaults(model)

    def __enter__(self) -> Self:
        self._ask.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ask.__exit__(*exc)

    def __call__(self, body: Json, occurrence: int) -> Replayable:
        """Return the answer to a body, which is in the journal when this returns."""
        whole = with_defaults(body, self._defaults)
        request = Request(whole, Instance("", "none", 0, ""), "none", self._repeat, occurrence)
        place = (digest(body), occurrence)
        try:
            found = self._ask(whole, occurrence)
        except PilotbenchError as error:
            self._heard.failure(place, request, error)
            raise
        self._heard.answer(place, request, found.answer, found.replayed)
        return found


def defaults(model: Model) -> Json:
    """Return what the parameters of an entry add to a body, in the words of its wire format."""
    own, plain = shortest_body(model), shortest_body(replace(model, parameters={}))
    return {n: v for n, v in own.items() if n not in (*TURNS, "model") and plain.get(n) != v}


def with_defaults(body: Json, added: Json) -> Json:
    """Return a body with the parameters that it does not set itself."""
    is_bounded = any(name in body for name in BOUNDS)
    return {**{n: v for n, v in added.items() if not (is_bounded and n in BOUNDS)}, **body}


@dataclass(frozen=True)
class Serving:
    """A running gateway: where it is, its token, and what the model and others were asked."""

    base_url: str
    token: str
    heard: Heard
    others: Mapping[str, Heard]
    gateway: Gateway

    @property
    def each(self) -> list[Heard]:
        """What each model was asked, the shard's own first."""
        return [self.heard, *self.others.values()]

    @property
    def refused(self) -> list[str]:
        """The requests that the gateway did not pass on, such as those to another model."""
        found = self.gateway.totals()["labels"][LABEL]
        if found["failed"] <= sum(heard.failures for heard in self.each):
            return []
        known = {str(error) for heard in self.each for _, error in heard.failed.values()}
        return [message for message in found["errors"] if message not in known]


@contextmanager
def serving(
    model: Model, instance: Instance, repeat: int, ask: Source, others: Others
) -> Iterator[Serving]:
    """Serve a model, and the others of its task, for one run of a command."""
    heard, token = Heard(), f"pb-{secrets.token_hex(24)}"
    catalog = {one: others.settings.catalog[one] for one in (model.name, *others.models)}
    beside = {one: Heard() for one in catalog if one != model.name}

    def opened(name: str, label: str, stopping: Event) -> ShardAsker | OtherAsker:
        if name == model.name:
            return ShardAsker(model, instance, repeat, ask, heard)
        own = others.label(model, name, repeat)
        asker = LabelAsker(others.settings, name, own, stopping, others.job)
        return OtherAsker(catalog[name], asker, repeat, beside[name])

    allowed = f"what this command may ask: {', '.join(catalog)} (more: `models` in task.yaml)"
    gateway = Gateway(catalog, Labels({LABEL: token}), opened, allowed)
    with Server("127.0.0.1", 0, gateway) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield Serving(f"{server.origin}/v1", token, heard, beside, gateway)
        finally:
            gateway.stopping.set()
            server.shutdown()
            gateway.drained()
            gateway.close()

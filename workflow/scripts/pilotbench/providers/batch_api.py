"""A batch endpoint: what the batch lane needs of a service that answers requests in batches.

Each file of `providers/batches/` has the client of one form. A submission has two steps: `prepare`
stores the requests with the service, where it has files, which starts and costs nothing; `submit`
starts the batch. If the answer to `submit` never arrives, `find` returns what the service has. No
call is repeated here: the lane decides, since it knows what is on record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from pilotbench.ground.errors import ConfigError, ProviderError
from pilotbench.providers.answer import Completion
from pilotbench.providers.settings import Model

Json = dict[str, Any]
NOT_FOUND = 404
Result = Completion | ProviderError
"""What became of one request of a batch."""


class Phase(Enum):
    """How far a batch is."""

    RUNNING = "running"
    ENDED = "ended"
    """Every request has a result, though it may be an error."""
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """Cancelled and expired batches have results of the part that was finished."""
    FAILED = "failed"
    """The service did not accept the requests: none was run, and nothing is charged."""

    @property
    def is_over(self) -> bool:
        """Whether the results do not change any more."""
        return self is not Phase.RUNNING


@dataclass(frozen=True)
class BatchState:
    """A batch as the service reports it.

    `name` is the service's name of it, `done` and `failed` are the requests with an answer and with
    an error, as far as the service counts them meanwhile. `created` and `ended` are Unix times in
    s. `why` says why it failed. `is_full` is set if it failed since the service has no room for
    more requests now: a smaller or later batch may pass. `places` are the requests, counted from 0,
    that it names as the reason of the failure. `outputs` name the results as the client of the
    service needs them.
    """

    name: str
    phase: Phase
    total: int
    done: int = 0
    failed: int = 0
    created: float | None = None
    ended: float | None = None
    why: str | None = None
    is_full: bool = False
    places: tuple[int, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """A batch that a service lists; `is_ours` is None if only its results tell whose it is."""

    name: str
    is_ours: bool | None


class BatchApi(Protocol):
    """The client of a batch endpoint for one model; `key` is the alias of a key.

    Every call raises a ProviderError, within the deadlines of the provider, and is sent once.
    """

    @property
    def most_requests(self) -> int:
        """The most requests that a batch may have."""
        ...

    @property
    def most_bytes(self) -> int:
        """The most bytes that the requests of a batch may have, as `size` counts them."""
        ...

    def size(self, custom_id: str, body: Json) -> int:
        """Return the bytes that a request takes in a batch."""
        ...

    def prepare(self, key: str, tag: str, bodies: Mapping[str, Json]) -> str:
        """Store the requests (custom id -> body) with the service; return its name of the file.

        Nothing is started and charged. "" where the requests are part of `submit`.
        """
        ...

    def submit(self, key: str, tag: str, prepared: str, bodies: Mapping[str, Json]) -> str:
        """Start the batch of the requests in `prepared`; return the service's name of the batch.

        The service is told `tag`, as far as it stores such a word. Unless the error says that the
        service refused (`is_refusal`), the batch may have been started.
        """
        ...

    def find(self, key: str, tag: str, prepared: str, since: float, count: int) -> list[Found]:
        """Return the batches that the submission with `tag` and `prepared` may have started.

        Those that are certainly not ours are left out. `since` is the Unix time of the submission,
        `count` the number of its requests.
        """
        ...

    def state(self, key: str, name: str) -> BatchState:
        """Return the state of a batch."""
        ...

    def download(self, key: str, state: BatchState, path: Path) -> None:
        """Write the results of a batch that is over to a new file, as they come, and flush it."""
        ...

    def is_whole(self, path: Path, state: BatchState) -> bool:
        """Return whether a downloaded file has everything that the service has counted."""
        ...

    def results(self, path: Path, ids: Sequence[str]) -> Iterator[tuple[str, Result]]:
        """Yield (custom id, result) of each line of a downloaded file; nothing is requested.

        `ids` are the custom ids in the order of their submission. A line that is cut off or cannot
        be read is left out, and so is a request that was not run.
        """
        ...

    def cancel(self, key: str, name: str) -> None:
        """Ask the service to end a batch; its state says when it has."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


def require_api(model: Model, *apis: str) -> None:
    """Raise ConfigError if the wire format of a model is none of those that have batches."""
    if model.api not in apis:
        where, known = f"model_catalog.{model.name}.lane", " or ".join(apis)
        raise ConfigError(f"{where}: the batches of kind {model.kind} need api: {known}")


def is_refusal(error: ProviderError) -> bool:
    """Return whether a failed `submit` has certainly started nothing."""
    if not error.sent:
        return True
    return error.status is not None and 400 <= error.status < 500 and error.status not in UNCERTAIN


UNCERTAIN = frozenset({408, 409, 425, 499})
"""The service behind a gateway may have accepted the batch."""


@dataclass(frozen=True)
class Excess:
    """What a batch has more of than the service takes in one: requests, bytes, or perhaps both."""

    requests: bool
    bytes: bool


_COUNTED = r"\b(requests|items|tasks|lines|rows|records|entries)\b"
_SIZED = r"\b(size|bytes|[kmg]i?b)\b"
_MORE = r"\b(at most|more than|exceed\w*|maximum|max|limit\w*|too many|up to)\b"
_MANY = re.compile(
    rf"too_many_(requests|items|tasks|lines)|{_MORE}[^.;]{{0,60}}{_COUNTED}|"
    rf"{_COUNTED}[^.;]{{0,60}}{_MORE}",
    re.IGNORECASE,
)
_LARGE = re.compile(
    rf"too[_ ](large|big)|larger than|{_MORE}[^.;]{{0,60}}{_SIZED}|{_SIZED}[^.;]{{0,60}}{_MORE}",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\brequests(?:\.|\[)(\d+)\b", re.IGNORECASE)
_LINE = re.compile(r"\bline (\d+)\b", re.IGNORECASE)
_ENQUEUED = re.compile(r"\blimit(?: of|:)? *(\d[\d,]*)", re.IGNORECASE)


def excess(words: str) -> Excess | None:
    """Return what is too much according to the words of a refusal, None for another reason."""
    found = Excess(bool(_MANY.search(words)), bool(_LARGE.search(words)))
    return found if found.requests or found.bytes else None


def places_in(words: str) -> tuple[int, ...]:
    """Return the requests that the words of a refusal name, counted from 0."""
    named = {int(place) for place in _PLACE.findall(words)}
    named |= {int(line) - 1 for line in _LINE.findall(words)}
    return tuple(sorted(place for place in named if place >= 0))


def enqueued_limit(words: str) -> int | None:
    """Return the number of tokens that may be enqueued, None where the words do not say it."""
    found = _ENQUEUED.search(words)
    return int(found[1].replace(",", "")) if found else None

"""The content of the journal: reading segments, finding the response to a request.

A line is one of
    {"identity": …, "components": …, "asked": …, "host": …, …, "checksum": …}  a response as it came
    {"failure": …, "identity": …, "components": …, "checksum": …}             why there is none
written as described in lines.py. The lines of earlier releases have no checksum. A line cut off at
the end of a segment is a write that did not finish, and is ignored. A damaged line elsewhere is
reported and its request sent again; it never hides other lines.

A paid answer that could not be used is a failure with its `tokens` and its body: text
under `raw` or, if it is long, zlib-compressed UTF-8 in base64 under `raw_zlib`. Beside it are
`key`, `batch`, `tier` and `received` as in an answer, as far as they are known. A stream that broke
off is a failure that `may_be_charged`.

Most failures leave an episode owed. A few are the provider's final decision (VERDICTS): they end an
episode as an answer does, so they are found again too, and never requested twice.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilotbench.asking.journal import lines
from pilotbench.asking.journal.identity import RequestIdentity, Sent, sent
from pilotbench.asking.journal.other_folders import OtherFolders
from pilotbench.asking.journal.records import (
    Damage,
    Place,
    asked_from_json,
    placed,
    response_at,
)
from pilotbench.ground.errors import (
    ContextOverflow,
    ProviderError,
    RecordError,
    Refused,
    UnusableAnswer,
)
from pilotbench.providers.answer import Answer, Tokens, charged_tier
from pilotbench.providers.finish_reasons import Meaning, meaning

Json = dict[str, Any]
log = logging.getLogger(__name__)

VERDICTS: dict[str, type[ProviderError]] = {
    error.__name__: error for error in (ContextOverflow, Refused)
}
# The form in which we write a response: identity and components are found without parsing it all.
_OURS = re.compile(
    rb'\{"identity": "([0-9a-f]{64})", "components": (\{[^{}]*\}), "asked": .*\}\r?\n', re.DOTALL
)


@dataclass(frozen=True)
class Failure:
    """Why a request was not answered; `at` is Unix time in s.

    `tokens` are those of a paid answer that could not be used, None if they are unknown, and `tier`
    is the tier that it is charged at.
    """

    identity: str
    kind: str
    message: str
    index: int
    repeat: int
    turn: int
    at: float
    tokens: Tokens | None = None
    tier: str | None = None

    @property
    def is_paid(self) -> bool:
        """Whether this is a paid answer that could not be used."""
        return self.kind == UnusableAnswer.__name__

    @property
    def is_verdict(self) -> bool:
        """Whether it ends the episode: another request would get the same reply."""
        return self.kind in VERDICTS


@dataclass
class Answers:
    """The responses of some segments, found by identity; reading is lazy and safe among threads.

    `failures` are in the order in which they were written; `damaged` grows when a look-up meets a
    line that cannot be read. With `by_request`, answers of earlier releases are found by the
    request as it was sent. `elsewhere` is searched for more segments before a request counts as
    not answered.
    """

    failures: list[Failure] = field(default_factory=list)
    damaged: list[Damage] = field(default_factory=list)
    by_request: bool = False
    elsewhere: OtherFolders | None = None
    _places: dict[str, list[Place]] = field(default_factory=dict)
    _verdicts: dict[str, Failure] = field(default_factory=dict)
    _unusable: dict[str, list[Failure]] = field(default_factory=dict)
    _sent: dict[Sent, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        """The number of identities answered by a response."""
        return len(self._places)

    @property
    def silent(self) -> bool:
        """Whether nothing is known of any request, and nothing can be found elsewhere."""
        found = self._places or self.failures or (self.elsewhere and self.elsewhere.possible)
        return not found

    def __contains__(self, identity: object) -> bool:
        """Whether there is a response or a verdict for `identity`."""
        return identity in self._places or identity in self._verdicts

    def answer(self, request: RequestIdentity) -> Answer | None:
        """Return the response to a request that was paid for first, None if there is none.

        Raises ContextOverflow or Refused if that was the provider's verdict.
        """
        while True:
            count = self.elsewhere.count if self.elsewhere else 0
            for identity in self._names(request):
                found = self.find(identity)
                if found is not None:
                    return found
            if self.elsewhere is None or not self._read_more(self.elsewhere, request, count):
                return None

    def find(self, identity: str) -> Answer | None:
        """Return the response for exactly this `identity`; see `answer`."""
        for record in self._records(identity):
            asked = asked_from_json(record["asked"])
            if meaning(asked.completion.finish_reason) is not Meaning.INFRASTRUCTURE:
                return asked  # earlier releases kept interrupted responses as answers
        verdict = self._verdicts.get(identity)
        if verdict is not None:
            raise VERDICTS[verdict.kind](verdict.message)
        return None

    def record(self, identity: str) -> Json | None:
        """Return the whole line of that response."""
        return next(self._records(identity), None)

    def unusable(self, request: RequestIdentity) -> list[Failure]:
        """Return the paid answers to a request that could not be used, oldest first.

        They are found wherever its answer would be, so call `answer` first.
        """
        if not self._unusable:
            return []
        names = dict.fromkeys(self._names(request))
        found = [one for name in names for one in self._unusable.get(name, ())]
        return sorted(found, key=lambda failure: failure.at)

    def identities(self) -> list[str]:
        """Return the identities answered by a response, in the order of the segments."""
        return list(self._places)

    def records(self) -> Iterator[Json]:
        """Return the line of every response, in the order of the segments."""
        for identity in self.identities():
            record = self.record(identity)
            if record is not None:
                yield record

    def of_indices(self, indices: Container[int]) -> Iterator[Answer]:
        """Return every response for one of these indices, in the order of the segments."""
        for record in self.records():
            if record.get("index") in indices:
                yield asked_from_json(record["asked"])

    def owed(self) -> dict[tuple[int, int], Failure]:
        """Return (index, repeat) -> the last failure of each episode that is not answered since."""
        open_ones = (failure for failure in self.failures if failure.identity not in self)
        ordered = sorted(open_ones, key=lambda failure: failure.at)
        return {(failure.index, failure.repeat): failure for failure in ordered}

    def add(self, identity: str, place: Place) -> None:
        """Remember that the response for `identity` is at `place`."""
        self._places.setdefault(identity, []).append(place)

    def add_failure(self, failure: Failure) -> None:
        """Remember why there is no response."""
        self.failures.append(failure)
        if failure.is_verdict:
            self._verdicts.setdefault(failure.identity, failure)
        if failure.is_paid:
            self._unusable.setdefault(failure.identity, []).append(failure)

    def add_segment(self, path: Path) -> None:
        """Read a segment; one that has disappeared meanwhile was empty."""
        with suppress(FileNotFoundError), path.open("rb") as segment:
            for place, line in placed(path, segment):
                self._add_line(line, place)

    def _records(self, identity: str) -> Iterator[Json]:
        """Yield the readable lines of the responses for `identity`, oldest first."""
        for place in self._places.get(identity, ()):
            try:
                yield response_at(place, identity)
            except RecordError as error:
                self._report(Damage(place.path, place.line, str(error)))

    def _read_more(self, elsewhere: OtherFolders, request: RequestIdentity, count: int) -> bool:
        """Read what may answer a request, in each of its forms; return whether to look again."""
        return any(elsewhere.more(form, self, count) for form in (request, *request.earlier))

    def _names(self, request: RequestIdentity) -> Iterator[str]:
        """Yield the identities under which the response to a request may be found."""
        yield request.identity
        if request.former != request.identity:
            yield request.former
            yield from self._sent.get(request.sent, ())
        for form in request.earlier:
            yield from self._names(form)

    def _add_line(self, line: bytes, place: Place) -> None:
        ours = _OURS.fullmatch(line)
        if ours is not None:
            self._add_response(ours[1].decode("ascii"), ours[2], place)
            return
        try:
            record = lines.decode(lines.without_mark(line))
            if "failure" in record:
                self._add_failure(record)
            else:
                self._add_response(record["identity"], record["components"], place)
        except RecordError as error:
            self._report(Damage(place.path, place.line, str(error)))

    def _add_response(self, identity: str, components: bytes | Json, place: Place) -> None:
        self.add(identity, place)
        if not self.by_request:
            return
        with suppress(ValueError, KeyError, TypeError):  # the look-up reports it
            of = json.loads(components) if isinstance(components, bytes) else components
            if "instance" in of:
                self._sent.setdefault(sent(of), []).append(identity)

    def _add_failure(self, record: Json) -> None:
        try:
            tokens = Tokens.from_json(record.get("tokens"))
            name, tier = record["identity"], charged_tier(record.get("tier"), record.get("batch"))
            failure = Failure(identity=name, tokens=tokens, tier=tier, **record["failure"])
        except TypeError:
            raise RecordError("not a failure record") from None
        self.add_failure(failure)
        counts = failure.is_verdict or failure.is_paid
        if self.by_request and counts and "instance" in record["components"]:
            with suppress(KeyError):
                self._sent.setdefault(sent(record["components"]), []).append(failure.identity)

    def _report(self, damage: Damage) -> None:
        if damage not in self.damaged:
            self.damaged.append(damage)
            log.warning("%s; what it held will be asked again", damage)

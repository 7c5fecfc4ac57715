"""What stands in the journal: reading segments, finding a response by its identity.

A line is one of
    {"identity": …, "components": …, "asked": …, "host": …, …}   a response, as it came
    {"failure": …, "identity": …, "components": …}               why there is none
A line cut off at the end of a segment is a write that did not finish, and is ignored. A damaged
line elsewhere is reported and asked for again; it never hides the others.

Most failures leave an episode owed. A few are the provider's last word (VERDICTS): they end an
episode as an answer does, so they are found again too, and never asked twice.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pilotbench.errors import ContextOverflow, ProviderError, RecordError, Refused
from pilotbench.providers.provider import Asked, Completion

Json = dict[str, Any]
log = logging.getLogger(__name__)

VERDICTS: dict[str, type[ProviderError]] = {
    error.__name__: error for error in (ContextOverflow, Refused)
}
_ANSWER = b'{"identity": "'
_FAILURE = b'{"failure": '
_HEX = slice(len(_ANSWER), len(_ANSWER) + 64)


@dataclass(frozen=True)
class Failure:
    """Why a request was not answered; `at` is Unix time in s."""

    identity: str
    kind: str
    message: str
    index: int
    repeat: int
    turn: int
    at: float

    @property
    def is_verdict(self) -> bool:
        """Whether it ends the episode: asking again would be told the same."""
        return self.kind in VERDICTS


@dataclass(frozen=True)
class Damage:
    """A line of a segment that cannot be read; lines count from 1."""

    path: Path
    line: int
    why: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.path}: line {self.line} is damaged ({self.why})"


@dataclass(frozen=True)
class Place:
    """Where a line stands: offset and length in bytes, lines from 1."""

    path: Path
    line: int
    offset: int
    length: int


@dataclass
class Answers:
    """The responses of some segments, found by identity; reading is lazy and safe among threads.

    `failures` are all that stand there, in the order they were written; `damaged` grows when a
    look-up meets a line that cannot be read.
    """

    failures: list[Failure] = field(default_factory=list)
    damaged: list[Damage] = field(default_factory=list)
    _places: dict[str, list[Place]] = field(default_factory=dict)
    _verdicts: dict[str, Failure] = field(default_factory=dict)

    def __len__(self) -> int:
        """The number of identities answered by a response."""
        return len(self._places)

    def __contains__(self, identity: object) -> bool:
        """Whether a response or a verdict stands under `identity`."""
        return identity in self._places or identity in self._verdicts

    def find(self, identity: str) -> Asked | None:
        """Return the response that was paid for first, None where there is none.

        Raises ContextOverflow or Refused where that is what the provider said.
        """
        record = self.record(identity)
        if record is not None:
            return asked_from_json(record["asked"])
        verdict = self._verdicts.get(identity)
        if verdict is not None:
            raise VERDICTS[verdict.kind](verdict.message)
        return None

    def record(self, identity: str) -> Json | None:
        """Return the whole line of that response."""
        for place in self._places.get(identity, ()):
            try:
                return _response(_read_at(place), identity)
            except RecordError as error:
                self._report(Damage(place.path, place.line, str(error)))
        return None

    def identities(self) -> list[str]:
        """Return the identities answered by a response, in the order of the segments."""
        return list(self._places)

    def records(self) -> Iterator[Json]:
        """Return the line of every response, in the order of the segments."""
        for identity in self.identities():
            record = self.record(identity)
            if record is not None:
                yield record

    def owed(self) -> dict[tuple[int, int], Failure]:
        """Return (index, repeat) -> the last failure of each episode that is not answered since."""
        open_ones = (failure for failure in self.failures if failure.identity not in self)
        ordered = sorted(open_ones, key=lambda failure: failure.at)
        return {(failure.index, failure.repeat): failure for failure in ordered}

    def add(self, identity: str, place: Place) -> None:
        """Remember that the response under `identity` stands at `place`."""
        self._places.setdefault(identity, []).append(place)

    def add_failure(self, failure: Failure) -> None:
        """Remember why there is no response."""
        self.failures.append(failure)
        if failure.is_verdict:
            self._verdicts.setdefault(failure.identity, failure)

    def add_segment(self, path: Path) -> None:
        """Read a segment; one that has gone meanwhile was empty."""
        offset = 0
        with suppress(FileNotFoundError), path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.endswith(b"\n"):
                    self._add_line(line, Place(path, number, offset, len(line)))
                offset += len(line)

    def _add_line(self, line: bytes, place: Place) -> None:
        if line.startswith(_ANSWER) and line.endswith(b"}\n"):
            self.add(line[_HEX].decode("ascii", "replace"), place)
        elif line.startswith(_FAILURE):
            self._add_failure(line, place)
        elif line != b"\n":
            self._report(Damage(place.path, place.line, "it begins with no identity"))

    def _add_failure(self, line: bytes, place: Place) -> None:
        try:
            record = json.loads(line)
            self.add_failure(Failure(identity=record["identity"], **record["failure"]))
        except (ValueError, TypeError, KeyError):
            self._report(Damage(place.path, place.line, "not a failure record"))

    def _report(self, damage: Damage) -> None:
        if damage not in self.damaged:
            self.damaged.append(damage)
            log.warning("%s; what it held will be asked again", damage)


def asked_to_json(asked: Asked) -> Json:
    """Return plain JSON types, the form in the journal."""
    return asdict(asked)


def asked_from_json(value: Json) -> Asked:
    """Return what `asked_to_json` made `value` from."""
    return Asked(**{**value, "completion": Completion.from_json(value["completion"])})


def _response(line: bytes, identity: str) -> Json:
    try:
        record: Json = json.loads(line)
        asked_from_json(record["asked"])
    except (ValueError, TypeError, KeyError):
        raise RecordError("not a whole response") from None
    if record["identity"] != identity or not isinstance(record["components"], dict):
        raise RecordError("another identity")
    return record


def _read_at(place: Place) -> bytes:
    try:
        descriptor = os.open(place.path, os.O_RDONLY)
    except OSError as error:
        raise RecordError(str(error.strerror)) from None
    try:
        return os.pread(descriptor, place.length, place.offset)
    finally:
        os.close(descriptor)

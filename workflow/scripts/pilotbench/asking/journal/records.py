"""The records of a segment: where they are, and an answer as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pilotbench.asking.journal import lines
from pilotbench.ground.errors import (
    RecordError,
)
from pilotbench.providers.answer import Answer, Completion

Json = dict[str, Any]
DEEPEST = 100
"""Levels of a message that are kept as they are; deeper ones are kept as JSON text."""


@dataclass(frozen=True)
class Damage:
    """A line of a segment that cannot be read; lines count from 1."""

    path: Path
    line: int
    why: str

    def __str__(self) -> str:
        """Return the damage in one line."""
        return f"{self.path}: line {self.line} is damaged ({self.why})"


@dataclass(frozen=True)
class Place:
    """The place of a line: offset and length in bytes, lines from 1."""

    path: Path
    line: int
    offset: int
    length: int


def placed(path: Path, segment: Iterable[bytes]) -> Iterator[tuple[Place, bytes]]:
    """Yield each record of a segment with its place, but not a write that was cut off at the end.

    A record is a line or, if a tool has spread it over several lines, everything from a line `{` to
    a line `}`.
    """
    offset, spread, opened = 0, b"", Place(path, 0, 0, 0)
    for number, line in enumerate(segment, start=1):
        place = Place(path, number, offset, len(line))
        offset += len(line)
        bare = line.rstrip()
        if spread and bare == b"{":
            yield opened, spread  # its end is missing
        if bare == b"{":
            spread, opened = line, place
        elif spread:
            spread += line
            if bare == b"}":
                yield replace(opened, length=len(spread)), spread
                spread = b""
        elif bare and (line.endswith(b"\n") or _is_whole(bare)):
            yield place, line


def _is_whole(line: bytes) -> bool:
    try:
        lines.decode(lines.without_mark(line))
    except RecordError:
        return False
    return True


def answer_to_json(asked: Answer) -> Json:
    """Return plain JSON types, as in the journal; nothing is copied, however deep it is."""
    fields = {**vars(asked), "completion": asked.completion.as_json()}
    if asked.batch is None:
        del fields["batch"]
    return fields


def asked_from_json(value: Json) -> Answer:
    """Return the answer that `answer_to_json` made `value` from."""
    return Answer(**{**value, "completion": Completion.from_json(value["completion"])})


def bounded(asked: Answer) -> Answer:
    """Return an answer that can be written, copied and read, however deep its message is."""
    found = asked.completion
    message, received = bounded_json(found.message), bounded_json(found.received)
    return replace(asked, completion=replace(found, message=message, received=received))


def bounded_json(value: Json) -> Json:
    """Return JSON of at most DEEPEST levels; what is deeper is JSON text."""
    return {name: _bounded(inner, 1) for name, inner in value.items()}


def _bounded(value: Any, level: int) -> Any:
    if not isinstance(value, dict | list):
        return value
    if level == DEEPEST:
        return _as_text(value)
    if isinstance(value, list):
        return [_bounded(inner, level + 1) for inner in value]
    return {name: _bounded(inner, level + 1) for name, inner in value.items()}


def _as_text(value: Any) -> str:
    try:
        return json.dumps(value)
    except RecursionError:
        return "(nested too deep)"


def response_at(place: Place, identity: str) -> Json:
    """Return the response for `identity` at a place. Raises RecordError."""
    record = lines.decode(lines.without_mark(_read_at(place)))
    try:
        asked = asked_from_json(record["asked"])
        whole = isinstance(asked.completion.message, dict)
    except (TypeError, KeyError):
        whole = False
    if not whole:
        raise RecordError("not a whole response")
    if record["identity"] != identity:
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

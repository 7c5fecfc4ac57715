"""A line of the journal: JSON with a checksum, written in one form and read in any.

The checksum covers the content of a line, not its form: a journal that a tool has rewritten
(`jq -c`, sorted keys, other spacing, CRLF, several lines per record) holds the same answers. So
numbers count by their value, and values that JSON cannot hold count as what tools make of them (NaN
as null, infinities as the largest number, half a surrogate pair as U+FFFD).
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from typing import Any

from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import RecordError

Json = dict[str, Any]
CHECKSUM = "checksum"
_EXACT = 2**53  # an integer from here on is a double for many tools
_HALVES = re.compile("[\ud800-\udfff]")
_BOM = b"\xef\xbb\xbf"
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def encode(record: Json) -> bytes:
    """Return the line of a record, with its checksum; ASCII only, so that any tool can read it."""
    return json.dumps(record | {CHECKSUM: checksum(record)}).encode("ascii") + b"\n"


def checksum(record: Json) -> str:
    """Return the checksum of a record, which is that of its line without the checksum."""
    said = {name: value for name, value in record.items() if name != CHECKSUM}
    text = _HALVES.sub("\ufffd", _encode(_plain(said)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def decode(line: bytes) -> Json:
    """Return the record of a line. Raises RecordError if it is not what was written."""
    try:
        record = json.loads(line)
        if not isinstance(record, dict) or not isinstance(record["components"], dict):
            raise RecordError("no record of an answer")
        if CHECKSUM in record:
            if record[CHECKSUM] != checksum(record):
                raise RecordError("its checksum does not fit")
        elif record["identity"] != digest(record["components"]):
            raise RecordError("its identity does not fit its components")
    except (ValueError, KeyError, RecursionError):
        raise RecordError("not a whole record") from None
    return record


def without_mark(line: bytes) -> bytes:
    """Return a line without white space at its ends and the byte order mark of some editors."""
    return line.removeprefix(_BOM).strip()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int) and not -_EXACT < value < _EXACT:
        return _number(_double(value))
    return value


def _double(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _number(value: float) -> float | int | None:
    if value != value:
        return None
    largest = sys.float_info.max
    value = min(max(value, -largest), largest)
    return int(value) if value.is_integer() and -_EXACT < value < _EXACT else value

"""From the bytes of a successful response to its JSON, tolerantly.

Accepted are JSON with NaN, infinities, invalid UTF-8 or one list around it, and server-sent events,
requested or not, which the wire format puts together. Anything else is an UnusableAnswer, which
carries the body as it came.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import dropwhile
from typing import Any

from pilotbench.ground.errors import (
    ConnectionFailed,
    ProviderError,
    ServerFailed,
    UnusableAnswer,
)
from pilotbench.providers.answer import Completion
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.receipts import NO_HEADERS, Receipt, of_events, receipt
from pilotbench.providers.wire_format import DONE, WireFormat

Json = dict[str, Any]
LONGEST_RAW = 2**20
"""Maximum characters that are kept of an unusable body."""
_HALVES = re.compile("[\ud800-\udfff]")
_PAGE = re.compile(r"\s*<(!doctype|html|head|body|\?xml)", re.IGNORECASE)
_DATA, _END = "data:", "[DONE]"
_FIELD = re.compile(r"(event|id|retry):|:")
"""The beginning of a line of a stream that has no data."""
_ERROR = re.compile(r"event:\s*error\s*")


def completion(
    wire: WireFormat,
    rules: FailureRules,
    content: bytes,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Completion:
    """Return the completion in the body of a 2xx answer, and what came beside its message.

    Raises UnusableAnswer where there is none, ServerFailed for a gateway's page, ConnectionFailed
    for a stream that was cut off, Refused where the filter withheld everything, or the error that a
    gateway wrapped in a 200 without content and usage.
    """
    text = content.decode("utf-8-sig", "replace")
    if _PAGE.match(text):
        raise ServerFailed(f"a page of HTML instead of an answer: {text[:200]}")
    try:
        return completed(wire, rules, _body(wire, text), headers)
    except ProviderError as error:
        beside_events(content).mark(error)
        receipt({}, headers).mark(error)
        if isinstance(error, UnusableAnswer):
            error.raw = text[:LONGEST_RAW]
        raise


def completed(
    wire: WireFormat,
    rules: FailureRules,
    body: Json,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Completion:
    """Return the completion in a decoded body, such as a line of a batch; see `completion`."""
    beside = receipt(body, headers)
    try:
        return beside.on(wire.completion(rules, body))
    except ProviderError as error:
        beside.mark(error)
        raise


def beside_events(content: bytes) -> Receipt:
    """Return what the readable events of a stream say beside the message, however it ended."""
    return of_events(_readable_events(content))


def _readable_events(content: bytes) -> Iterator[Json]:
    for line in content.split(b"\n"):
        if line.startswith(_DATA.encode()):
            with suppress(ValueError, RecursionError):
                event = parsed(line[len(_DATA) :].decode("utf-8", "replace"))
                if isinstance(event, dict):
                    yield event


def parsed(text: str) -> Any:
    """Return the JSON value of a text; numbers that JSON cannot hold are null.

    Half a surrogate pair becomes U+FFFD. Raises ValueError or RecursionError.
    """
    value = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
    return unicode_only(value) if "\\u" in text else value


def unicode_only(value: Any) -> Any:
    """Return JSON with U+FFFD for each half of a surrogate pair: UTF-8 cannot hold one."""
    return json.loads(_HALVES.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _body(wire: WireFormat, text: str) -> Json:
    """Return the JSON object of a body, assembled where it came in pieces."""
    lines = text.split("\n")
    if any(line.startswith(_DATA) for line in lines):
        return wire.assembled(_events(lines))
    if text.strip() and all(map(_says_nothing, lines)):
        raise ConnectionFailed("the stream was cut off before its first event")
    try:
        body = parsed("\n".join(dropwhile(_is_comment, lines)))
    except (ValueError, RecursionError) as error:
        raise UnusableAnswer(f"the body is not JSON: {type(error).__name__}") from None
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict):
        raise UnusableAnswer("the body is not a JSON object")
    return body


def first_token_at(content: bytes) -> int | None:
    """Return how many bytes of a stream end with its first event that has a piece of the answer."""
    at = 0
    group: list[bytes] = []
    for line in content.split(b"\n"):
        at += len(line) + 1
        if line.startswith(_DATA.encode()):
            group.append(line[len(_DATA) :])
            found = group[-1]
        elif line.strip() or len(group) < 2:
            group = group if line.strip() else []
            continue
        else:  # an event may have several lines
            found, group = b"\n".join(group), []
        try:
            event = json.loads(found)
        except (ValueError, RecursionError):
            continue
        if _has_piece(event):
            return min(at, len(content))
    return None


_PIECES = (
    *("content", "text", "reasoning", "reasoning_content", "thinking", "refusal"),
    *("delta", "arguments", "partial_json", "name"),
)
"""Where events of a stream have pieces of the answer, in all wire formats."""


def _has_piece(value: Any, level: int = 0) -> bool:
    """Return whether an event has a piece of the answer; a whole `response` is none."""
    if level > 8:
        return False
    if isinstance(value, list):
        return any(_has_piece(one, level + 1) for one in value)
    return isinstance(value, dict) and any(
        (name in _PIECES and isinstance(one, str) and bool(one)) or _has_piece(one, level + 1)
        for name, one in value.items()
        if name != "response"
    )


def _is_comment(line: str) -> bool:
    """Return whether a gateway sends a line only to keep the connection open."""
    return not line.strip() or line.startswith(":")


def _says_nothing(line: str) -> bool:
    """Return whether a line of a stream has no data."""
    return not line.strip() or bool(_FIELD.match(line))


def _events(lines: Sequence[str]) -> list[Json]:
    """Return the server-sent events, up to their end. Half of an event ends them too.

    An event is one line of data, or several that are JSON together.
    """
    found: list[Json] = []
    group: list[str] = []
    for line in (*lines, None):
        if line is not None and line.strip():
            group.append(line)
            continue
        found += _grouped(group, cut=line is None)
        if found and found[-1] is DONE:
            break
        group = []
    return found


def _grouped(group: Sequence[str], *, cut: bool) -> Iterator[Json]:
    """Yield the events of lines without an empty one between; `cut` if nothing follows them."""
    data = [line.removeprefix(_DATA).strip() for line in group if line.startswith(_DATA)]
    data = [one for one in data if one]
    if any(map(_ERROR.fullmatch, group)) and not "".join(data).startswith("{"):
        yield {"type": "error", "error": {"message": " ".join(data)}}
        return
    if len(data) > 1:
        with suppress(ValueError, RecursionError):
            parsed("\n".join(data))
            data = ["\n".join(data)]
    for event in data:
        if event == _END:
            yield DONE
            return
        try:
            found = parsed(event)
        except (ValueError, RecursionError):
            if cut:
                return
            raise UnusableAnswer("an event of the stream is not JSON") from None
        if isinstance(found, dict):
            yield found

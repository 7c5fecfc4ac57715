"""One small locked file that all processes of a machine share: what a key has used.

The file is read and written as a whole under flock; a process that dies keeps no lock. Unreadable
content (a crash of the machine, another program) counts as new: slots hold without it.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from pilotbench.asking.keys.adaptive_limit import AdaptiveLimit, number
from pilotbench.asking.keys.learned_limits import LearnedLimit
from pilotbench.ground.clock import Clock
from pilotbench.ground.errors import Stopping
from pilotbench.providers.answer import Tokens
from pilotbench.providers.request import READ, output_limits, without_images

Json = dict[str, Any]
LARGEST = 1 << 20
"""Bytes; the file has a few hundred, so a larger one is not ours."""
MOST_SLOTS = 100_000
MOST_MODELS = 100
MOST_LIMITS = 12
BUCKET_S = 0.5
WINDOW_S = 60.5
"""A little more than a minute: a request may reach the provider later than the next one."""
CHARACTERS_PER_TOKEN = 3.0
"""Fewer than English has (about 4): a request is overestimated rather than underestimated."""
IMAGE_CHARACTERS = 5000
"""Characters of text that count as many tokens as an image."""
OUTPUT_TOKENS = 1024
"""Assumed for a request without a limit on its output."""


@dataclass
class KeyUsage:
    """The content of a key's usage file; its times are those of a Clock.

    `width` is the number of slot files in use; `used` has [bucket, requests, tokens] of the last
    minute, oldest first, kept only for keys with rpm or tpm; `learned` the limits by deployment and
    name.
    """

    adaptive: AdaptiveLimit = field(default_factory=AdaptiveLimit)
    width: int = 0
    used: list[list[int]] = field(default_factory=list)
    learned: dict[str, dict[str, LearnedLimit]] = field(default_factory=dict)

    def as_json(self) -> Json:
        """Return plain JSON types."""
        found = {"pace": self.adaptive.as_json(), "width": self.width, "used": self.used}
        learned = {
            model: {name: one.as_json() for name, one in limits.items()}
            for model, limits in self.learned.items()
            if limits
        }
        return {**found, "learned": learned} if learned else found

    @classmethod
    def from_json(cls, value: Any) -> KeyUsage:
        """Return the usage that `as_json` made `value` from; unreadable values are new."""
        found = value if isinstance(value, dict) else {}
        used = found.get("used")
        return cls(
            AdaptiveLimit.from_json(found.get("pace")),
            int(number(found.get("width"), 0, MOST_SLOTS) or 0),
            [entry for entry in map(_entry, used if isinstance(used, list) else []) if entry],
            _learned(found.get("learned")),
        )

    @classmethod
    def kept(cls, value: Json, clock: Clock) -> KeyUsage:
        """Return the usage in a file; the times of another boot or machine are moved."""
        usage, shift = cls.from_json(value), clock.shift(value.get("clock"))
        learned = _moved(usage.learned, shift, clock.now()) if usage.learned else {}
        if shift is None:
            return cls(usage.adaptive.timeless(), usage.width, learned=learned)
        limit = usage.adaptive.moved(shift).bounded(clock.now())
        buckets = math.floor(shift / BUCKET_S)
        used = [[one[0] + buckets, *one[1:]] for one in usage.used]
        return cls(limit, usage.width, used, learned)

    def keep(self, clock: Clock) -> Json:
        """Return what is written to the file."""
        return {**self.as_json(), "clock": clock.moment()}

    def wait_for(self, now: float, rpm: int | None, tpm: int | None, tokens: int) -> float:
        """Return the seconds until one request with `tokens` fits below rpm and tpm."""
        self._forget(now)
        requests = sum(entry[1] for entry in self.used)
        spent = sum(entry[2] for entry in self.used)
        tokens = (
            min(tokens, tpm) if tpm else 0
        )  # a request that never fits is sent when nothing else is
        for bucket, some, many in self.used:
            if (rpm is None or requests < rpm) and (tpm is None or spent + tokens <= tpm):
                return 0.0
            requests, spent, until = requests - some, spent - many, bucket
            if (rpm is None or requests < rpm) and (tpm is None or spent + tokens <= tpm):
                return max(0.0, (until + 1) * BUCKET_S + WINDOW_S - now)
        return 0.0

    def book(self, now: float, tokens: int) -> int:
        """Add one request with `tokens`; return the bucket that `correct` needs."""
        self._forget(now)
        bucket = math.floor(now / BUCKET_S)
        if not self.used or self.used[-1][0] < bucket:
            self.used.append([bucket, 0, 0])
        self.used[-1][1] += 1
        self.used[-1][2] += tokens
        return self.used[-1][0]

    def correct(self, bucket: int, tokens: int, requests: int = 0) -> None:
        """Add `tokens` and `requests` (negative to return some) to what was booked in `bucket`."""
        for entry in self.used:
            if entry[0] == bucket:
                entry[1] = max(0, entry[1] + requests)
                entry[2] = max(0, entry[2] + tokens)

    def _forget(self, now: float) -> None:
        first = (now - WINDOW_S) / BUCKET_S - 1
        last = now / BUCKET_S + 1  # a bucket in the future comes from a clock that was set back
        self.used = [entry for entry in self.used if first < entry[0] <= last]


def likely_tokens(body: Json) -> Tokens:
    """Return the expected tokens of a request, until its answer reports the real count."""
    seen = without_images(body, IMAGE_CHARACTERS)
    size = sum(len(str(seen[part])) for part in READ if part in seen)
    bound = next(filter(None, output_limits(body)), OUTPUT_TOKENS)
    return Tokens(input=int(size / CHARACTERS_PER_TOKEN), output=int(bound))


def _learned(value: Any) -> dict[str, dict[str, LearnedLimit]]:
    if not isinstance(value, dict):
        return {}
    read = {
        model: {
            name: one
            for name, kept in islice(limits.items(), MOST_LIMITS)
            if (one := LearnedLimit.from_json(kept)) is not None
        }
        for model, limits in islice(value.items(), MOST_MODELS)
        if isinstance(limits, dict)
    }
    return {model: limits for model, limits in read.items() if limits}


def _moved(
    learned: dict[str, dict[str, LearnedLimit]], shift: float | None, now: float
) -> dict[str, dict[str, LearnedLimit]]:
    """Return the limits that are still believed, on the present clock."""
    moved = {
        model: {name: one.moved(shift, now) for name, one in limits.items()}
        for model, limits in learned.items()
    }
    kept = {
        model: {name: one for name, one in limits.items() if one.is_kept(now)}
        for model, limits in moved.items()
    }
    return {model: limits for model, limits in kept.items() if limits}


def _entry(value: Any) -> list[int] | None:
    if not isinstance(value, list) or len(value) != 3:
        return None
    counts = [number(one, -1e12, 1e12) for one in value]
    if None in counts or any((one or 0) < 0 for one in counts[1:]):
        return None
    return [int(one or 0) for one in counts]


def peek(path: Path) -> Json:
    """Return the content of a shared file without creating one; {} if there is none."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return {}
    try:
        return _parsed(_bytes(file))
    finally:
        os.close(file)


def _bytes(file: int) -> bytes:
    try:
        size = os.fstat(file).st_size
        return os.pread(file, size, 0) if size <= LARGEST else b""
    except OSError:
        return b""


def _parsed(data: bytes) -> Json:
    try:
        value = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


class SharedFile:
    """A locked JSON file, used by several threads and processes at once.

    Raises Stopping if it cannot be written (a full disk): nothing is sent uncounted.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._mutex = threading.Lock()
        self._last: tuple[bytes, Json] = (b"", {})

    def read(self) -> Json:
        """Return the content without locking; {} if there is none or it is incomplete.

        It is the same object as before while the file is unchanged: do not modify it.
        """
        data, last = _bytes(self._file), self._last
        if data != last[0]:
            self._last = last = (data, _parsed(data))
        return last[1]

    @contextmanager
    def locked(self) -> Iterator[Json]:
        """Yield the content to modify it, and write it back."""
        with self._mutex:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                value = _parsed(_bytes(self._file))
                yield value
                self._write(value)
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _write(self, value: Json) -> None:
        data = json.dumps(value, separators=(",", ":")).encode()
        try:
            size = os.fstat(self._file).st_size
            if size > LARGEST:
                os.ftruncate(self._file, size := 0)
            # Overwrite the rest of longer content with spaces: concurrent readers find valid JSON.
            os.pwrite(self._file, data.ljust(size), 0)
        except OSError as error:
            raise Stopping(f"{self._path}: limits cannot be kept: {error.strerror}") from None

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

"""The failures of a key and of the models on it, in one file that all processes share.

Each process sees at once what the others have met: a thousand shards do not each find out for
themselves that a key is dead or a service down. The failures of earlier runs do not count.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pilotbench.asking.keys.evidence import Evidence
from pilotbench.asking.keys.usage_file import SharedFile
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.clock import CLOCK, Clock
from pilotbench.ground.errors import KeyDead, ProviderError

FILE = "health"
KEY = "key"
_FRESH_S = 1.0
"""The precision with which the time of the last answer is kept."""
_MOST_MODELS = 200


class Standing(enum.Enum):
    """Whether requests may be sent: all, only one that finds out the state, or none."""

    FINE = enum.auto()
    WAITING = enum.auto()
    CLOSED = enum.auto()


@dataclass
class CircuitBreaker:
    """One model on one key, for a run that began at `began`; used by several threads at once.

    `patience_s` is how long a request is retried, `attempt_s` how long one attempt may last.
    """

    folder: Path
    deployment: str
    patience_s: float
    attempt_s: float
    began: float
    clock: Clock = CLOCK

    def __post_init__(self) -> None:
        self._ledger = SharedFile(self.folder / FILE)
        self._last: tuple[dict[str, Any], dict[str, Evidence]] = ({}, {})
        self._model = hashlib.sha256(self.deployment.encode("utf-8", "replace")).hexdigest()[:16]

    def standing(self) -> Standing:
        """Return whether requests may be sent now."""
        now = self.clock.now()
        holding = [row for row in self._rows() if self._holds(row)]
        if all(now >= row.probe_at for row in holding):
            return Standing.FINE
        proven = any(row.proves(now, self.began, self.patience_s) for row in holding)
        return Standing.CLOSED if proven else Standing.WAITING

    def admit(self) -> bool:
        """Return whether this request may be sent; in case of doubt, one finds out the state."""
        if not any(map(self._holds, self._rows())):
            return True
        now = self.clock.now()
        with self._changing() as found:
            doubts = {
                name: row
                for name in (KEY, self._model)
                if self._is_row(row := found.get(name, Evidence())) and self._holds(row)
            }
            if any(now < row.probe_at for row in doubts.values()):
                return False
            for name, row in doubts.items():
                found[name] = replace(row, probe_at=now + max(self.attempt_s, row.interval()))
        return True

    def failed(self, error: ProviderError, sent: float, body: Any) -> Evidence:
        """Record a failure of an attempt sent at `sent`; return the evidence so far."""
        now, name = self.clock.now(), KEY if isinstance(error, KeyDead) else self._model
        with self._changing() as found:
            row = found.get(name, Evidence())
            row = row.after(error, sent, now, digest(body), stale=not self._is_row(row))
            found[name] = row
            if name != KEY:
                _undecided(found, now)
        return row

    def unused(self) -> None:
        """Let the next request find out the state instead of this one, which was not sent."""
        if self._rows():
            with self._changing() as found:
                now = self.clock.now()
                for name in (KEY, self._model):
                    if name in found:
                        found[name] = replace(found[name], probe_at=now)

    def undecided(self) -> None:
        """Let the next request find out the state of the key: this one met another failure."""
        if self._known().get(KEY, Evidence()).count:
            with self._changing() as found:
                _undecided(found, self.clock.now())

    def answered(self) -> None:
        """Record an answer: the failures of key and model so far do not count any more."""
        known = self._known()
        now = self.clock.now()
        mine = [known.get(name, Evidence()) for name in (KEY, self._model)]
        if not any(row.count or now - row.answered > _FRESH_S for row in mine):
            return
        with self._changing() as found:
            for name in (KEY, self._model):
                found[name] = Evidence(answered=now)

    def worst(self) -> Evidence | None:
        """Return the failures of the key, else of the model; None if there are none."""
        return next(iter(self._rows()), None)

    def proven(self) -> bool:
        """Return whether the key is dead or the model on it down."""
        now = self.clock.now()
        rows = self._rows()
        return any(row.proves(now, self.began, self.patience_s) for row in rows)

    def close(self) -> None:
        """Close the file."""
        self._ledger.close()

    def _holds(self, row: Evidence) -> bool:
        """Return whether requests wait until one has found out the state."""
        now = self.clock.now()
        return row.is_refusal() or row.proves(now, self.began, self.patience_s)

    def _is_row(self, row: Evidence) -> bool:
        return row.is_row(self.clock.now(), self.began, self.attempt_s)

    def _rows(self) -> list[Evidence]:
        found = self._known()
        rows = (found.get(name, Evidence()) for name in (KEY, self._model))
        return [row for row in rows if self._is_row(row)]

    def _known(self) -> dict[str, Evidence]:
        """Return what the file holds, parsed once for each of its contents."""
        value, last = self._ledger.read(), self._last
        if value is not last[0]:
            self._last = last = (value, rows_in(value, self.clock))
        return last[1]

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Evidence]]:
        with self._ledger.locked() as value:
            found = rows_in(value, self.clock)
            yield found
            rows = {name: row.as_json() for name, row in found.items()}
            value.clear()
            value.update({"rows": rows, "clock": self.clock.moment()})


def rows_in(value: dict[str, Any], clock: Clock) -> dict[str, Evidence]:
    """Return the evidence in a file on key and models; none if it is of another boot."""
    rows = value.get("rows")
    if clock.shift(value.get("clock")) != 0.0 or not isinstance(rows, dict):
        return {}
    last = list(rows.items())[-_MOST_MODELS:]
    return {name: Evidence.from_json(row) for name, row in last}


def _undecided(found: dict[str, Evidence], now: float) -> None:
    row = found.get(KEY, Evidence())
    if row.count:
        found[KEY] = replace(row, probe_at=min(row.probe_at, now + row.interval()))


def forget(folder: Path) -> None:
    """Forget the failures of a key and of the models on it."""
    ledger = SharedFile(folder / FILE)
    with ledger.locked() as value:
        value.clear()
    ledger.close()

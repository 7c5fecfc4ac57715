"""A model whose every request is rejected is stopped: a wrong name is not requested 252 times.

Counted over all processes of a run, by what the run sends: provider, deployment, parameters and
protocol. Rejections of single questions (the model has answered others) stop nothing, unless they
say that the model does not exist (HTTP 404).
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pilotbench.asking.keys.adaptive_limit import number
from pilotbench.asking.keys.usage_file import SharedFile
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.clock import CLOCK, Clock
from pilotbench.ground.errors import Rejected
from pilotbench.providers.settings import Model

ENOUGH = 5
NOT_FOUND = 404
_VARYING = re.compile(r"[0-9a-f]{8,}(-[0-9a-f]{4,})*|\d+", re.IGNORECASE)
_ID = re.compile(r"\b(?:req|request|chatcmpl|trace)[-_ ]?(?:id)?[-_:= ]+\S+", re.IGNORECASE)


def same(message: str) -> str:
    """Return a message without what differs from request to request."""
    return _VARYING.sub("#", _ID.sub("#", message))[:200]


@dataclass(frozen=True)
class Row:
    """Equal rejections without an answer between; `last` and `answered` are seconds of a Clock."""

    message: str = ""
    count: int = 0
    last: float = 0.0
    answered: float = 0.0
    missing: bool = False


class Rejections:
    """The rejections of one model in a run that began at `began`; used by several threads.

    `most` equal ones without an answer stop the model.
    """

    def __init__(
        self,
        limits: Path,
        model: Model,
        base_url: str,
        began: float,
        clock: Clock = CLOCK,
        most: float = ENOUGH,
    ) -> None:
        service = [model.provider, base_url, model.api]
        sent = [*service, model.deployment, model.protocol, model.parameters]
        folder = limits / f"model-{digest(sent)[:32]}"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._ledger = SharedFile(folder / "rejections")
        self._model, self._began, self._clock, self._most = model, began, clock, most

    def check(self) -> None:
        """Raise Rejected, one line that says what to change, if the model is stopped."""
        row = self._row(self._ledger.read())
        if row.count >= self._most and (row.missing or row.answered < self._began):
            raise Rejected(self._line(row))

    def rejected(self, error: Rejected) -> None:
        """Record a rejection."""
        message, now = same(str(error)), self._clock.now()
        with self._ledger.locked() as value:
            row = self._row(value)
            count = row.count + 1 if row.message == message else 1
            row = replace(
                row, message=message, count=count, last=now, missing=error.status == NOT_FOUND
            )
            value.clear()
            value.update({"row": asdict(row), "clock": self._clock.moment(), "said": str(error)})

    def answered(self) -> None:
        """Record an answer: the model exists and understands what is sent."""
        row = self._row(self._ledger.read())
        if row.count or row.answered < self._began:
            with self._ledger.locked() as value:
                value.clear()
                row = Row(answered=self._clock.now())
                value.update({"row": asdict(row), "clock": self._clock.moment()})

    def close(self) -> None:
        """Close the file."""
        self._ledger.close()

    def _row(self, value: dict[str, Any]) -> Row:
        """Return the rejections of this run; none if the file is of another run or boot."""
        found = value.get("row")
        if self._clock.shift(value.get("clock")) != 0.0 or not isinstance(found, dict):
            return Row()
        times = {name: number(found.get(name), 0, 1e12) or 0.0 for name in ("last", "answered")}
        count = int(number(found.get("count"), 0, 1e9) or 0)
        row = Row(str(found.get("message")), count, **times, missing=found.get("missing") is True)
        return row if row.last >= self._began else Row(answered=row.answered)

    def _line(self, row: Row) -> str:
        said = self._ledger.read().get("said") or row.message
        model = self._model
        return (
            f"model_catalog.{model.name}: stopped after {row.count} equal rejections: {said}; "
            f"change deployment (now {model.deployment}), parameters or provider (now "
            f"{model.provider}) of this model, or what its provider offers"
        )

"""Everything in a journal that a provider charged, or may have charged, each once.

Segments are read line by line and nothing of a message is kept, so that a journal of any size can
be summed up; checksums are not compared, which would take most of the time. The same line in two
files is one payment; two answers to one request are two.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pilotbench.asking.journal import lines
from pilotbench.asking.journal.answers import VERDICTS
from pilotbench.asking.journal.records import Damage, placed
from pilotbench.asking.journal.segment import MAY_BE_CHARGED
from pilotbench.asking.journal.segments import JUDGES, LABELS, segment_age
from pilotbench.ground.clock import LATEST_S
from pilotbench.ground.errors import UnusableAnswer
from pilotbench.providers.answer import BATCH, Tokens
from pilotbench.providers.finish_reasons import Meaning, meaning

Json = dict[str, Any]
_LEVELS = 6
"""Folders of a cell's segment: provider, model, prompt, task, difficulty, rate."""
_LABEL_LEVELS = 4
"""Folders of a label's segment: LABELS, provider, model, label."""
_JUDGE_LEVELS = (9, 11)
"""Folders of a judge's segment: JUDGES, provider and model of the judge and of one or two models
whose replies it sees, prompt, task, difficulty, rate."""


class Kind(Enum):
    """What was paid for."""

    ANSWER = "answer"
    UNUSABLE = "unusable"
    UNSURE = "unsure"
    """A stream that broke off, or a refusal with token counts: it may have been charged."""


@dataclass(frozen=True)
class PaidAnswer:
    """One payment. `model` is the folder of its provider and model below the journal.

    `key`, `tier` and `tokens` are None where the line does not have them. `at` is the Unix time in
    s at which it arrived, `started` that of its attempt. With `again` the journal had an answer to
    the same request before.
    """

    model: Path
    key: str | None
    kind: Kind
    started: float
    at: float
    tier: str | None
    tokens: Tokens | None
    again: bool = False


@dataclass
class PaidAnswers:
    """The payments in the journal at `root`; `damaged` has the lines that cannot be read.

    With `labels_only` they are those of other programs, which are in no cell.
    """

    root: Path
    labels_only: bool = False
    damaged: list[Damage] = field(default_factory=list)
    _payments: set[bytes] = field(default_factory=set)
    _answered: set[bytes] = field(default_factory=set)

    def __iter__(self) -> Iterator[PaidAnswer]:
        """Read all segments, the oldest first."""
        for path in sorted(segments(self.root, self.labels_only), key=segment_age):
            with suppress(FileNotFoundError), path.open("rb") as segment:
                model = _model(path.relative_to(self.root).parts)
                for place, line in placed(path, segment):
                    try:
                        found = self._payment(model, json.loads(lines.without_mark(line)))
                    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                        self.damaged.append(Damage(path, place.line, "not a whole record"))
                    else:
                        if found is not None:
                            yield found

    def _payment(self, model: Path, record: Json) -> PaidAnswer | None:
        """Return the payment of a line, None where it is none or was counted before."""
        name = bytes.fromhex(record["identity"])
        read = self._of_failure if "failure" in record else self._of_answer
        return read(model, name, record)

    def _of_failure(self, model: Path, name: bytes, record: Json) -> PaidAnswer | None:
        kind, batch, at = _kind(record), record.get("batch"), _time(record["failure"]["at"])
        if kind is None:
            return None
        tier, tokens = _tier(batch, record), Tokens.from_json(record.get("tokens"))
        paid = PaidAnswer(model, _word(record.get("key")), kind, at, at, tier, tokens)
        return None if self._is_known(name, record.get("received"), batch or at) else paid

    def _of_answer(self, model: Path, name: bytes, record: Json) -> PaidAnswer | None:
        asked, completion = record["asked"], record["asked"]["completion"]
        batch, started = asked.get("batch"), _time(asked["started"])
        # Earlier releases kept interrupted responses as answers.
        is_broken = meaning(completion["finish_reason"]) is Meaning.INFRASTRUCTURE
        paid = PaidAnswer(
            model,
            _word(asked["key"]),
            Kind.UNUSABLE if is_broken else Kind.ANSWER,
            started,
            _time(started + float(asked["latency_s"])),
            _tier(batch, completion),
            Tokens.from_json(completion["tokens"]),
            again=not is_broken and name in self._answered,
        )
        if self._is_known(name, completion.get("received"), batch or started):
            return None
        if not is_broken:
            self._answered.add(name)
        return paid

    def _is_known(self, name: bytes, received: Any, own: object) -> bool:
        """Return whether a payment was counted before: one answer to one request at one time."""
        response = received.get("id") if isinstance(received, dict) else None
        payment = blake2b(f"{response} {own}".encode(), key=name[:64], digest_size=16).digest()
        known = payment in self._payments
        self._payments.add(payment)
        return known


def segments(root: Path, labels_only: bool = False) -> Iterator[Path]:
    """Yield the segments of a journal, in no order; what lies elsewhere below it is none."""
    if not labels_only:
        yield from root.glob("/".join(["*"] * _LEVELS + ["*.jsonl"]))
        for levels in _JUDGE_LEVELS:
            yield from root.glob("/".join([JUDGES, *["*"] * (levels - 1), "*.jsonl"]))
    yield from root.glob("/".join([LABELS, *["*"] * (_LABEL_LEVELS - 1), "*.jsonl"]))


def _model(parts: tuple[str, ...]) -> Path:
    """Return the folder of provider and model of a segment, given its path below the journal."""
    is_cell = len(parts) == _LEVELS + 1
    return Path(*(parts[:2] if is_cell else parts[1:3]))


def _time(value: Any) -> float:
    """Return a Unix time in s. Raises ValueError or TypeError for one that no calendar has."""
    found = float(value)
    if not 0 <= found < LATEST_S:
        raise ValueError("not a time")
    return found


def _word(value: Any) -> str | None:
    """Return a text, or None for none. Raises TypeError for anything else."""
    if value is not None and not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _tier(batch: object, where: Json) -> str | None:
    return BATCH if batch else _word(where.get("tier"))


def _kind(record: Json) -> Kind | None:
    """Return what the line of a failure says was paid, None for nothing."""
    failed = record["failure"]["kind"]
    if failed == UnusableAnswer.__name__:
        return Kind.UNUSABLE
    has_usage = failed in VERDICTS and (record.get("received") or {}).get("usage")
    return Kind.UNSURE if record.get(MAY_BE_CHARGED) or has_usage else None

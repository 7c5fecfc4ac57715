"""What consecutive failures say about a key or a model on it: pure rules, no files, no clock.

One failure proves nothing. A key is dead after two refusals in a row, the second by a request that
was sent after the first had come back; one about its quota must persist for QUOTA_S, since
services word throttling alike; one that may be about the question (HTTP 403) must meet two
questions. A model on a key is down when everything has failed, more than one question, for as
long as a request is retried: a question that always fails must not block the others. One request
in PROBE_S then finds out whether that is still so. Times are seconds of a Clock.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from pilotbench.asking.keys.adaptive_limit import number
from pilotbench.ground.errors import AuthenticationFailed, KeyDead, ProviderError, QuotaSpent

FIRST_PROBE_S = 1.0
PROBE_S = 60.0
QUOTA_S = 60.0
GAP_S = 60.0
"""Failures further apart, not counting the time of an attempt, are not consecutive."""
ENOUGH = 3
"""A model counts as down after this many consecutive failures at the earliest."""
_ABOUT_A_QUESTION = 403


@dataclass(frozen=True)
class Evidence:
    """Failures with no answer between them.

    `since` is when the first of them was sent, `counted` and `last` are when the last one that
    counts and the last of all returned: those in flight together count once. `several` is set if
    more than one question failed, `probe_at` is when a request may find out the present state,
    `answered` is when the last answer arrived.
    """

    kind: str = ""
    message: str = ""
    since: float = 0.0
    counted: float = 0.0
    last: float = 0.0
    count: int = 0
    question: str = ""
    several: bool = False
    refuses_questions: bool = False
    probe_at: float = 0.0
    answered: float = 0.0

    def after(
        self, error: ProviderError, sent: float, now: float, question: str, stale: bool
    ) -> Evidence:
        """Return the evidence with one more failure, of an attempt sent at `sent`.

        With `stale`, the evidence so far is too old to be consecutive with it.
        """
        row = Evidence(answered=self.answered) if stale else self
        counts = not row.count or sent >= row.counted
        longer = replace(
            row,
            kind=type(error).__name__,
            message=str(error),
            since=row.since if row.count else max(sent, self.answered),
            counted=now if counts else row.counted,
            last=now,
            count=row.count + counts,
            question=row.question or question,
            several=row.several or bool(row.question and row.question != question),
            refuses_questions=error.status == _ABOUT_A_QUESTION,
        )
        return replace(longer, probe_at=now + longer.interval()) if counts else longer

    def is_refusal(self) -> bool:
        """Return whether this concerns the key, whatever the model."""
        return self.kind in REFUSALS

    def is_row(self, now: float, began: float, attempt_s: float) -> bool:
        """Return whether this is evidence for a run that began at `began`."""
        return bool(self.count) and self.last >= began and now - self.last <= GAP_S + attempt_s

    def proves(self, now: float, began: float, patience_s: float) -> bool:
        """Return whether the key is dead, or the model on it down."""
        if self.kind == AuthenticationFailed.__name__:
            return self.count >= 2 and (self.several or not self.refuses_questions)
        if self.kind == QuotaSpent.__name__:
            return self.count >= 2 and self.last - self.since >= min(QUOTA_S, patience_s)
        long_enough = now - max(self.since, began) >= patience_s
        return self.count >= ENOUGH and self.several and long_enough

    def interval(self) -> float:
        """Return the seconds after which the next request finds out the present state."""
        if self.kind == QuotaSpent.__name__:
            return min(PROBE_S, FIRST_PROBE_S * 2.0 ** min(self.count - 1, 10))
        return FIRST_PROBE_S if self.kind in REFUSALS and self.count < 2 else PROBE_S

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> Evidence:
        """Return the evidence that `as_json` made `value` from; none if it is unreadable."""
        found = value if isinstance(value, dict) else {}
        read = {
            one.name: known
            for one in fields(cls)
            if (known := _read(one.type, found.get(one.name))) is not None
        }
        return cls(**read)


REFUSALS = frozenset({KeyDead.__name__, AuthenticationFailed.__name__, QuotaSpent.__name__})
"""The kinds that concern a key, whatever the model."""


def _read(kind: Any, value: Any) -> Any:
    if kind == "float":
        return number(value, 0, 1e12)
    if kind == "int":
        return None if (count := number(value, 0, 1e9)) is None else int(count)
    wanted = {"str": str, "bool": bool}[kind]
    return value if isinstance(value, wanted) else None

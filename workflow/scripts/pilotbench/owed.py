"""Episodes that are not finished: why, counted by kind, and what helps."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pilotbench.errors import (
    BudgetSpent,
    KeyDead,
    ProviderError,
    Rejected,
    Stopping,
    Untrusted,
    UnusableAnswer,
)

SHOWN = 3
_TRIED = re.compile(r" \(\d+ attempts? in \d+ s\)$")
_AGAIN = "run again to request the rest"


def _names(*roots: type[Exception]) -> set[str]:
    below = [root for one in roots for root in (one, *one.__subclasses__())]
    return {kind.__name__ for kind in below}


_NEEDS = (
    (_names(Rejected), "the service rejects these requests: change what is sent (see its words)"),
    (_names(BudgetSpent), "raise budget_usd"),
    (
        _names(UnusableAnswer),
        "an answer that cannot be used is paid for three times in all (ask_unusable=true: again)",
    ),
    (_names(KeyDead), "a key that is accepted and paid is needed"),
    (_names(Untrusted), "the certificate of the service must be trusted (ca_bundle)"),
)
_ASKED = {
    name
    for name in _names(*ProviderError.__subclasses__(), ProviderError, Stopping)
    if not any(name in kinds for kinds, _ in _NEEDS)
} | {"NotAnswered"}


@dataclass(frozen=True)
class Owed:
    """An episode that is not finished, and why."""

    index: int
    repeat: int
    kind: str
    message: str

    @property
    def is_asked_again(self) -> bool:
        """Whether the next run asks for it; an answer that cannot be played is there already."""
        return self.kind in _ASKED or any(self.kind in kinds for kinds, _ in _NEEDS)


def cause(message: str) -> str:
    """Return a failure's message without how often it was tried, which is no cause of its own."""
    return _TRIED.sub("", message)


def line(total: int, owed: Iterable[Owed], kept: str) -> str:
    """Return one line: how many of `total` episodes are unfinished, why, and what helps.

    `kept` says what became of the answers that were paid for.
    """
    found = list(owed)
    counts = Counter(one.kind for one in found)
    causes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        causes[one.kind][cause(one.message)] += 1
    shown = [_kind(kind, count, causes[kind]) for kind, count in counts.most_common(SHOWN)]
    rest = sum(counts.values()) - sum(count for _, count in counts.most_common(SHOWN))
    shown += [f"{rest} of other kinds"] if rest else []
    return (
        f"{len(found)} of {total} episodes owed: {'; '.join(shown)}. "
        f"{kept}; {'; '.join(_helps(found, counts))}"
    )


def _kind(kind: str, count: int, causes: Counter[str]) -> str:
    message, times = causes.most_common(1)[0]
    others = f" ({times} times, and {len(causes) - 1} other messages)" if len(causes) > 1 else ""
    return f"{count} {kind}: {message}{others}"


def _helps(found: list[Owed], counts: Counter[str]) -> list[str]:
    """Return what to do, each once; never to run again what will be rejected again."""
    helps = [words for kinds, words in _NEEDS if kinds & counts.keys()]
    if any(kind in _ASKED for kind in counts):
        helps.append(_AGAIN)
    if any(not one.is_asked_again for one in found):
        helps.append("what cannot be scored is kept and not requested again: see the log")
    return helps

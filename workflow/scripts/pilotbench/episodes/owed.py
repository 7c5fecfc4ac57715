"""Unfinished episodes: the reasons, counted by kind, and what helps.

Terminal, log, page and tables use both; the help for a kind is one row of `REMEDIES`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pilotbench.ground.errors import (
    BudgetSpent,
    CommandFailed,
    KeyDead,
    NoVerdict,
    OutInBatch,
    ProviderError,
    Rejected,
    Stopping,
    Unscorable,
    Untrusted,
    UnusableAnswer,
)

SHOWN = 3
_TRIED = re.compile(r" \(\d+ attempts? in \d+ s\)$")


@dataclass(frozen=True)
class Remedy:
    """What helps with some kinds of owed episodes.

    With `again`, running the same command again can finish them. With `kept`, the journal holds the
    answer, and no run requests it again.
    """

    kinds: frozenset[str]
    words: str
    again: bool = False
    kept: bool = False


def _names(*roots: type[Exception]) -> frozenset[str]:
    below = [root for one in roots for root in (one, *one.__subclasses__())]
    return frozenset(kind.__name__ for kind in below)


REMEDIES = (
    Remedy(
        _names(Rejected),
        "the service rejects these requests: change what its message names (model, parameters)",
    ),
    Remedy(_names(BudgetSpent), "raise budget_usd"),
    Remedy(
        _names(OutInBatch),
        "run again when the batch has ended: its answers are collected, and not requested twice",
        again=True,
    ),
    Remedy(
        _names(UnusableAnswer),
        "paid three times without a usable answer and not requested again by default; to request "
        "again: --config ask_unusable=true",
    ),
    Remedy(_names(KeyDead), "a key that the service accepts and that has credit is needed"),
    Remedy(_names(Untrusted), "the certificate of the service must be trusted (ca_bundle)"),
    Remedy(
        _names(Unscorable),
        "the answers are kept and cannot be scored: change the pattern or scorer that the message "
        "names; scoring again requests nothing",
        kept=True,
    ),
    Remedy(
        _names(NoVerdict),
        "the judge's answers are kept and hold no verdict, and are not requested again: change the "
        "rubric, or take another judge",
        kept=True,
    ),
    Remedy(
        _names(CommandFailed),
        "the log of the shard has what the command wrote; when it runs again, what it asked before "
        "is not paid again",
        again=True,
    ),
    Remedy(
        frozenset({"damaged"}),
        "the result file is damaged: remove it (the command `prune` lists it); its answers "
        "are in the journal",
        kept=True,
    ),
)
_AGAIN = Remedy(
    _names(*ProviderError.__subclasses__(), ProviderError, Stopping)
    - frozenset[str]().union(*(remedy.kinds for remedy in REMEDIES))
    | {"NotAnswered", "not_asked"},
    "run again to request them",
    again=True,
)
_FAULT = Remedy(
    frozenset(),
    "the answers are kept and cannot be scored, and are not requested again: a fault of this "
    "program, see the log",
    kept=True,
)


def remedy(kind: str) -> Remedy:
    """Return what helps with a kind of owed episodes."""
    return next((one for one in (*REMEDIES, _AGAIN) if kind in one.kinds), _FAULT)


@dataclass(frozen=True)
class Owed:
    """An episode that is not finished, and why."""

    index: int
    repeat: int
    kind: str
    message: str

    @property
    def is_asked_again(self) -> bool:
        """Whether a run can request it; an answer that cannot be scored exists already."""
        return not remedy(self.kind).kept


@dataclass(frozen=True)
class Cause:
    """The episodes owed for one kind of failure: its most frequent message came `times` times."""

    kind: str
    episodes: int
    message: str
    times: int
    others: int

    @property
    def rest(self) -> str:
        """How often the message came, if it is not the only one of its kind."""
        if not self.others:
            return ""
        word = "message" if self.others == 1 else "messages"
        return f" ({self.times} times, and {self.others} other {word})"


def cause(message: str) -> str:
    """Return the message of a failure without the number of attempts."""
    return _TRIED.sub("", message)


def causes(failures: Iterable[tuple[str, str]]) -> list[Cause]:
    """Return the causes of owed episodes, most frequent first; each failure: kind, message."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for kind, message in failures:
        found[kind][cause(message).rstrip(".")] += 1
    every = [
        Cause(kind, messages.total(), *messages.most_common(1)[0], len(messages) - 1)
        for kind, messages in found.items()
    ]
    return sorted(every, key=lambda one: -one.episodes)


def line(total: int, owed: Iterable[Owed], kept: str, what: str = "episodes") -> str:
    """Return one line: how many of `total` episodes are unfinished, why, and what helps.

    `what` names them in another way; `kept` describes what became of the paid answers.
    """
    found = causes((one.kind, one.message) for one in owed)
    shown = [f"{one.episodes} {one.kind}: {one.message}{one.rest}" for one in found[:SHOWN]]
    rest = sum(one.episodes for one in found[SHOWN:])
    shown += [f"{rest} of other kinds"] if rest else []
    count = sum(one.episodes for one in found)
    return f"{count} of {total} {what} owed: {'; '.join(shown)}. {kept}; {_helps(found)}"


def _helps(found: list[Cause]) -> str:
    """Return what helps, each remedy once, with its count if there are several."""
    counts: Counter[str] = Counter()
    for one in found:
        counts[remedy(one.kind).words] += one.episodes
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"for {count}: {words}" for words, count in counts.items())

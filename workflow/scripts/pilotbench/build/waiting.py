"""Why a run waits: one list for the live view, `status`, its JSON, the run's log and its end."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pilotbench.asking.keys.key_status import DEAD, ENDING, KINDS
from pilotbench.build.batches_out import BatchProgress, moment
from pilotbench.build.progress import KeyProgress
from pilotbench.episodes.owed import Cause, remedy
from pilotbench.ground.untrusted_text import visible

OWED, BATCH = "owed", "out in batches"
OF_KEYS = KINDS
ORDER = (*OF_KEYS, OWED, BATCH)
SHOWN = 4
"""Of each kind; the others are counted."""
LONGEST = 160
"""Characters of what a service said."""
INDENT = "  "


@dataclass(frozen=True)
class Reason:
    """One cause of waiting: `kind` is one of ORDER, `who` a key, a model or a kind of failure.

    `until` is Unix time in s where the end is known, `episodes` how many are owed.
    """

    kind: str
    who: str
    text: str
    until: float | None = None
    episodes: int = 0

    def __str__(self) -> str:
        """Return who waits, and until when or why."""
        if self.kind == OWED:
            return f"{self.episodes:,} {self.who}: {self.text}"
        return f"{self.who} {self.text}" if self.kind in (*ENDING, BATCH) else self._with_cause

    @property
    def _with_cause(self) -> str:
        return f"{self.who} ({self.text})"


def reasons(
    keys: Iterable[KeyProgress],
    owed: Iterable[Cause],
    batches: Iterable[BatchProgress],
    now: float,
    is_over: bool = False,
) -> list[Reason]:
    """Return why a run waits; if it is over, only what keeps it from being complete."""
    found = [
        Reason(key.state.kind, key.key, visible(key.state.text, LONGEST), key.state.until)
        for key in keys
        if key.state.kind == DEAD or (key.state.kind and not is_over)
    ]
    for one in owed:
        helps = f"{visible(one.message, LONGEST)}{one.rest}; {remedy(one.kind).words}"
        found.append(Reason(OWED, one.kind, helps, None, one.episodes))
    for row in batches:
        text = f"{row.done:,}/{row.requests:,} answered, since {moment(row.since, now)}"
        text += f", promised by {moment(row.expected, now)}"
        found.append(Reason(BATCH, row.model, text, row.expected))
    return sorted(found, key=lambda one: ORDER.index(one.kind))


def lines(found: Sequence[Reason], width: int | None = None) -> list[str]:
    """Return one line per kind, wrapped between words if it is wider than `width`."""
    shown: list[str] = []
    for kind in dict.fromkeys(one.kind for one in found):
        some = [str(one) for one in found if one.kind == kind]
        more = [f"{len(some) - SHOWN} more"] if len(some) > SHOWN else []
        shown += wrapped(f"{kind}: {'; '.join(some[:SHOWN] + more)}", width)
    return shown


def wrapped(line: str, width: int | None) -> list[str]:
    """Return a line as lines of at most `width` columns, broken between words."""
    if width is None:
        return [line]
    return textwrap.wrap(line, max(width, 12), subsequent_indent=INDENT, break_on_hyphens=False)

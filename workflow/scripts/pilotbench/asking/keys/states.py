"""How a key stands, in a few words: read from what its users share, without taking part."""

from __future__ import annotations

from pathlib import Path

from pilotbench.asking.keys.breaker import FILE as HEALTH
from pilotbench.asking.keys.breaker import KEY, rows_in
from pilotbench.asking.keys.evidence import Evidence
from pilotbench.asking.keys.limiter import LEDGER, key_folder
from pilotbench.asking.keys.usage_file import Account, peek
from pilotbench.asking.keys.words import duration, plain, until
from pilotbench.ground.clock import CLOCK, Clock
from pilotbench.providers.settings import Access

LATELY_S = 300.0
"""A failure that is older says nothing of now."""


def state_of(limits_dir: Path | None, access: Access, alias: str, clock: Clock = CLOCK) -> str:
    """Return what keeps a key from answering now; nothing where it is well or unused."""
    folder, now = key_folder(limits_dir, access, alias), clock.now()
    pace = Account.kept(peek(folder / LEDGER), clock).pace
    rows = rows_in(peek(folder / HEALTH), clock)
    failing = {n: row for n, row in rows.items() if row.count and now - row.last < LATELY_S}
    if KEY in failing:
        return _refused(failing[KEY])
    if pace.paused_until > now:
        return f"paused until {until(pace.paused_until - now)} by 429"
    if failing:
        worst = min(failing.values(), key=lambda row: row.since)
        return f"{plain(worst.message)} for {duration(now - worst.since)}"
    if pace.refused_since is not None and now - pace.paused_until < LATELY_S:
        return f"every request is answered 429, for {duration(now - pace.refused_since)}"
    return ""


def _refused(row: Evidence) -> str:
    return f"{'dead' if row.count > 1 else 'in doubt'}: {row.message}"

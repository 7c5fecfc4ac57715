"""Lines about a batch, for the user."""

from __future__ import annotations

from pilotbench.asking.journal.batch_file import Entry
from pilotbench.ground import notices
from pilotbench.ground.plurals import counted


def line(model: str, entry: Entry, what: str) -> str:
    """Return a line about a batch of a model: which it is, and `what` became of it."""
    name = entry.name or f"with tag {entry.tag}"
    return f"{model}: batch {name} ({counted(entry.out.requests, 'request')}) {what}"


def say(model: str, entry: Entry, what: str) -> None:
    """Notify the user of what became of a batch; the same is said once."""
    notices.say(f"batch {entry.tag} {what}", line(model, entry, what), f"batch {entry.tag}")

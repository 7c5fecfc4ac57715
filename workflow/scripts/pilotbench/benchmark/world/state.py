"""The live world of one episode: sections of named objects, and the handles made so far."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from pilotbench.benchmark.world.objects import DataObject, from_entry, typed
from pilotbench.benchmark.world.tool import INLINE_LIMIT, Change, ToolFailure
from pilotbench.ground.canonical_json import canonical

Json = dict[str, Any]

# section -> the word that names one of its objects in identities, messages and predicates
SECTIONS = {
    "files": "file",
    "tables": "table",
    "databases": "database",
    "services": "service",
    "endpoints": "endpoint",
    "backends": "backends",
    "routes": "route",
    "queues": "queue",
    "cache": "cache",
    "schedule": "job",
    "inboxes": "inbox",
    "log": "log",
    "notes": "note",
    "references": "reference",
    "models": "model",
    "mappings": "mapping",
    "directory": "role",
    "drafts": "draft",
    "fees": "fee",
}


class World:
    """Sections of objects by name; a change replaces an object and never edits it in place."""

    def __init__(self, start: Json) -> None:
        self.salt: str = start.get("salt", "")
        self.sections: dict[str, dict[str, Any]] = {
            section: dict(start.get(section, {})) for section in SECTIONS
        }
        self.signed_in: set[str] = set()
        self.made: dict[str, DataObject] = {}

    def get(self, section: str, key: str) -> Any:
        """Return an object by name; raises ToolFailure `not_found`."""
        try:
            return self.sections[section][key]
        except KeyError:
            word = SECTIONS[section]
            raise ToolFailure(
                "not_found", f"there is no {word} {key!r}"[:200], missing=f"{word}:{key}"
            ) from None

    def data(self, name: str) -> DataObject:
        """Return the data of a handle or of a named table; raises ToolFailure `not_found`."""
        known = self.made.get(name)
        if known is not None:
            return known
        entry = self.sections["tables"].get(name)
        if entry is None:
            raise ToolFailure(
                "not_found", f"there is no data {name!r}"[:200], missing=f"data:{name}"
            )
        return from_entry(entry, f"table:{name}")

    def table(self, name: str) -> DataObject:
        """Return data that is a table; raises ToolFailure `wrong_kind` for anything else."""
        data = self.data(name)
        if data.kind == "table":
            return data
        if data.kind == "text":
            raise ToolFailure(
                "wrong_kind",
                f"{name} is text, rows are needed",
                unmet=f"parsed:{data.handle}",
            )
        raise ToolFailure(
            "wrong_kind", f"{name} is a {data.kind}, rows are needed", violation="wrong kind"
        )

    def content(self, data: str | None, text: str | None) -> DataObject:
        """Return the input of a sink, by handle or typed; raises ToolFailure `bad_arguments`."""
        if (data is None) == (text is None):
            message = "exactly one of data and text must be given"
            raise ToolFailure("bad_arguments", message, violation=message)
        if text is None:
            return self.data(data or "")
        if len(text) > INLINE_LIMIT:
            message = f"text must be at most {INLINE_LIMIT} characters"
            raise ToolFailure("bad_arguments", message, violation=message)
        return typed(text)

    def receipt(self, target: str, content: str) -> int:
        """Return the six-digit receipt number that `target` gives for this content."""
        words = canonical([self.salt, target, content]).encode("utf-8", "surrogatepass")
        return 100_000 + int.from_bytes(sha256(words).digest()[:6], "big") % 900_000

    def apply(self, changes: tuple[Change, ...]) -> None:
        """Apply `changes`."""
        for change in changes:
            if change.section == "signed_in":
                self.signed_in.add(change.key)
            elif change.value is None:
                self.sections[change.section].pop(change.key, None)
            else:
                self.sections[change.section][change.key] = change.value

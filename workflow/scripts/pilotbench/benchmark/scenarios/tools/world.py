"""The live world of an episode of version 4.

Beside the sections, a start may say `"hidden": true` (previews show little) and `"down": [names]`:
objects that are out of service for good, as is an object that says `"down": true` itself.
"""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.world.objects import DataObject, content_of, to_entry
from pilotbench.benchmark.world.state import SECTIONS, World
from pilotbench.benchmark.world.tool import ToolFailure

Json = dict[str, Any]

FEE = 25
PASSED_TO = ("endpoints", "queues", "inboxes", "files", "schedule")
"""The sections that records are passed on to; the cache only keeps data for later."""
TARGETS = (*PASSED_TO, "cache")
"""The sections whose objects hold entries: a target is the name of one of their objects."""

NOUNS = {
    **SECTIONS,
    "backends": "service",
    "cache": "cache entry",
    "inboxes": "person",
    "notes": "house note",
    "references": "tracking reference",
}


class ScenarioWorld(World):
    """A world whose errors are sentences, whose previews may be hidden, with targets and fees."""

    def __init__(self, start: Json) -> None:
        super().__init__(start)
        self.hidden = bool(start.get("hidden"))
        self.down = frozenset(start.get("down", ()))

    def get(self, section: str, key: str) -> Any:
        """Return an object by name; raises ToolFailure `not_found` or `out_of_service`."""
        self.in_service(key)
        try:
            found = self.sections[section][key]
        except KeyError:
            raise not_found(NOUNS[section], key, f"{SECTIONS[section]}:{key}") from None
        if isinstance(found, dict) and found.get("down"):
            raise _out_of_service(key)
        return found

    def in_service(self, name: str) -> None:
        """Raise ToolFailure `out_of_service` if the object of that name is down for good."""
        if name in self.down:
            raise _out_of_service(name)

    def data(self, name: str) -> DataObject:
        """Return the data of a handle or of a named table; raises ToolFailure `not_found`."""
        try:
            return super().data(name)
        except ToolFailure:
            message = f"There is no data with the handle {name!r}."[:160]
            hint = " Use a handle that a tool has returned."
            raise ToolFailure("not_found", message + hint, missing=f"data:{name}"[:200]) from None

    def of_kind(self, name: str, kind: str) -> DataObject:
        """Return data of one kind; raises ToolFailure `wrong_kind` for any other."""
        data = self.data(name)
        if data.kind == kind:
            return data
        message = f"{name} is a {data.kind}, but this tool needs a {kind}."
        raise ToolFailure("wrong_kind", message, violation="wrong kind")

    def table(self, name: str) -> DataObject:
        """Return data that is a table; raises ToolFailure `wrong_kind` for anything else."""
        return self.of_kind(name, "table")

    def signed_in_to(self, service: str | None) -> None:
        """Raise ToolFailure `not_signed_in` unless `service` is open or signed in to."""
        if service is not None and service not in self.signed_in:
            message = f"The service {service} requires you to sign in first."
            raise ToolFailure("not_signed_in", message, unmet=f"signed_in:{service}")

    def receipt_of(self, section: str, key: str, entry: Json, content: str = "") -> int:
        """Return the receipt number of an entry: of its target, its content and what it quotes."""
        target = f"{SECTIONS[section]}:{key}" + (f"@{entry['at']}" if "at" in entry else "")
        content = content or content_of(entry["kind"], entry["value"])
        return self.receipt(target, f"{content}:{entry['quote']}" if "quote" in entry else content)

    def section_of(self, target: str) -> str:
        """Return the section of the target of that name; raises ToolFailure `not_found`."""
        for section in TARGETS:
            if target in self.sections[section]:
                return section
        raise not_found("URL, queue, person, file, job or cache entry", target, f"target:{target}")


def entry_of(data: DataObject, quote: int | None = None, **more: Any) -> Json:
    """Return `data` as a target holds it."""
    quoted = {} if quote is None else {"quote": quote}
    return {**to_entry(data), **more, **quoted}


def not_found(noun: str, name: str, missing: str) -> ToolFailure:
    """Return the failure of a call that names something that does not exist."""
    message = f"There is no {noun} called {name!r}"[:199] + "."
    return ToolFailure("not_found", message, missing=missing[:200])


def _out_of_service(name: str) -> ToolFailure:
    message = f"{name} is out of service until further notice."
    return ToolFailure("out_of_service", message, unmet=f"in_service:{name}")

"""Where records are passed on: the call that does it, and the object of the world that gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

TOOLS = {
    "post": "network_poster",
    "push": "integration_queue",
    "notify": "utility_notifier",
    "role": "utility_notifier",
    "file": "file_operations_writer",
    "schedule": "integration_scheduler",
}
_OBJECTS = {
    "post": "endpoint",
    "push": "queue",
    "notify": "inbox",
    "role": "inbox",
    "file": "file",
    "schedule": "job",
}
KEY = "<key>"
"""What stands for an item's key in the name of a target."""


@dataclass(frozen=True)
class Target:
    """A place that takes records: a URL, queue, person, file or job.

    The name of a file or job contains KEY; `role` is what a person holds who has to be found.
    """

    kind: str
    name: str
    role: str = ""

    @property
    def is_new(self) -> bool:
        """Whether each record makes an object of its own."""
        return self.kind in ("file", "schedule")

    def name_for(self, key: str) -> str:
        """Return the name of the target for one item."""
        return self.name.replace(KEY, key)

    def identity(self, key: str) -> str:
        """Return the identity of the object that gets an item's record."""
        return f"{_OBJECTS[self.kind]}:{self.name_for(key)}"

    @property
    def tool(self) -> str:
        """The tool that passes a record on."""
        return TOOLS[self.kind]

    def arguments(self, key: str, record: Json, data: Any, quote: Any) -> Json:
        """Return the arguments of the call; `quote` is None where nothing is quoted."""
        name = self.name_for(key)
        quoted = {} if quote is None else {"quote": quote}
        if self.kind == "post":
            return {"url": name, "data": data, **quoted}
        if self.kind == "push":
            return {"queue": name, "action": "push", "data": data, **quoted}
        if self.kind == "file":
            return {"path": name, "data": data, **quoted}
        if self.kind == "schedule":
            return {"job": name, "at": record["slot"], "data": data, **quoted}
        return {"to": name, "data": data, **quoted}

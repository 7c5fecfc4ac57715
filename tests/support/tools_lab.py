"""A small world of version 4, and calls of its tools without a session."""

from __future__ import annotations

import copy
from typing import Any

from pilotbench.benchmark.scenarios.tools.arguments import checked
from pilotbench.benchmark.scenarios.tools.toolbox import TOOLS
from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld
from pilotbench.benchmark.world.tool import Tool, ToolFailure, ToolOutcome

Json = dict[str, Any]

RECORD = {
    "order_id": "OR-1",
    "total": 1200,
    "region": "north",
    "grade": "A",
    "due": "2031-03-14",
}
ENTRY = {"kind": "record", "value": RECORD}
ORDERS: list[Json] = [
    {"order_id": f"OR-{n}", "total": 1000 + n, "due": f"2031-03-{n:02}"} for n in range(1, 21)
]
PAYMENTS: list[Json] = [{"order_id": f"OR-{n}", "paid": 7 * n} for n in (2, 3, 3, 40)]
A = "https://a.example"

WORLD: Json = {
    "salt": "0",
    "down": ["lost-queue", "lost.person", "lost-job", "out/lost.json", "lost-key"],
    "files": {
        "in/OR-1.json": ENTRY,
        "in/notes.txt": {"kind": "text", "value": "\n".join(f"line {n}" for n in range(1, 12))},
    },
    "tables": {"empty": {"kind": "table", "value": []}},
    "databases": {
        "sales": {
            "tables": {
                "orders": {"kind": "table", "value": ORDERS},
                "payments": {"kind": "table", "value": PAYMENTS},
            }
        },
        "vault": {"service": "vault", "tables": {"orders": {"kind": "table", "value": ORDERS}}},
        "lost": {"down": True, "tables": {}},
    },
    "services": {"vault": {"credential": "cr-1"}},
    "endpoints": {
        f"{A}/orders/OR-1": {"body": ENTRY},
        f"{A}/parts": {"body": ENTRY, "parts": 2},
        f"{A}/intake": {"posts": []},
        f"{A}/mistake": {"posts": [ENTRY]},
        f"{A}/vault": {"service": "vault", "body": ENTRY, "posts": []},
        f"{A}/lost": {"down": True, "body": ENTRY, "posts": []},
    },
    "backends": {"pool": [{"backend": "node-1", "state": "up"}]},
    "queues": {"todo": [ENTRY], "none": [], "lost-queue": []},
    "cache": {"OR-1": ENTRY, "lost-key": ENTRY},
    "schedule": {"job-1": {**ENTRY, "at": "2031-01-01T10:00"}},
    "inboxes": {"mara.lind": [], "tom.berg": [], "lost.person": []},
    "notes": {"limits": {"limit": 4821}},
    "references": {"trk-1": ENTRY},
    "directory": {"shift lead": "mara.lind", "duty manager": "tom.berg"},
}
"""The entries `down` are out of service, by name or by saying so themselves."""

READ = ("file_operations_reader", {"path": "in/OR-1.json"})
OPEN = ("integration_connector", {"database": "sales", "table": "orders"})
PAID = ("integration_connector", {"database": "sales", "table": "payments"})
SIGN_IN = ("integration_authenticator", {"service": "vault", "credential": "cr-1"})

Call = tuple[str, Json]


class Desk:
    """Calls tools on a fresh world and applies what they change.

    In arguments, `@` stands for the last handle made and `@2` for the one before it.
    """

    def __init__(self, tools: dict[str, Tool] | None = None, **more: Any) -> None:
        self.tools = tools or TOOLS
        self.world = ScenarioWorld(copy.deepcopy({**WORLD, **more}))
        self.handles: list[str] = []

    def outcome(self, tool: str, arguments: Json) -> ToolOutcome:
        """Return what the call gives, without applying it."""
        places = {"@": -1, "@2": -2}
        filled = {
            key: self.handles[places[value]] if value in ("@", "@2") else value
            for key, value in arguments.items()
        }
        found = self.tools[tool]
        return found.run(self.world, **checked(found, filled))

    def call(self, tool: str, arguments: Json) -> Json:
        """Make one call and return its result, or `{"error": code, "message"}`."""
        try:
            outcome = self.outcome(tool, arguments)
        except ToolFailure as failure:
            return {"error": failure.code, "message": failure.message}
        if outcome.data is not None:
            self.world.made[outcome.data.handle] = outcome.data
            self.handles.append(outcome.data.handle)
        self.world.apply(outcome.changes)
        return outcome.result

    def after(self, *before: Call) -> Desk:
        """Make the calls of `before`, each of which must work."""
        for tool, arguments in before:
            assert "error" not in self.call(tool, arguments), (tool, arguments)
        return self

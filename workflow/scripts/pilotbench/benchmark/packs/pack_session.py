"""The session of a question pack with tools: some of the thirty, which never fail by draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.tasks.task import ToolSpec
from pilotbench.benchmark.world import toolbox
from pilotbench.benchmark.world.session import CallRecord, WorldSession

Json = dict[str, Any]
# A pack may ask for any JSON value.
FINISH = toolbox.finish({"description": "the answer alone: number, text or list"})
Goal = Callable[[Instance, Any], tuple[Json, bool, str]]


class PackSession(WorldSession):
    """A world of which only the pack's tools are offered; its goal is the pack's scorer."""

    finish = FINISH

    def __init__(self, instance: Instance, tools: Sequence[str], goal: Goal) -> None:
        super().__init__(instance)
        self._offered = frozenset(tools) | {FINISH.name}
        self._goal = goal

    def call(self, tool: str, arguments: Json) -> Json:
        """Execute one call; a tool that the pack does not offer is unknown."""
        if self.finished or tool in self._offered:
            return super().call(tool, arguments)
        error = {
            "code": "unknown_tool",
            "message": f"there is no tool {tool[:60]!r}",
            "transient": False,
        }
        record = CallRecord(tool, arguments, code="unknown_tool", unknown_tool=True)
        self.log.append(record)
        return {"ok": False, "error": error}

    def goal_state(self, answer: Any) -> list[tuple[Json, bool, str]]:
        """Return the one goal: the answer under the pack's scorer."""
        return [self._goal(self.instance, answer)]

    def protected_broken(self) -> list[str]:
        """Return nothing: a pack protects nothing."""
        return []


def known_tools() -> tuple[str, ...]:
    """Return the names of the tools that a pack may offer."""
    return tuple(toolbox.TOOLS)


def tool_specs(names: Sequence[str]) -> tuple[ToolSpec, ...]:
    """Return the named tools in the order of the toolbox with `finish` last; nothing for none."""
    if not names:
        return ()
    offered = (spec for spec in toolbox.offered(False) if spec.name in names)
    return (*offered, FINISH)

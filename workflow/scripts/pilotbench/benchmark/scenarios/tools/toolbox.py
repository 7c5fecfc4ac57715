"""The tools of version 4 in one plain dict, and what a model is offered."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pilotbench.benchmark.instances import ToolSpec
from pilotbench.benchmark.scenarios.tools import (
    computation,
    data_processing,
    file_operations,
    integration,
    ledger,
    network,
    utility,
)
from pilotbench.benchmark.world.tool import Tool, schema
from pilotbench.benchmark.world.toolbox import CALL_TOOL, TOOL_INFO, TOOL_SEARCH

Json = dict[str, Any]

_MODULES = (
    file_operations,
    data_processing,
    network,
    computation,
    integration,
    ledger,
    utility,
)

TOOLS: dict[str, Tool] = {tool.name: tool for module in _MODULES for tool in module.TOOLS}
ASK = "requester_ask"

FINISH = ToolSpec(
    "finish",
    "Ends the task and hands in the answer.",
    schema(
        ("answer",),
        answer={
            "type": ["number", "string"],
            "description": "Only the answer itself, without explanation.",
        },
    ),
)


@lru_cache(maxsize=64)
def offered(observation: tuple[str, ...], speaker: str) -> tuple[ToolSpec, ...]:
    """Return the tools that a model is offered at a point with these, `finish` last.

    Where tools are searched for, only the protocol's own; a question can be asked where the point
    has a speaker who answers one.
    """
    asking = (_spec(TOOLS[ASK]),) if speaker == "asked" else ()
    if "searched" in observation:
        return (TOOL_SEARCH, TOOL_INFO, CALL_TOOL, *asking, FINISH)
    specs = tuple(_spec(tool) for name, tool in TOOLS.items() if name != ASK)
    return (*specs, *asking, FINISH)


def _spec(tool: Tool) -> ToolSpec:
    return ToolSpec(tool.name, tool.description, tool.parameters)

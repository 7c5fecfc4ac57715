"""The thirty tools in one plain dict, and the four tools of the protocol itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pilotbench.benchmark.instances import ToolSpec
from pilotbench.benchmark.world import (
    computation,
    data_processing,
    file_operations,
    integration,
    network,
    utility,
)
from pilotbench.benchmark.world.levels import is_discovery as is_discovery
from pilotbench.benchmark.world.tool import Tool, schema, text

Json = dict[str, Any]

_MODULES = (file_operations, data_processing, network, computation, integration, utility)

TOOLS: dict[str, Tool] = {tool.name: tool for module in _MODULES for tool in module.TOOLS}
CATEGORIES: dict[str, tuple[str, ...]] = {
    module.__name__.rpartition(".")[2]: tuple(tool.name for tool in module.TOOLS)
    for module in _MODULES
}

_ANSWER: Json = {"type": ["number", "string"]}


def finish(answer: Json) -> ToolSpec:
    """Return the call that ends an episode, for answers of this schema."""
    return ToolSpec("finish", "End the task with its answer.", schema(("answer",), answer=answer))


FINISH = finish(
    {
        "type": [*_ANSWER["type"], "array"],
        "items": _ANSWER,
        "description": "the answer alone: number, text or list",
    }
)
TOOL_SEARCH = ToolSpec(
    "tool_search",
    "Find tools by words that say what is needed.",
    schema(("query",), query=text(maxLength=1000)),
)
TOOL_INFO = ToolSpec(
    "tool_info",
    "Show a tool's parameters, result and errors.",
    schema(("name",), name=text()),
)
CALL_TOOL = ToolSpec(
    "call_tool",
    "Call a tool by name.",
    schema(("name", "arguments"), name=text(), arguments={"type": "object"}),
)


@lru_cache(maxsize=2)
def offered(discovery: bool) -> tuple[ToolSpec, ...]:
    """Return the tools that a model is offered, `finish` last; only four under discovery."""
    if discovery:
        return (TOOL_SEARCH, TOOL_INFO, CALL_TOOL, FINISH)
    specs = tuple(ToolSpec(tool.name, tool.description, tool.parameters) for tool in TOOLS.values())
    return (*specs, FINISH)

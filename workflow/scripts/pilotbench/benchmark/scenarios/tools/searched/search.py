"""What the protocol tools tell of the 200 tools."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pilotbench.benchmark.scenarios.tools.searched.catalogue import SEARCHED
from pilotbench.benchmark.world.search import Index
from pilotbench.benchmark.world.tool import ToolFailure

Json = dict[str, Any]

FOUND = 8


@lru_cache(maxsize=1)
def _index() -> Index:
    return Index(SEARCHED.values())


@lru_cache(maxsize=4096)
def ranked(query: str, limit: int = FOUND) -> tuple[str, ...]:
    """Return the names of the best `limit` tools for a query, best first."""
    return _index().best(query, limit)


def found(query: str) -> Json:
    """Return what `tool_search` tells: names and descriptions, best first."""
    return {
        "tools": [
            {"name": name, "description": SEARCHED[name].description} for name in ranked(query)
        ]
    }


def about(name: str) -> Json:
    """Return what `tool_info` tells of a tool; raises ToolFailure `unknown_tool`."""
    tool = SEARCHED.get(name)
    if tool is None:
        raise ToolFailure("unknown_tool", f"There is no tool called {name[:60]!r}.")
    told = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "result": tool.result,
        "errors": list(tool.errors),
    }
    return {**told, "requires": tool.requires} if tool.requires else told

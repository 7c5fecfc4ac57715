"""The 200 tools."""

from __future__ import annotations

from pilotbench.benchmark.scenarios.tools.searched import (
    files,
    lookups,
    network,
    notices,
    queues,
    systems,
    tables,
)
from pilotbench.benchmark.scenarios.tools.toolbox import ASK, TOOLS
from pilotbench.benchmark.world.tool import Tool

_MODULES = (files, network, tables, systems, queues, notices, lookups)
_BASE = tuple(tool for name, tool in TOOLS.items() if name != ASK)

SEARCHED: dict[str, Tool] = {
    tool.name: tool for tool in (*_BASE, *(one for module in _MODULES for one in module.TOOLS))
}
"""All base tools but the one that asks, which is never searched for, and the others."""

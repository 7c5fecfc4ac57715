"""A tool declared as a variant of a base tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pilotbench.benchmark.scenarios.tools.parameters import DATA
from pilotbench.benchmark.scenarios.tools.toolbox import TOOLS
from pilotbench.benchmark.world.tool import Tool, ToolOutcome

Json = dict[str, Any]
Run = Callable[..., ToolOutcome]


@dataclass(frozen=True)
class Effect:
    """How a variant differs from its base.

    `wrap` returns the variant's function, `result` says what comes back. `errors` are those that it
    can raise beside the base's, or `only` those. `without` names parameters that it does not have.
    """

    wrap: Callable[[Tool], Run]
    result: str
    errors: tuple[str, ...] = ()
    only: bool = False
    without: tuple[str, ...] = ()


def _fixed(name: str, action: str) -> Tool:
    """Return a tool that does one action only of a base tool with several."""
    base = TOOLS[name]
    shape = _without(base.parameters, ("action",))
    errors = tuple(code for code in base.errors if code != "bad_arguments")
    if action in ("push", "put"):
        shape["properties"]["data"] = DATA
        shape["required"].append("data")
        errors = tuple(code for code in errors if code != "empty")
    else:
        shape = _without(shape, ("data", "quote"))
        errors = tuple(code for code in errors if code != "exists")
    run = partial(base.run, action=action)
    return replace(base, name=action, parameters=shape, run=run, errors=errors)


def _without(shape: Json, names: tuple[str, ...]) -> Json:
    properties = {key: one for key, one in shape["properties"].items() if key not in names}
    required = [key for key in shape.get("required", ()) if key not in names]
    made = {**shape, "properties": properties, "required": required}
    if not required:
        del made["required"]
    return made


BASES: dict[str, Tool] = {
    **{name.partition("_")[2].rpartition("_")[2]: tool for name, tool in TOOLS.items()},
    "pull": _fixed("integration_queue", "pull"),
    "push": _fixed("integration_queue", "push"),
    "get": _fixed("utility_cache", "get"),
    "put": _fixed("utility_cache", "put"),
}
"""The base tools by the last word of their names, and the two actions of queue and cache."""


def variant(name: str, base: str, effect: Effect, description: str, keywords: str = "") -> Tool:
    """Return the tool `name`: the base tool of that short name with another effect."""
    known = BASES[base]
    return Tool(
        name,
        description,
        _without(known.parameters, effect.without),
        effect.wrap(known),
        effect.errors if effect.only else tuple(dict.fromkeys(known.errors + effect.errors)),
        effect.result,
        requires="" if effect.only else known.requires,
        keywords=keywords,
    )

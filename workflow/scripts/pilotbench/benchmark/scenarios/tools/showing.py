"""What a tool tells about data: the handle and a preview."""

from __future__ import annotations

from itertools import islice
from typing import Any

from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld
from pilotbench.benchmark.world.objects import DataObject, shown
from pilotbench.benchmark.world.tool import ToolFailure

Json = dict[str, Any]

HIDDEN_FIELDS = 3
PAGE = 8


def preview(world: ScenarioWorld, data: DataObject) -> Json:
    """Return the handle of `data` and what a tool shows of it."""
    if data.kind != "record":
        return shown(data)
    return {"handle": data.handle, **_fields(world, data.value)}


def part_of(world: ScenarioWorld, data: DataObject, part: int, parts: int) -> Json:
    """Return the preview of one of several parts of a record; the handle is of the whole."""
    size = -(-len(data.value) // parts)
    fields = dict(islice(data.value.items(), (part - 1) * size, part * size))
    return {"handle": data.handle, **_fields(world, fields), "part": f"part {part} of {parts}"}


def page(data: DataObject, first: int) -> Json:
    """Return up to eight rows of a table from the row `first` on, or all of anything else."""
    if data.kind == "table":
        return {"handle": data.handle, **_page(data.value, first, "rows")}
    if data.kind == "text":
        lines = _page(data.value.splitlines(), first, "lines")
        return {"handle": data.handle, **lines}
    if data.kind == "record":
        return {"handle": data.handle, "record": data.value}
    return shown(data)


def _fields(world: ScenarioWorld, record: Json) -> Json:
    """Return a record as it is shown: only its first fields where previews are hidden."""
    more = len(record) - HIDDEN_FIELDS
    if not world.hidden or more <= 0:
        return {"record": record}
    return {"record": dict(islice(record.items(), HIDDEN_FIELDS)), "more_fields": more}


def _page(items: list[Any], first: int, noun: str) -> Json:
    if first > max(1, len(items)):
        message = f"The data has {len(items)} {noun}; there is no number {first}."
        raise ToolFailure("out_of_range", message, violation="out of range")
    last = first - 1 + PAGE
    left = max(0, len(items) - last)
    return {noun: items[first - 1 : last], "first": first, "of": len(items), f"more_{noun}": left}

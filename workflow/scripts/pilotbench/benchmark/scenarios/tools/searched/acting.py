"""Effects on what a tool that passes data on does, in place of or beside what its base does."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from pilotbench.benchmark.scenarios.tools.searched import reading
from pilotbench.benchmark.scenarios.tools.searched.variant import Effect, Run
from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld, entry_of
from pilotbench.benchmark.world.objects import DataObject, derived
from pilotbench.benchmark.world.tool import Change, Tool, ToolFailure, ToolOutcome

Json = dict[str, Any]

SECTION_OF = {
    "path": "files",
    "url": "endpoints",
    "queue": "queues",
    "job": "schedule",
    "to": "inboxes",
    "key": "cache",
}
"""The parameter that names the target of a tool, and the section that the target is in."""


def target_of(base: Tool) -> str:
    """Return the name of the parameter that names the target."""
    return next(name for name in SECTION_OF if name in base.parameters["properties"])


def _stored(section: str, told: Callable[[str, int], Json]) -> Callable[[Tool], Run]:
    """Return a wrapper whose tools only store the data in another section, by its target."""

    def wrap(base: Tool) -> Run:
        name = target_of(base)

        def run(world: ScenarioWorld, **arguments: Any) -> ToolOutcome:
            base.run(world, **arguments)
            target = arguments[name]
            entry = entry_of(world.data(arguments["data"]), arguments.get("quote"))
            held = [*world.sections[section].get(target, ()), entry]
            return ToolOutcome(told(target, len(held)), None, (Change(section, target, held),))

        return run

    return wrap


def nothing(told: Json) -> Callable[[Tool], Run]:
    """Return a wrapper whose tools fail where the base would, and else do nothing."""

    def wrap(base: Tool) -> Run:
        def run(world: ScenarioWorld, **arguments: Any) -> ToolOutcome:
            base.run(world, **arguments)
            return ToolOutcome(dict(told))

        return run

    return wrap


def _retired(base: Tool) -> Run:
    def run(world: ScenarioWorld, **arguments: Any) -> ToolOutcome:
        raise ToolFailure("retired", "This tool has been retired.", violation="retired tool")

    return run


def _passing(op: str, change: reading.Change) -> Callable[[Tool], Run]:
    """Return a wrapper whose tools pass on changed data."""

    def wrap(base: Tool) -> Run:
        def run(world: ScenarioWorld, data: str, **arguments: Any) -> ToolOutcome:
            source = world.data(data)
            made = derived(op, *change(source), [source])
            return base.run(_holding(world, made), data=made.handle, **arguments)

        return run

    return wrap


def _holding(world: ScenarioWorld, made: DataObject) -> ScenarioWorld:
    """Return a view of the world that has `made` among its handles."""
    view = copy.copy(world)
    view.made = {**world.made, made.handle: made}
    return view


def _broadcast(base: Tool) -> Run:
    """Return a function that passes data on to every target of the section that accepts it."""
    name = target_of(base)

    def run(world: ScenarioWorld, **arguments: Any) -> ToolOutcome:
        world.data(arguments["data"])
        changes: list[Change] = []
        for target in sorted(world.sections[SECTION_OF[name]]):
            try:
                changes += base.run(world, **{name: target}, **arguments).changes
            except ToolFailure:
                continue
        return ToolOutcome({"recipients": len(changes)}, None, tuple(changes))

    return run


def _edited(edit: Callable[[list[Json]], list[Json]]) -> Callable[[Tool], Run]:
    """Return a wrapper whose tools edit all entries of a target after the new one was added."""

    def wrap(base: Tool) -> Run:
        def run(world: ScenarioWorld, **arguments: Any) -> ToolOutcome:
            outcome = base.run(world, **arguments)
            (change,) = outcome.changes
            value = change.value
            if change.section == "endpoints":
                value = {**value, "posts": edit(value["posts"])}
            else:
                value = edit(value)
            return outcome._replace(changes=(change._replace(value=value),))

        return run

    return wrap


def _under(suffix: str) -> Callable[[Tool], Run]:
    """Return a wrapper whose tools store under a name with a suffix."""

    def wrap(base: Tool) -> Run:
        name = target_of(base)

        def run(world: ScenarioWorld, **arguments: Any) -> ToolOutcome:
            return base.run(world, **{**arguments, name: arguments[name] + suffix})

        return run

    return wrap


_RECEIPT = "the receipt number"
DRAFT = Effect(
    _stored("drafts", lambda target, count: {"draft_for": target, "drafts": count}),
    "the target and the number of its drafts; there is no receipt",
)
HELD = Effect(
    _stored("drafts", lambda target, count: {"waiting_for_approval": target, "waiting": count}),
    "the target and how much waits for approval; there is no receipt",
)
DRY_RUN = Effect(nothing({"possible": True, "done": False}), "whether it would be possible")
CHECKED = Effect(nothing({"valid": True, "signed_in": False}), "whether the credential is valid")
TRAINING_RUN = Effect(nothing({"training": "passed"}), "the result of the exercise")
RETIRED = Effect(_retired, "nothing", ("retired",), only=True)
KEY_ONLY = Effect(_passing("key", reading.first_field), _RECEIPT)
TEXT_ONLY = Effect(_passing("print", reading.as_text), _RECEIPT)
MASKED_ONLY = Effect(_passing("mask", reading.each_field(reading.masked)), _RECEIPT)
ROUNDED_ONLY = Effect(_passing("round", reading.each_field(reading.rounded)), _RECEIPT)
BROADCAST = Effect(
    _broadcast, "how many received it", ("not_found",), only=True,
    without=tuple(SECTION_OF),
)  # fmt: skip
REPLACING = Effect(_edited(lambda entries: entries[-1:]), _RECEIPT)
DOUBLED = Effect(_edited(lambda entries: [*entries, entries[-1]]), _RECEIPT)
IN_FRONT = Effect(_edited(lambda entries: [entries[-1], *entries[:-1]]), _RECEIPT)


def under(suffix: str) -> Effect:
    """Return the effect that data is stored under the given name with a suffix."""
    return Effect(_under(suffix), "the name used, and the receipt number")

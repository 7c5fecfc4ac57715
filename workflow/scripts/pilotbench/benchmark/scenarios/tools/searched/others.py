"""Tools with a purpose of their own: functions and short forms to declare them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pilotbench.benchmark.scenarios.tools.ledger import entries_of
from pilotbench.benchmark.scenarios.tools.world import FEE, ScenarioWorld, not_found
from pilotbench.benchmark.world import toolbox
from pilotbench.benchmark.world.tool import Change, Tool, ToolFailure, ToolOutcome, schema, text
from pilotbench.ground.canonical_json import unit_interval

Json = dict[str, Any]


def elsewhere(name: str, parameter: str, noun: str, description: str, keywords: str = "") -> Tool:
    """Return a tool for objects that no world has: each call says that there is none."""

    def run(world: ScenarioWorld, **arguments: str) -> ToolOutcome:
        named = arguments[parameter]
        raise not_found(noun, named, f"{parameter}:{named}")

    shape = schema((parameter,), **{parameter: text(f"The name of the {noun}.")})
    return Tool(name, description, shape, run, ("not_found",), "the facts", keywords=keywords)


def described(name: str, description: str) -> Tool:
    """Return one of the thirty tools of version 3 with another description."""
    known = toolbox.TOOLS[name]

    def run(world: ScenarioWorld, **arguments: Any) -> ToolOutcome:
        try:
            return known.run(world, **arguments)
        except ToolFailure as failure:
            failure.message = (
                f"{failure.message[:1].upper()}{failure.message[1:]}".rstrip(".") + "."
            )
            raise

    errors = (*known.errors, "out_of_service")
    return replace(known, description=description, run=run, errors=errors, keywords="")


def looked_up(
    name: str,
    parameter: str,
    section: str,
    tell: Callable[[ScenarioWorld, str, Any], Json],
    description: str,
) -> Tool:
    """Return a tool that tells something about one object of a section."""

    def run(world: ScenarioWorld, **arguments: str) -> ToolOutcome:
        key = arguments[parameter]
        return ToolOutcome({parameter: key, **tell(world, key, world.get(section, key))})

    shape = schema((parameter,), **{parameter: text(f"The {parameter} to look up.")})
    return Tool(name, description, shape, run, ("not_found", "out_of_service"), "what is known")


def other_holder(word: str) -> Callable[[ScenarioWorld, str, Any], Json]:
    """Return what tells another person of the staff directory than the one who holds a role."""

    def tell(world: ScenarioWorld, role: str, person: Any) -> Json:
        people = sorted({*world.sections["directory"].values()} - {person})
        if not people:
            raise not_found(f"{word} holder of a role", role, f"{word}:{role}")
        place = int(unit_interval(word, role) * len(people))
        return {"person": people[place], "as": word}

    return tell


def emptied(name: str, parameter: str, section: str, description: str) -> Tool:
    """Return a tool that removes all that a target holds, or the target if it is no container."""

    def run(world: ScenarioWorld, **arguments: str) -> ToolOutcome:
        target = arguments[parameter]
        left = _left(section, target, world.get(section, target))
        told = {parameter: target, "emptied": True}
        return ToolOutcome(told, None, (Change(section, target, left),))

    shape = schema((parameter,), **{parameter: text(f"The {parameter}.")})
    errors = ("not_found", "out_of_service")
    more = ("not_accepted",) if section == "endpoints" else ()
    return Tool(name, description, shape, run, errors + more, "what was emptied")


def _left(section: str, target: str, held: Any) -> Any:
    """Return a target without its entries; None removes one that is no container."""
    if section != "endpoints":
        return [] if isinstance(held, list) else None
    if "posts" not in held:
        message = f"{target} offers data but accepts none."
        raise ToolFailure("not_accepted", message[:200], missing=f"posts:{target}")
    return {**held, "posts": []}


def refund_all(world: ScenarioWorld, target: str) -> ToolOutcome:
    """Withdraw every entry of a target; each costs the fee."""
    section, held = entries_of(world, target)
    if not held:
        raise ToolFailure("no_entry", f"{target} holds no entry."[:200], missing="entry:any")
    left = _left(section, target, world.sections[section][target])
    fees = [*world.sections["fees"].get(target, ()), {"receipt": 0, "amount": FEE * len(held)}]
    changes = (Change(section, target, left), Change("fees", target, fees))
    return ToolOutcome({"target": target, "withdrawn": len(held)}, None, changes)


def moved_queue(world: ScenarioWorld, queue: str, other: str) -> ToolOutcome:
    """Move every message of a queue to the end of another."""
    waiting, there = world.get("queues", queue), world.get("queues", other)
    if queue == other:
        message = "The two queues must be different."
        raise ToolFailure("bad_arguments", message, violation=message)
    changes = (Change("queues", queue, []), Change("queues", other, [*there, *waiting]))
    return ToolOutcome({"moved": len(waiting)}, None, changes)


def reversed_queue(world: ScenarioWorld, queue: str) -> ToolOutcome:
    """Turn the order of the messages of a queue round."""
    waiting = world.get("queues", queue)
    return ToolOutcome({"waiting": len(waiting)}, None, (Change("queues", queue, waiting[::-1]),))

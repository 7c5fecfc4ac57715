"""The tools that look at the entries of a target, and withdraw one."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scenarios.tools.parameters import TARGET
from pilotbench.benchmark.scenarios.tools.world import FEE, ScenarioWorld
from pilotbench.benchmark.world import goals
from pilotbench.benchmark.world.tool import Change, Tool, ToolFailure, ToolOutcome, schema

Json = dict[str, Any]

_GROWING = ("endpoints", "queues", "inboxes")


def entries_of(world: ScenarioWorld, target: str) -> tuple[str, list[Json]]:
    """Return the section of a target and the entries it holds, oldest first."""
    section = world.section_of(target)
    held = world.get(section, target)
    return section, goals.entries(section, held) if section in _GROWING else [held]


def key_of(entry: Json) -> str | None:
    """Return the key of an entry's record, None for anything that is not a record with a key."""
    if entry["kind"] != "record":
        return None
    return next((value for name, value in entry["value"].items() if name.endswith("_id")), None)


def _auditor(world: ScenarioWorld, target: str) -> ToolOutcome:
    section, held = entries_of(world, target)
    told = [
        {"receipt": world.receipt_of(section, target, entry), "key": key_of(entry)}
        for entry in held
    ]
    return ToolOutcome({"target": target, "entries": told})


def _canceller(world: ScenarioWorld, target: str, receipt: int) -> ToolOutcome:
    section, held = entries_of(world, target)
    found = [
        place
        for place, entry in enumerate(held)
        if world.receipt_of(section, target, entry) == receipt
    ]
    if not found:
        message = f"{target[:120]} holds no entry with the receipt number {receipt}."
        raise ToolFailure("no_entry", message, missing=f"entry:{receipt}")
    left = held[: found[-1]] + held[found[-1] + 1 :]
    fees = [*world.sections["fees"].get(target, ()), {"receipt": receipt, "amount": FEE}]
    changes = (Change(section, target, _without(world, section, target, left)),)
    told = {"target": target, "withdrawn": receipt, "fee": FEE}
    return ToolOutcome(told, None, (*changes, Change("fees", target, fees)))


def _without(world: ScenarioWorld, section: str, target: str, left: list[Json]) -> Any:
    """Return a target that holds only the entries `left`; None removes the object."""
    if section == "endpoints":
        return {**world.sections[section][target], "posts": left}
    return left if section in _GROWING else None


TOOLS = (
    Tool(
        "integration_canceller",
        "Withdraws one entry from the target that holds it. A fee of 25 is charged.",
        schema(
            ("target", "receipt"),
            target=TARGET,
            receipt={"type": "integer", "description": "The receipt number of the entry."},
        ),
        _canceller,
        ("not_found", "out_of_service", "no_entry"),
        "the receipt number of the withdrawn entry, and the fee",
        keywords="cancel undo remove revoke take back reverse mistake",
    ),
    Tool(
        "integration_auditor",
        "Lists the entries that a target holds: of each, the receipt number and the key of the"
        " record. Changes nothing.",
        schema(("target",), target=TARGET),
        _auditor,
        ("not_found", "out_of_service"),
        "the receipt number and the key of each entry",
        keywords="check whether arrived already sent received posted look audit verify",
    ),
)

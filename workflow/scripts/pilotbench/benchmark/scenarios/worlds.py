"""The starting world of an assignment: the work list, the items' records, notes and targets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pilotbench.benchmark.scenarios.injections import injected_queue, remarked
from pilotbench.benchmark.scenarios.targets import Target
from pilotbench.benchmark.scenarios.work import Assignment, Item

Json = dict[str, Any]
World = dict[str, dict[str, Any]]

DECOYS = 9
"""Rows of a joined table that belong to no item, and servers that are down."""


def world_of(made: Assignment) -> Json:
    """Return the starting world, section by section, and its switches."""
    world: World = {}
    _put_list(made, world)
    for item in made.items:
        section, name = detail_of(made, item)
        world.setdefault(section, {})[name] = _served(made, item)
    _put_facts(made, world)
    for target in (made.act, made.rest, made.desk, made.was_place, *_bystanders(made)):
        if target is not None:
            _put_target(world, target)
    _put_axes(made, world)
    return {
        "salt": made.core.salt,
        **world,
        **({"hidden": True} if "hidden" in made.point.observation else {}),
        **_unconfirmed(made),
    }


def detail_of(made: Assignment, item: Item, mirror: bool = False) -> tuple[str, str]:
    """Return section and name of an item's record; `mirror`: of its other copy."""
    core = made.core
    if core.detail == "reference":
        return "references", item.record["reference"]
    if core.detail == "url":
        host = core.names.mirror if mirror else core.names.host
        return "endpoints", f"{host}/{core.subject.many.replace(' ', '-')}/{item.key}"
    if core.detail == "file":
        return "files", f"{core.names.details}/{item.key}.json"
    return "cache", f"{core.names.details}:{item.key}"


def stub_path(made: Assignment, key: str) -> str:
    """Return the path of an item in a folder."""
    return f"{made.core.names.folder}/{key}.json"


def shown_record(made: Assignment, item: Item) -> Json:
    """Return an item's record as it is served: without the joined field, with its remark."""
    amount, joined = made.core.subject.amount, "joined" in made.point.observation
    record = {name: value for name, value in item.record.items() if not joined or name != amount}
    return remarked(made, item, record)


def entry(record: Json) -> Json:
    """Return a record as the world holds it."""
    return {"kind": "record", "value": record}


def _served(made: Assignment, item: Item) -> Json:
    held = entry(shown_record(made, item))
    section, _ = detail_of(made, item)
    if section != "endpoints":
        return held
    parts = {"parts": 2} if "partial" in made.point.recovery else {}
    down = {"down": True} if "down" in made.point.recovery else {}
    return {"body": held, **parts, **down}


def _put_list(made: Assignment, world: World) -> None:
    """Put the work list into the world; nothing where it is missing."""
    core, names = made.core, made.core.names
    stubs = [_stub(made, item) for item in made.items]
    if core.listing == "table":
        table = {"kind": "table", "value": stubs}
        tables = {} if made.impossible == "no_list" else {names.table: table}
        credential = f"{names.credential}x" if made.impossible == "no_access" else names.credential
        world["services"] = {names.database: {"credential": credential}}
        world["databases"] = {names.database: {"service": names.database, "tables": tables}}
    elif made.impossible == "no_list":
        return
    elif core.listing == "folder":
        files = world.setdefault("files", {})
        for item, stub in zip(made.items, stubs, strict=True):
            files[stub_path(made, item.key)] = entry(stub)
    elif core.listing == "queue":
        world["queues"] = {names.queue: [entry(stub) for stub in stubs]}
    else:
        world["backends"] = {names.service: _servers(made, stubs)}


def _stub(made: Assignment, item: Item) -> Json:
    key = made.core.subject.key
    return {key: item.key, "reference": item.record["reference"]}


def _servers(made: Assignment, stubs: Iterable[Json]) -> list[Json]:
    """Return the servers of a service, some of which are down, in drawn order."""
    draw, key = made.core.random("servers"), made.core.subject.key
    up = [{"backend": stub[key], "state": "up", "reference": stub["reference"]} for stub in stubs]
    numbers = draw.different(1 + len(up) // 3, 1_000, 9_999)
    down = [
        {"backend": f"SV-{number}", "state": "down", "reference": f"trk-{number}00"}
        for number in numbers
    ]
    places = draw.different(len(down), 0, len(up) + len(down) - 1)
    waiting = iter(up)
    at = dict(zip(places, down, strict=True))
    return [at[place] if place in at else next(waiting) for place in range(len(up) + len(down))]


def _put_facts(made: Assignment, world: World) -> None:
    """Put the limit's note, the house rules, the directory and the joined table into the world."""
    core, names = made.core, made.core.names
    notes: Json = {}
    if core.is_noted and made.impossible != "no_limit":
        notes[names.note] = {"limit": made.stated}
    if made.house is not None:
        notes[names.house] = {"text": made.house.text}
    if notes:
        world["notes"] = notes
    if made.act.role:
        world["directory"] = {made.act.role: made.act.name}
    if "joined" in made.point.observation:
        world["tables"] = {names.joined: {"kind": "table", "value": _joined(made)}}


def _joined(made: Assignment) -> list[Json]:
    """Return the rows of the second table: those of the items and others, in drawn order."""
    subject, draw = made.core.subject, made.core.random("joined")
    rows = [
        {subject.key: item.key, subject.amount: item.record[subject.amount]} for item in made.items
    ]
    rows += [
        {subject.key: f"{subject.prefix}-{number}", subject.amount: draw.whole(1_000, 9_999)}
        for number in draw.different(DECOYS, 1_000, 9_999)
    ]
    return draw.mixed(rows)


def _bystanders(made: Assignment) -> list[Target]:
    """Return targets that are to get nothing where a tool may write to all of a kind at once."""
    is_searched = "searched" in made.point.observation
    return [Target(kind, made.core.names.was[kind]) for kind in ("post", "push") if is_searched]


def _put_target(world: World, target: Target) -> None:
    """Put a target into the world that takes several records; files and jobs are made anew."""
    if target.kind == "post":
        world.setdefault("endpoints", {})[target.name] = {"posts": []}
    elif target.kind == "push":
        world.setdefault("queues", {})[target.name] = []
    elif target.kind in ("notify", "role"):
        world.setdefault("inboxes", {})[target.name] = []


def _put_axes(made: Assignment, world: World) -> None:
    """Put into the world what single axes need."""
    if made.impossible == "no_target":
        section = {"post": "endpoints", "push": "queues"}.get(made.act.kind, "inboxes")
        world[section].pop(made.act.name)
    if "down" in made.point.recovery:
        for item in made.items:
            section, name = detail_of(made, item, mirror=True)
            world[section][name] = {"body": entry(shown_record(made, item))}
    if made.point.injected:
        world.setdefault("queues", {})[injected_queue(made)] = []
    if "undo" in made.point.recovery:
        held = mistaken_entry(made)
        section = {"post": "endpoints", "push": "queues"}.get(made.act.kind, "inboxes")
        holder = world[section][made.act.name]
        (holder["posts"] if section == "endpoints" else holder).append(held)


def mistaken(made: Assignment) -> Json:
    """Return the record that somebody has passed on by mistake."""
    draw, subject = made.core.random("mistake"), made.core.subject
    record = dict(made.items[0].record)
    record[subject.key] = f"{subject.prefix}-{draw.whole(1_000, 9_999)}"
    record[subject.amount] = draw.whole(1_000, 9_999)
    return record


def mistaken_entry(made: Assignment) -> Json:
    """Return the entry of the record that was passed on by mistake."""
    record = mistaken(made)
    return {**entry(record), "roots": [f"record:{record[made.core.subject.key]}"], "ops": []}


def _unconfirmed(made: Assignment) -> Json:
    """Return what the first call with a record meets, by the item's key."""
    found = {item.key: item.unconfirmed for item in made.passed_on if item.unconfirmed}
    return {"unconfirmed": found} if found else {}

"""What has to be done at a point: the fate of each item, and what the axes make of the core."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pilotbench.benchmark.scenarios.core import RESTS, Core
from pilotbench.benchmark.scenarios.point import Point
from pilotbench.benchmark.scenarios.policy.house import House, Work, house_rules
from pilotbench.benchmark.scenarios.targets import Target

Json = dict[str, Any]

MIXED = 0.15
"""The share of instances that are impossible or forbidden where a point mixes them."""
WITHDRAWABLE = ("post", "push", "notify")
IMPOSSIBLE = ("no_limit", "no_access", "no_list", "no_target", "no_tool")
"""Why a task is impossible: each is found out before anything has been passed on."""
REMEMBERED = 0.6
"""The share of requests that mention what no longer holds: a limit, and a place."""
UNCONFIRMED = 0.4
"""The share of calls that are not confirmed where time-outs may have been carried out."""
LEAST_UNCONFIRMED = 3
"""How many of them there are at least, where so many records are passed on: too many to guess."""


@dataclass(frozen=True)
class Item:
    """An item and where its record has to go; without a target nothing may happen to it.

    `fate`: act, rest, desk, hold, or left (nothing is asked for it). `unconfirmed`: what the first
    call with its record meets, `done` or `not_done`; empty where it is confirmed.
    """

    key: str
    record: Json
    fate: str
    target: Target | None
    unconfirmed: str = ""

    @property
    def is_chained(self) -> bool:
        """Whether its receipt number is quoted where the work is chained: not that of a desk."""
        return self.fate in ("act", "rest")


@dataclass(frozen=True)
class Assignment:
    """A core at a point. `core` has what the axes changed; `limit` is the one that holds.

    `stated` is the limit that the request, its note or its author when asked gives first.
    `impossible` is the reason (IMPOSSIBLE), `house` the house rules if there are any. `was_limit`
    and `was_place` are a limit and a target that the request mentions and that no longer hold.
    """

    core: Core
    point: Point
    stated: int
    limit: int
    act: Target
    rest: Target | None
    desk: Target
    items: tuple[Item, ...]
    house: House | None
    impossible: str = ""
    was_limit: int | None = None
    was_place: Target | None = None

    @property
    def is_forbidden(self) -> bool:
        """Whether the house rules forbid the whole request."""
        return self.house is not None and self.house.forbidden

    @property
    def word(self) -> str | None:
        """The answer of a task that must be left alone, None of one that can be done."""
        if self.impossible:
            return "IMPOSSIBLE"
        return "FORBIDDEN" if self.is_forbidden else None

    @property
    def passed_on(self) -> tuple[Item, ...]:
        """The items whose records are passed on, in the order of the list."""
        return () if self.word else tuple(item for item in self.items if item.target is not None)


def assignment(core: Core, point: Point) -> Assignment:
    """Return what has to be done for a core at a point."""
    end = _end(core, point)
    impossible = _impossible(core, point) if end == "impossible" else ""
    core = _fitted(core, point, impossible)
    records = core.records(point.items)
    limit = core.other_limit if point.speaker == "changes" else core.limit
    house = _house(core, point, records, limit, end == "forbidden")
    held = limit if house is None else house.limit
    made = Assignment(
        core=core,
        point=point,
        stated=core.limit,
        limit=held,
        act=_act(core, point),
        rest=None if core.rest == "none" else Target(core.rest, core.names.rest[core.rest]),
        desk=Target("notify", core.names.desk),
        items=(),
        house=house,
        impossible=impossible,
        was_limit=_was_limit(core, point),
        was_place=_was_place(core, point, impossible),
    )
    fates = (
        house.rulings
        if house
        else ["act" if core.counts(record, held) else "rest" for record in records]
    )
    items = [_item(made, record, fate) for record, fate in zip(records, fates, strict=True)]
    return replace(made, items=tuple(_unconfirmed(core, point, items)))


def _end(core: Core, point: Point) -> str:
    if point.end != "mixed":
        return point.end
    draw = core.random("end")
    if not draw.chance(MIXED):
        return "possible"
    return "forbidden" if point.rules and draw.chance(0.5) else "impossible"


def _impossible(core: Core, point: Point) -> str:
    """Return a reason. House rules may state a limit, and let some records go elsewhere first."""
    unfit = {"no_limit", "no_target"} if point.rules else set()
    if core.listing != "table":
        unfit.add("no_access")
    if core.act in ("file", "schedule"):
        unfit.add("no_target")
    if not _some_count(core, point):
        unfit |= {"no_target", "no_tool"}
    return core.random("impossible").pick([one for one in IMPOSSIBLE if one not in unfit])


def _fitted(core: Core, point: Point, impossible: str) -> Core:
    """Return the core with what the axes need: details at a URL, say, so that they can be down."""
    if set(point.recovery) & {"down", "partial"}:
        core = replace(core, detail="url")
    if set(point.recovery) & {"committed", "undo"} and core.act not in WITHDRAWABLE:
        core = replace(core, act=core.random("withdrawable").pick(WITHDRAWABLE))
    if impossible == "no_limit":
        core = replace(core, is_noted=True)
    if impossible in ("no_target", "no_tool"):
        core = replace(core, rest="none")
    elif core.rest == "none" and not _some_count(core, point):
        core = replace(core, rest=core.random("rest").pick(RESTS[1:]))
    return core


def _some_count(core: Core, point: Point) -> bool:
    """Return whether an item counts by its amount: with a single one, perhaps not."""
    return any(core.counts(record, core.limit) for record in core.records(point.items))


def _act(core: Core, point: Point) -> Target:
    if "named" in point.observation:
        return Target("role", core.names.act["notify"], core.names.role)
    return Target(core.act, core.names.act[core.act])


def _was_limit(core: Core, point: Point) -> int | None:
    """Return the limit of the past, None where a later message says the limit that holds."""
    is_said = core.random("was", "limit").chance(REMEMBERED)
    return core.other_limit if is_said and point.speaker not in ("changes", "asked") else None


def _was_place(core: Core, point: Point, impossible: str) -> Target | None:
    """Return a place of the past like that of the items that count, if there is one of its kind."""
    is_said = core.random("was", "place").chance(REMEMBERED)
    has_other = "named" in point.observation or impossible == "no_tool"
    if not is_said or has_other or point.speaker == "completes":
        return None
    return Target(core.act, core.names.was[core.act])


def _house(
    core: Core, point: Point, records: tuple[Json, ...], limit: int, is_forbidden: bool
) -> House | None:
    if not point.rules:
        return None
    today = f"2031-{core.random('today').whole(1, 12):02d}-15"
    work = Work(core.subject, records, core.over, limit, today, core.names.desk)
    return house_rules(core.random("house", point.rules), work, point.rules, is_forbidden)


def _item(made: Assignment, record: Json, fate: str) -> Item:
    targets = {"act": made.act, "rest": made.rest, "desk": made.desk}
    key = record[made.core.subject.key]
    if fate == "rest" and made.rest is None:
        fate = "left"
    return Item(key, record, fate, targets.get(fate))


def _unconfirmed(core: Core, point: Point, items: list[Item]) -> list[Item]:
    """Return the items with the calls that are not confirmed.

    Any set of them but the empty one may have been carried out, each as likely as another: nothing
    but a look tells which.
    """
    if "committed" not in point.recovery:
        return items
    draw = core.random("unconfirmed")
    places = draw.mixed([place for place, item in enumerate(items) if item.target is not None])
    met = [place for place in places[LEAST_UNCONFIRMED:] if draw.chance(UNCONFIRMED)]
    met += places[:LEAST_UNCONFIRMED]
    done = draw.whole(1, 2 ** len(met) - 1) if met else 0
    kinds = {place: "done" if done >> bit & 1 else "not_done" for bit, place in enumerate(met)}
    return [replace(item, unconfirmed=kinds.get(place, "")) for place, item in enumerate(items)]

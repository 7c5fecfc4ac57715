"""What the request of an assignment says, and what a second speaker says: lists of clauses."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scenarios.amendments import amended
from pilotbench.benchmark.scenarios.goals import answer_kind
from pilotbench.benchmark.scenarios.targets import KEY, Target
from pilotbench.benchmark.scenarios.terms.clauses import Clause
from pilotbench.benchmark.scenarios.work import Assignment
from pilotbench.benchmark.scenarios.worlds import detail_of

Json = dict[str, Any]

PURPOSE = 0.5
"""The share of requests that say why."""
_SLOTS = {
    "post": "url",
    "push": "queue",
    "notify": "person",
    "file": "path",
    "schedule": "job",
}


def request_of(made: Assignment, mistake: int | None) -> list[Clause]:
    """Return the clauses of the request; `mistake` is the receipt number of a wrong entry."""
    draw = made.core.random("clauses")
    found = [_clause(made, "purpose")] if draw.chance(PURPOSE) else []
    found += [*_listed(made), _clause(made, "named_by", key=made.core.subject.key)]
    found += _detailed(made)
    found += _decided(made)
    found += targets_of(made) if made.point.speaker != "completes" else [_clause(made, "pending")]
    if made.was_place is not None:
        found.append(_clause(made, "was_place", place=_shown(made, made.was_place)))
    if made.rest is None and draw.chance(0.5) and made.point.speaker != "completes":
        found.append(_clause(made, "rest_none"))
    if made.core.is_chained:
        found.append(_clause(made, "chain"))
    found.append(_answer(made))
    if made.house is not None:
        found.append(_clause(made, "rules_note", topic=made.core.names.house))
    if mistake is not None:
        found.append(_clause(made, "undo", target=made.act.name, receipt=mistake))
    return amended(found, lambda topic: made.core.random("amended", topic))


def targets_of(made: Assignment) -> list[Clause]:
    """Return the clauses that say where records go."""
    found = [_act(made)]
    if made.rest is not None:
        slot = {_SLOTS[made.rest.kind]: made.rest.name}
        found.append(_clause(made, f"rest_{made.rest.kind}", **slot))
    return found


def said_later(made: Assignment) -> list[Clause]:
    """Return the clauses of the second speaker, none where nobody speaks."""
    speaker = made.point.speaker
    if speaker == "completes":
        return targets_of(made)
    if speaker == "changes":
        return [_clause(made, "change_limit", limit=made.limit)]
    return [_clause(made, "limit_value", limit=made.limit)] if speaker == "asked" else []


def _clause(made: Assignment, kind: str, **slots: Any) -> Clause:
    return Clause(kind, made.core.subject.name, tuple(slots.items()))


def _listed(made: Assignment) -> list[Clause]:
    core, names = made.core, made.core.names
    if core.listing == "table":
        signed = _clause(made, "sign_in", service=names.database, credential=names.credential)
        return [
            _clause(made, "list_table", table=names.table, database=names.database),
            signed,
        ]
    slot = {"folder": names.folder, "queue": names.queue, "service": names.service}[core.listing]
    return [_clause(made, f"list_{core.listing}", **{core.listing: slot})]


def _detailed(made: Assignment) -> list[Clause]:
    core, item = made.core, made.items[0]
    _, name = detail_of(made, item)
    shown = name.replace(item.key, f"<{core.subject.key}>")
    slots = {
        "url": {"url": shown},
        "reference": {"field": "reference"},
        "file": {"path": shown},
        "cache": {"cache_key": shown},
    }
    found = [_clause(made, f"detail_{core.detail}", **slots[core.detail])]
    if "down" in made.point.recovery:
        _, mirror = detail_of(made, item, mirror=True)
        mirrored = mirror.replace(item.key, f"<{core.subject.key}>")
        found.append(_clause(made, "fallback", url=shown, mirror=mirrored))
    if "joined" in made.point.observation:
        of = {"field": core.subject.amount, "key": core.subject.key}
        found.append(_clause(made, "join_table", table=core.names.joined, **of))
    return found


def _decided(made: Assignment) -> list[Clause]:
    core = made.core
    if made.point.speaker == "asked":
        limit = _clause(made, "ask_me")
    elif core.is_noted:
        limit = _clause(made, "limit_note", topic=core.names.note, field="limit")
    else:
        limit = _clause(made, "limit_value", limit=made.stated)
    way = "over" if core.over else "under"
    decided = [limit, _clause(made, f"decide_{way}", field=core.subject.amount)]
    if made.was_limit is not None:
        decided.append(_clause(made, "was_limit", limit=made.was_limit))
    return decided


def _act(made: Assignment) -> Clause:
    if made.impossible == "no_tool":
        return _clause(made, "act_phone")
    if made.act.role:
        return _clause(made, "act_role", role=made.act.role)
    shown = _shown(made, made.act)
    more = {"field": "slot"} if made.act.kind == "schedule" else {}
    return _clause(made, f"act_{made.act.kind}", **{_SLOTS[made.act.kind]: shown}, **more)


def _shown(made: Assignment, target: Target) -> str:
    return target.name.replace(KEY, f"<{made.core.subject.key}>")


def _answer(made: Assignment) -> Clause:
    subject, kind = made.core.subject, answer_kind(made)
    slots: dict[str, Json] = {
        "total": {"field": subject.amount},
        "receipt": {},
    }
    extreme = {"key": subject.key, "field": subject.amount}
    return _clause(made, f"answer_{kind}", **slots.get(kind, extreme))

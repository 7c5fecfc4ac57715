"""The five tools that join systems."""

from __future__ import annotations

import re
from typing import Any

from pilotbench.benchmark.world.network import signed_in
from pilotbench.benchmark.world.objects import derived, from_entry, shown, to_entry
from pilotbench.benchmark.world.state import World
from pilotbench.benchmark.world.tool import (
    HANDLE,
    INLINE,
    Change,
    Tool,
    ToolFailure,
    ToolOutcome,
    one_of,
    schema,
    text,
)

Json = dict[str, Any]

_TIME = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]) ([01]\d|2[0-3]):[0-5]\d")


def _authenticator(world: World, service: str, credential: str) -> ToolOutcome:
    wanted = world.get("services", service)["credential"]
    if credential != wanted:
        raise ToolFailure(
            "bad_credential",
            f"{service} does not know this credential",
            missing=f"credential:{credential}"[:200],
        )
    return ToolOutcome(
        {"service": service, "session": world.receipt("session", service)},
        changes=(Change("signed_in", service, True),),
        meets=(f"signed_in:{service}",),
    )


def _mapper(world: World, data: str, mapping: str) -> ToolOutcome:
    names: dict[str, str] = world.get("mappings", mapping)
    source = world.table(data)
    rows = [
        {names.get(column, column): value for column, value in row.items()} for row in source.value
    ]
    made = derived("map", "table", rows, [source], names)
    return ToolOutcome(shown(made), made)


def _connector(world: World, database: str, table: str) -> ToolOutcome:
    known: Json = world.get("databases", database)
    signed_in(world, known.get("service"))
    if table not in known["tables"]:
        raise ToolFailure(
            "not_found", f"{database} has no table {table!r}"[:200], missing=f"table:{table}"
        )
    data = from_entry(known["tables"][table], f"database:{database}/{table}")
    return ToolOutcome(shown(data), data)


def _scheduler(
    world: World, job: str, at: str, data: str | None = None, text: str | None = None
) -> ToolOutcome:
    content = world.content(data, text)
    if not _TIME.fullmatch(at):
        raise ToolFailure("bad_time", "at must be YYYY-MM-DD HH:MM", violation="bad time")
    if job in world.sections["schedule"]:
        raise ToolFailure(
            "exists", f"job {job!r} is scheduled already"[:200], violation="job exists"
        )
    receipt = world.receipt(f"job:{job}@{at}", content.content)
    entry = {**to_entry(content), "at": at}
    return ToolOutcome(
        {"job": job, "at": at, "receipt": receipt}, changes=(Change("schedule", job, entry),)
    )


def _queue(
    world: World, queue: str, action: str, data: str | None = None, text: str | None = None
) -> ToolOutcome:
    waiting = world.get("queues", queue)
    if action == "pull":
        if not waiting:
            raise ToolFailure("empty", f"queue {queue} is empty", missing=f"message:{queue}")
        message = from_entry(waiting[0], f"queue:{queue}")
        return ToolOutcome(
            {**shown(message), "left": len(waiting) - 1},
            message,
            (Change("queues", queue, waiting[1:]),),
        )
    content = world.content(data, text)
    receipt = world.receipt(f"queue:{queue}", content.content)
    return ToolOutcome(
        {"queue": queue, "receipt": receipt},
        changes=(Change("queues", queue, [*waiting, to_entry(content)]),),
    )


TOOLS = (
    Tool(
        "integration_authenticator",
        "Sign in to a service or database with a credential.",
        schema(("service", "credential"), service=text(), credential=text()),
        _authenticator,
        ("not_found", "bad_credential"),
        "session number",
        keywords="authenticate login log in signed clients access answers only",
    ),
    Tool(
        "integration_mapper",
        "Rename the columns of rows by a stored mapping.",
        schema(("data", "mapping"), data=HANDLE, mapping=text()),
        _mapper,
        ("not_found", "wrong_kind"),
        "handle and first rows",
        requires="rows",
        keywords="names fields headings mapping column translate schema",
    ),
    Tool(
        "integration_connector",
        "Get a table from a database.",
        schema(("database", "table"), database=text(), table=text()),
        _connector,
        ("not_found", "not_signed_in"),
        "handle and first rows",
        requires="sign-in where the database needs one",
        keywords="connect query sql records rows in of",
    ),
    Tool(
        "integration_scheduler",
        "Schedule a job with data.",
        schema(
            ("job", "at"),
            job=text(),
            at=text("YYYY-MM-DD HH:MM"),
            data=HANDLE,
            text=INLINE,
        ),
        _scheduler,
        ("not_found", "exists", "bad_time"),
        "receipt number",
        keywords="plan run later at time date due planned",
    ),
    Tool(
        "integration_queue",
        "Push data to a queue or pull its first message.",
        schema(
            ("queue", "action"),
            queue=text(),
            action=one_of("push", "pull"),
            data=HANDLE,
            text=INLINE,
        ),
        _queue,
        ("not_found", "empty"),
        "receipt number, or the message's handle",
        keywords="message oldest waiting take end up enqueue",
    ),
)
